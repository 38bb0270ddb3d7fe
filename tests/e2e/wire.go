package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const (
	modern = "2026-07-28"
	legacy = "2025-11-25"
)

// caller is somebody with a token, or nobody without.
type caller struct{ url, token string }

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

func (c caller) send(ctx context.Context, method, url, body string, header map[string]string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept", "application/json, text/event-stream")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(data)}, err
}

// get is a request of a browser or a monitor: without a token.
func get(ctx context.Context, url string) (answer, error) {
	return caller{}.send(ctx, http.MethodGet, url, "", nil)
}

// modern sends a request of 2026-07-28. params and more are members of JSON objects.
func (c caller) modern(ctx context.Context, method, name, params string) (answer, error) {
	header := map[string]string{"Mcp-Protocol-Version": modern, "Mcp-Method": method}
	if name != "" {
		header["Mcp-Name"] = name
	}
	return c.send(ctx, http.MethodPost, c.url, `{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":{`+params+
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"`+modern+`","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}}}`, header)
}

// result is the parts of a tool's result that are looked at.
type result struct {
	IsError           bool           `json:"isError"`
	RequestState      string         `json:"requestState"`
	StructuredContent map[string]any `json:"structuredContent"`
}

// text is a member of the result; empty when it has none.
func (r result) text(member string) string {
	s, _ := r.StructuredContent[member].(string)
	return s
}

// tool calls a tool in 2026-07-28, without a session.
func (c caller) tool(ctx context.Context, name, arguments string, more ...string) (result, error) {
	params := `"name":"` + name + `","arguments":` + arguments + `,`
	for _, member := range more {
		params += member + ","
	}
	a, err := c.modern(ctx, "tools/call", name, params)
	if err != nil {
		return result{}, err
	}
	return a.result(name)
}

func (a answer) result(name string) (result, error) {
	var message struct{ Result *result }
	if err := json.Unmarshal([]byte(a.body), &message); err != nil || a.status != http.StatusOK || message.Result == nil {
		return result{}, fmt.Errorf("%s has no result: %s", name, a)
	}
	if message.Result.IsError {
		return *message.Result, fmt.Errorf("%s: %s", name, a.body)
	}
	return *message.Result, nil
}

// old sends a message of 2025-11-25 within a session, which is none when empty. message
// lacks the member jsonrpc.
func (c caller) old(ctx context.Context, session, message string) (answer, error) {
	header := map[string]string{"Mcp-Protocol-Version": legacy}
	if session != "" {
		header["Mcp-Session-Id"] = session
	}
	return c.send(ctx, http.MethodPost, c.url, `{"jsonrpc":"2.0",`+message+`}`, header)
}

// oldTool calls a tool in 2025-11-25.
func (c caller) oldTool(ctx context.Context, session, name, arguments string) (answer, error) {
	return c.old(ctx, session, `"id":1,"method":"tools/call","params":{"name":"`+name+`","arguments":`+arguments+`}`)
}

// open begins a session of 2025-11-25.
func (c caller) open(ctx context.Context) (session string, err error) {
	a, err := c.old(ctx, "", `"id":1,"method":"initialize","params":{"protocolVersion":"`+legacy+
		`","capabilities":{},"clientInfo":{"name":"e2e","version":"1"}}`)
	if err != nil {
		return "", err
	}
	session = a.header.Get("Mcp-Session-Id")
	if a.status != http.StatusOK || session == "" {
		return "", fmt.Errorf("initialize: %s", a)
	}
	if a, err = c.old(ctx, session, `"method":"notifications/initialized"`); err == nil && a.status != http.StatusAccepted {
		err = fmt.Errorf("notifications/initialized: %s", a)
	}
	return session, err
}

// end ends a session of 2025-11-25.
func (c caller) end(ctx context.Context, session string) (answer, error) {
	return c.send(ctx, http.MethodDelete, c.url, "", map[string]string{"Mcp-Session-Id": session})
}
