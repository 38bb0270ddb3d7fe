package mcphttp_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"leasehold.example/apps/mcp/internal/tool"
)

const asking = `"io.modelcontextprotocol/clientCapabilities":`

// capable is a call of a tool by a client of 2026-07-28 with these capabilities.
func (w *world) capable(capabilities, name, params string) answer {
	meta := `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` + asking + capabilities + `}`
	return w.post(body("tools/call", meta+`,"name":"`+name+`","arguments":{}`+params), modernHeaders("tools/call", name)...)
}

// Rule 1: the user's answer has one reading. The SDK reads it without regard to case, so
// that a second spelling would turn a no into a yes.
func TestAnswersHaveOneReadingRule1(t *testing.T) {
	t.Parallel()
	ran := 0
	w := newWorld(t, func(s *settings) {
		s.entries = []tool.Entry{basic("ask", "mcp:basic", func(ctx context.Context, c *tool.Call) error {
			if ok, err := c.Confirm(ctx, "Sure?", false); err != nil || !ok {
				return err
			}
			ran++
			return nil
		})}
	})
	question := w.capable(`{"elicitation":{}}`, "ask", "")
	var asked struct{ RequestState string }
	if err := json.Unmarshal(question.rpc().Result, &asked); err != nil || asked.RequestState == "" {
		t.Fatalf("no question: %s", question.body)
	}
	for name, response := range map[string]string{
		"another case behind":     `{"action":"decline","ACTION":"accept","content":{"confirm":true}}`,
		"another case before":     `{"Action":"accept","action":"decline","content":{"confirm":true}}`,
		"content in another case": `{"action":"accept","content":{"confirm":false},"Content":{"confirm":true}}`,
		"only in another case":    `{"ACTION":"accept","CONTENT":{"confirm":true}}`,
		"the field in two cases":  `{"action":"accept","content":{"confirm":false,"Confirm":true}}`,
		"deep in an array":        `{"action":"accept","content":{"a":[{"x":1,"X":2}]}}`,
	} {
		a := w.capable(`{"elicitation":{}}`, "ask", `,"requestState":"`+asked.RequestState+`","inputResponses":{"confirm":`+response+`}`)
		a.wants(name, http.StatusBadRequest, -32600)
	}
	if ran != 0 {
		t.Errorf("the tool ran %d times without a yes", ran)
	}
	yes := `,"requestState":"` + asked.RequestState + `","inputResponses":{"confirm":{"action":"accept","content":{"confirm":true}}}`
	w.capable(`{"elicitation":{}}`, "ask", yes).wants("a yes", http.StatusOK, 0)
	if ran != 1 {
		t.Errorf("after a yes the tool ran %d times", ran)
	}
}

// Rule 1: a capability in another case is none.
func TestCapabilitiesHaveOneReadingRule1(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *settings) {
		s.entries = []tool.Entry{basic("ask", "mcp:basic", func(ctx context.Context, c *tool.Call) error {
			_, err := c.Confirm(ctx, "Sure?", false)
			return err
		})}
	})
	for _, none := range []string{`{}`, `{"Elicitation":{}}`, `{"elicitation":{"url":{},"FORM":{}}}`, `{"elicitation":{"url":{}}}`} {
		w.capable(none, "ask", "").wants(none, http.StatusBadRequest, -32021)
	}
	w.capable(`{"elicitation":{"form":{}}}`, "ask", "").wants("form", http.StatusOK, 0)
}

// A notification of a version that nobody knows is refused like a request of it.
func TestNotificationOfAnUnknownVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	note := `{"jsonrpc":"2.0","method":"notifications/x","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2027-01-01"}}}`
	w.post(note, "MCP-Protocol-Version", "2027-01-01", "Mcp-Method", "notifications/x").wants("unknown", http.StatusBadRequest, -32022)
	w.post(note, "MCP-Protocol-Version", v2026, "Mcp-Method", "notifications/x").wants("different", http.StatusBadRequest, -32020)
}
