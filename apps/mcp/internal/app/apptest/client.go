package apptest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// The protocol versions that Client speaks.
const (
	Modern = "2026-07-28"
	Legacy = "2025-11-25"
)

// ID is the id of every JSON-RPC request of a Client: principals are not told apart by it.
const ID = 7

// Client presents one token.
type Client struct {
	// URL is that of the MCP endpoint.
	URL       string
	Token     string
	Transport http.RoundTripper
}

// As is c with another token.
func (c Client) As(token string) Client {
	c.Token = token
	return c
}

// Direct lets h answer in process. A streaming answer is there when it has ended.
func Direct(h http.Handler) http.RoundTripper { return direct{h} }

type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

// Answer is all that came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Do sends a request; header may hold further fields.
func (c Client) Do(tb testing.TB, method, body string, header map[string]string) Answer {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), method, c.URL, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := c.Transport.RoundTrip(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return Answer{res.StatusCode, res.Header, string(data)}
}

// Call sends a request of 2025-11-25 within session, which may be empty.
func (c Client) Call(tb testing.TB, session, method, params string) Answer {
	tb.Helper()
	return c.Do(tb, http.MethodPost, message(method, params), legacyHeader(session))
}

// Notify sends a notification of 2025-11-25 within session.
func (c Client) Notify(tb testing.TB, session, method, params string) Answer {
	tb.Helper()
	body := `{"jsonrpc":"2.0","method":"` + method + `","params":` + params + `}`
	return c.Do(tb, http.MethodPost, body, legacyHeader(session))
}

// Delete ends a session.
func (c Client) Delete(tb testing.TB, session string) Answer {
	tb.Helper()
	return c.Do(tb, http.MethodDelete, "", legacyHeader(session))
}

// Initialize sends `initialize` and presents session, when it is not empty.
func (c Client) Initialize(tb testing.TB, session, client string) Answer {
	tb.Helper()
	return c.Call(tb, session, "initialize", `{"protocolVersion":"`+Legacy+`","capabilities":{},`+
		`"clientInfo":{"name":`+strconv.Quote(client)+`,"version":"1"}}`)
}

// Open opens a session of 2025-11-25 and confirms it.
func (c Client) Open(tb testing.TB, client string) (session string) {
	tb.Helper()
	a := c.Initialize(tb, "", client)
	session = a.Header.Get("Mcp-Session-Id")
	if a.Status != http.StatusOK || session == "" {
		tb.Fatalf("initialize: %d %s", a.Status, a.Body)
	}
	if a := c.Notify(tb, session, "notifications/initialized", "{}"); a.Status != http.StatusAccepted {
		tb.Fatalf("notifications/initialized: %d %s", a.Status, a.Body)
	}
	return session
}

// Tool calls a tool in 2025-11-25.
func (c Client) Tool(tb testing.TB, session, name, arguments string) Answer {
	tb.Helper()
	return c.Call(tb, session, "tools/call", `{"name":"`+name+`","arguments":`+arguments+`}`)
}

// CallModern sends a request of 2026-07-28. name is what Mcp-Name mirrors, if anything;
// members are those of params beside _meta, and may be empty.
func (c Client) CallModern(tb testing.TB, method, name, members string) Answer {
	tb.Helper()
	params := `"_meta":{"io.modelcontextprotocol/protocolVersion":"` + Modern + `",` +
		`"io.modelcontextprotocol/clientCapabilities":{"elicitation":{}},"progressToken":"p"}`
	if members != "" {
		params = members + "," + params
	}
	header := map[string]string{"Mcp-Protocol-Version": Modern, "Mcp-Method": method}
	if name != "" {
		header["Mcp-Name"] = name
	}
	return c.Do(tb, http.MethodPost, message(method, "{"+params+"}"), header)
}

// ToolModern calls a tool in 2026-07-28; more are members of params beside name and
// arguments.
func (c Client) ToolModern(tb testing.TB, name, arguments string, more ...string) Answer {
	tb.Helper()
	members := append([]string{`"name":"` + name + `"`, `"arguments":` + arguments}, more...)
	return c.CallModern(tb, "tools/call", name, strings.Join(members, ","))
}

// Confirmed are the params with which a client brings back state and the user's consent.
func Confirmed(state string) (more []string) {
	return []string{
		`"requestState":"` + state + `"`,
		`"inputResponses":{"confirm":{"action":"accept","content":{"confirm":true}}}`,
	}
}

func message(method, params string) string {
	return `{"jsonrpc":"2.0","id":` + strconv.Itoa(ID) + `,"method":"` + method + `","params":` + params + `}`
}

func legacyHeader(session string) map[string]string {
	header := map[string]string{"Mcp-Protocol-Version": Legacy}
	if session != "" {
		header["Mcp-Session-Id"] = session
	}
	return header
}

// Response is a JSON-RPC response, of the parts that tests look at.
type Response struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result struct {
		IsError           bool            `json:"isError"`
		StructuredContent json.RawMessage `json:"structuredContent"`
		RequestState      string          `json:"requestState"`
		Content           []struct {
			Text string `json:"text"`
		} `json:"content"`
	} `json:"result"`
	Error *struct {
		Code    int64  `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// Messages are the JSON-RPC messages of the answer, in JSON or as events.
func (a Answer) Messages(tb testing.TB) []Response {
	tb.Helper()
	raw := []string{a.Body}
	if strings.HasPrefix(a.Header.Get("Content-Type"), "text/event-stream") {
		raw = nil
		for line := range strings.Lines(a.Body) {
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				raw = append(raw, data)
			}
		}
	}
	messages := make([]Response, len(raw))
	for i, data := range raw {
		if err := json.Unmarshal([]byte(data), &messages[i]); err != nil {
			tb.Fatalf("%d is not JSON-RPC: %v: %s", a.Status, err, a.Body)
		}
	}
	return messages
}

// Response is the last message.
func (a Answer) Response(tb testing.TB) Response {
	tb.Helper()
	messages := a.Messages(tb)
	return messages[len(messages)-1]
}

// Text is the text of a tool's result, good or bad; the test fails when there is none.
func (a Answer) Text(tb testing.TB) (text string, isError bool) {
	tb.Helper()
	r := a.Response(tb)
	if a.Status != http.StatusOK || r.Error != nil || len(r.Result.Content) == 0 {
		tb.Fatalf("no result of a tool: %d %s", a.Status, a.Body)
	}
	return r.Result.Content[0].Text, r.Result.IsError
}

// Decode reads the result of a tool that succeeded into out.
func (a Answer) Decode(tb testing.TB, out any) {
	tb.Helper()
	text, isError := a.Text(tb)
	if isError {
		tb.Fatalf("the tool failed: %s", text)
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		tb.Fatal(err)
	}
}

// Member is one member of the result of a tool that succeeded, as text.
func (a Answer) Member(tb testing.TB, name string) string {
	tb.Helper()
	var all map[string]any
	a.Decode(tb, &all)
	s, ok := all[name].(string)
	if !ok {
		tb.Fatalf("the result has no text %q: %s", name, a.Body)
	}
	return s
}
