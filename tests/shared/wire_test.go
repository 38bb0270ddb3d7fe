package shared

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

const (
	modern = "2026-07-28"
	legacy = "2025-11-25"
)

// caller is somebody's token.
type caller struct{ token string }

// answer is what a server said; Text is that of a tool's result.
type answer struct {
	status    int
	sessionID string
	body      string
}

func (c caller) send(t testing.TB, method, url, body string, header map[string]string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header.Get("Mcp-Session-Id"), string(data)}
}

// old sends a message of 2025-11-25 within session; message lacks the member jsonrpc only.
func (c caller) old(t testing.TB, url, session, message string) answer {
	t.Helper()
	header := map[string]string{"Mcp-Protocol-Version": legacy}
	if session != "" {
		header["Mcp-Session-Id"] = session
	}
	return c.send(t, http.MethodPost, url, `{"jsonrpc":"2.0",`+message+`}`, header)
}

// open begins a session of 2025-11-25 at one address and confirms it at another.
func (c caller) open(t testing.TB, at, confirmAt string) (session string) {
	t.Helper()
	a := c.old(t, at, "", `"id":1,"method":"initialize","params":{"protocolVersion":"`+legacy+
		`","capabilities":{},"clientInfo":{"name":"test","version":"1"}}`)
	if a.status != http.StatusOK || a.sessionID == "" {
		t.Fatalf("initialize: %d %s", a.status, a.body)
	}
	if n := c.old(t, confirmAt, a.sessionID, `"method":"notifications/initialized"`); n.status != http.StatusAccepted {
		t.Fatalf("notifications/initialized: %d %s", n.status, n.body)
	}
	return a.sessionID
}

func (c caller) delete(t testing.TB, url, session string) answer {
	t.Helper()
	return c.send(t, http.MethodDelete, url, "", map[string]string{"Mcp-Session-Id": session})
}

// toolOld calls a tool in 2025-11-25.
func (c caller) toolOld(t testing.TB, url, session, name, arguments string) answer {
	t.Helper()
	return c.old(t, url, session, `"id":1,"method":"tools/call","params":{"name":"`+name+`","arguments":`+arguments+`}`)
}

// tool calls a tool in 2026-07-28; more are further members of params.
func (c caller) tool(t testing.TB, url, name, arguments string, more ...string) answer {
	t.Helper()
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + name + `","arguments":` + arguments +
		`,"_meta":{"io.modelcontextprotocol/protocolVersion":"` + modern +
		`","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}` + strings.Join(append([]string{""}, more...), ",") + `}}`
	return c.send(t, http.MethodPost, url, body, map[string]string{
		"Mcp-Protocol-Version": modern, "Mcp-Method": "tools/call", "Mcp-Name": name,
	})
}

// consent are the members with which the user's yes comes back with state.
func consent(state string) []string {
	return []string{`"requestState":"` + state + `"`, `"inputResponses":{"confirm":{"action":"accept","content":{"confirm":true}}}`}
}

// result is the parts of a tool's result that tests look at.
type result struct {
	IsError           bool           `json:"isError"`
	RequestState      string         `json:"requestState"`
	StructuredContent map[string]any `json:"structuredContent"`
}

// result fails the test when there is none.
func (a answer) result(t testing.TB) result {
	t.Helper()
	var message struct{ Result *result }
	if err := json.Unmarshal([]byte(a.body), &message); err != nil || a.status != http.StatusOK || message.Result == nil {
		t.Fatalf("no result: %d %s", a.status, a.body)
	}
	return *message.Result
}

// text is one member of a tool's result that is text.
func (a answer) text(t testing.TB, member string) string {
	t.Helper()
	s, ok := a.result(t).StructuredContent[member].(string)
	if !ok {
		t.Fatalf("the result has no text %q: %s", member, a.body)
	}
	return s
}
