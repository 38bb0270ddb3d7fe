package pages

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxShown is how many bytes of a body are shown.
const maxShown = 64 << 10

// elided stands for what must not be read over somebody's shoulder, or from a screenshot.
const elided = "(elided)"

// recorder keeps what a handler answers.
type recorder struct {
	header http.Header
	sent   http.Header // as it was when the answer began
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *recorder) Write(data []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(data)
}

func (w *recorder) answer() answer {
	w.WriteHeader(http.StatusOK)
	a := answer{status: w.status, header: w.sent, body: w.body.String()}
	messages := a.messages()
	if len(messages) > 0 {
		// What is not JSON-RPC leaves rpc empty, and is shown as it is.
		_ = json.Unmarshal([]byte(messages[len(messages)-1]), &a.rpc)
	}
	return a
}

// answer is what the endpoint answered, and rpc the JSON-RPC response in it. Without a
// status it was not asked, and body says why.
type answer struct {
	status int
	header http.Header
	body   string
	rpc    response
}

// response is a JSON-RPC response, or the body of a refusal of OAuth (RFC 6750).
type response struct {
	Result result         `json:"result"`
	Error  jsontext.Value `json:"error"` // an object in JSON-RPC, a word in OAuth
	Scope  string         `json:"scope"`
}

type result struct {
	Type       string         `json:"resultType"`
	IsError    bool           `json:"isError"`
	Structured jsontext.Value `json:"structuredContent"`
	Content    []struct {
		Text string `json:"text"`
	} `json:"content"`
	Tools     []toolInfo     `json:"tools"`
	State     string         `json:"requestState"`
	Questions jsontext.Value `json:"inputRequests"`
}

// toolInfo is a tool as the listing has it.
type toolInfo struct {
	Name        string         `json:"name"`
	Title       string         `json:"title"`
	Description string         `json:"description"`
	Schema      jsontext.Value `json:"inputSchema"`
	Annotations struct {
		ReadOnly    bool `json:"readOnlyHint"`
		Destructive bool `json:"destructiveHint"`
	} `json:"annotations"`
}

// messages are the JSON texts of a body: itself, or those of its events.
func (a answer) messages() []string {
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/event-stream") {
		return []string{a.body}
	}
	var all []string
	for line := range strings.Lines(a.body) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			all = append(all, data)
		}
	}
	return all
}

// outcome is an answer in a few words.
type outcome struct {
	// Mood is good, bad or asks.
	Mood        string
	Title, Text string
	// Output is what the tool returned.
	Output string
}

func (a answer) outcome() outcome {
	r := a.rpc.Result
	switch {
	case a.status == 0:
		return outcome{Mood: "bad", Title: "Nothing was sent", Text: a.body}
	case a.rpc.Error.Kind() == '{':
		var e struct {
			Code    int64  `json:"code"`
			Message string `json:"message"`
		}
		_ = json.Unmarshal(a.rpc.Error, &e) // what is missing is shown as empty; the body follows
		return outcome{Mood: "bad", Title: fmt.Sprintf("JSON-RPC error %d", e.Code), Text: e.Message}
	case a.status == http.StatusForbidden && a.rpc.Scope != "":
		return outcome{
			Mood: "bad", Title: "403 Forbidden: one more scope is needed",
			Text: "You are signed in without the scope " + a.rpc.Scope + ". A client would now ask you for it.",
		}
	case a.status != http.StatusOK:
		return outcome{Mood: "bad", Title: fmt.Sprintf("HTTP %d %s", a.status, http.StatusText(a.status)), Text: "The response below says more."}
	case r.IsError:
		return outcome{Mood: "bad", Title: "The tool reports an error", Text: r.text()}
	case r.Type == "input_required":
		return outcome{Mood: "asks", Title: "The tool has a question"}
	case r.Structured != nil:
		return outcome{Mood: "good", Title: "Result", Output: pretty(string(r.Structured))}
	}
	return outcome{Mood: "good", Title: "Result", Output: r.text()}
}

// text is all text of a result.
func (r result) text() string {
	lines := make([]string, 0, len(r.Content))
	for _, c := range r.Content {
		lines = append(lines, c.Text)
	}
	return strings.Join(lines, "\n")
}

// exchange is one request and its response, for people.
type exchange struct {
	// Title is the method of the JSON-RPC message, else that of HTTP.
	Title             string
	Request, Response half
	// Open is false for what is of less interest: the frame around a call.
	Open bool
}

type half struct {
	Line   string
	Header [][2]string
	Body   string
}

func newExchange(title string, r *http.Request, header [][2]string, body []byte, a answer) exchange {
	if title == "" {
		title = r.Method
	}
	request := half{Line: r.Method + " " + r.URL.String(), Body: pretty(string(body))}
	for _, h := range header {
		request.Header = append(request.Header, [2]string{h[0], elide(h[0], h[1])})
	}
	response := half{Line: fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))}
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		for _, value := range a.header[name] {
			response.Header = append(response.Header, [2]string{name, elide(name, value)})
		}
	}
	bodies := a.messages()
	for i := range bodies {
		bodies[i] = pretty(bodies[i])
	}
	response.Body = strings.Join(bodies, "\n\n")
	return exchange{Title: title, Request: request, Response: response, Open: title == "tools/call" || a.status >= http.StatusBadRequest}
}

func elide(name, value string) string {
	switch name {
	case "Authorization":
		return "Bearer " + elided
	case sessionHeader:
		return elided
	}
	return value
}

// pretty indents JSON and leaves everything else, what is in its strings and numbers
// included, as it is.
func pretty(body string) string {
	value := jsontext.Value(body)
	if err := value.Indent(jsontext.WithIndent("  ")); err != nil {
		value = jsontext.Value(body)
	}
	if len(value) > maxShown {
		return string(value[:maxShown]) + "\n… and more"
	}
	return string(value)
}
