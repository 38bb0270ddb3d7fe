// Package wire speaks MCP over HTTP as it stands in the specification, without a client library: what
// is sent can be wrong on purpose, and what comes back is seen as it came.
package wire

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// The protocol versions that are spoken: the one without sessions, and the last with them.
const (
	Modern = "2026-07-28"
	Legacy = "2025-11-25"
)

// Caller is somebody with a token, or nobody without.
type Caller struct {
	URL   string // of the MCP endpoint
	Token string
	// HTTP is http.DefaultClient when nil.
	HTTP *http.Client
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// String is the status and the body.
func (a Answer) String() string { return fmt.Sprintf("%d %s", a.Status, a.Body) }

// Send sends a request with the token; header wins over what every request of a client has.
func (c Caller) Send(ctx context.Context, method, url, body string, header map[string]string) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept", "application/json, text/event-stream")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := cmp.Or(c.HTTP, http.DefaultClient).Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	return Answer{res.StatusCode, res.Header, string(data)}, err
}

// Get is a request of a browser or a monitor.
func (c Caller) Get(ctx context.Context, url string) (Answer, error) {
	return c.Send(ctx, http.MethodGet, url, "", nil)
}

// Modern sends a request of 2026-07-28. params and more are members of JSON objects.
func (c Caller) Modern(ctx context.Context, method, name, params string) (Answer, error) {
	header := map[string]string{"Mcp-Protocol-Version": Modern, "Mcp-Method": method}
	if name != "" {
		header["Mcp-Name"] = name
	}
	return c.Send(ctx, http.MethodPost, c.URL, `{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":{`+params+
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"`+Modern+`","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}}}`, header)
}

// Result is the parts of a tool's result that are looked at.
type Result struct {
	IsError           bool           `json:"isError"`
	RequestState      string         `json:"requestState"`
	StructuredContent map[string]any `json:"structuredContent"`
}

// Text is a member of the result; empty when it has none.
func (r Result) Text(member string) string {
	s, _ := r.StructuredContent[member].(string)
	return s
}

// Tool calls a tool in 2026-07-28, without a session.
func (c Caller) Tool(ctx context.Context, name, arguments string, more ...string) (Result, error) {
	params := `"name":"` + name + `","arguments":` + arguments + `,`
	for _, member := range more {
		params += member + ","
	}
	a, err := c.Modern(ctx, "tools/call", name, params)
	if err != nil {
		return Result{}, err
	}
	return a.Result(name)
}

// Result is that of a tool; an error when there is none, or when the tool failed.
func (a Answer) Result(name string) (Result, error) {
	var message struct{ Result *Result }
	if err := json.Unmarshal([]byte(a.Body), &message); err != nil || a.Status != http.StatusOK || message.Result == nil {
		return Result{}, fmt.Errorf("%s has no result: %s", name, a)
	}
	if message.Result.IsError {
		return *message.Result, fmt.Errorf("%s: %s", name, a.Body)
	}
	return *message.Result, nil
}

// Old sends a message of 2025-11-25 within a session, which is none when empty. message
// lacks the member jsonrpc.
func (c Caller) Old(ctx context.Context, session, message string) (Answer, error) {
	header := map[string]string{"Mcp-Protocol-Version": Legacy}
	if session != "" {
		header["Mcp-Session-Id"] = session
	}
	return c.Send(ctx, http.MethodPost, c.URL, `{"jsonrpc":"2.0",`+message+`}`, header)
}

// OldTool calls a tool in 2025-11-25.
func (c Caller) OldTool(ctx context.Context, session, name, arguments string) (Answer, error) {
	return c.Old(ctx, session, `"id":1,"method":"tools/call","params":{"name":"`+name+`","arguments":`+arguments+`}`)
}

// Open begins a session of 2025-11-25.
func (c Caller) Open(ctx context.Context) (session string, err error) {
	a, err := c.Old(ctx, "", `"id":1,"method":"initialize","params":{"protocolVersion":"`+Legacy+
		`","capabilities":{},"clientInfo":{"name":"wire","version":"1"}}`)
	if err != nil {
		return "", err
	}
	session = a.Header.Get("Mcp-Session-Id")
	if a.Status != http.StatusOK || session == "" {
		return "", fmt.Errorf("initialize: %s", a)
	}
	if a, err = c.Old(ctx, session, `"method":"notifications/initialized"`); err == nil && a.Status != http.StatusAccepted {
		err = fmt.Errorf("notifications/initialized: %s", a)
	}
	return session, err
}

// End ends a session of 2025-11-25.
func (c Caller) End(ctx context.Context, session string) (Answer, error) {
	return c.Send(ctx, http.MethodDelete, c.URL, "", map[string]string{"Mcp-Session-Id": session})
}
