package mcphttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/session"
)

func failing(err error) mcp.ToolHandler {
	return func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) { return nil, err }
}

func wire(code int64, message string) *jsonrpc.Error {
	return &jsonrpc.Error{Code: code, Message: message}
}

// Rule 8: whatever a handler returns, no code goes out that the specification keeps for
// itself, and no text that was not written for clients.
func TestHandlerErrors(t *testing.T) {
	t.Parallel()
	const secret = "secret: 10.1.2.3"
	for name, c := range map[string]struct {
		err          error
		modern, code int64 // of the answers in 2026-07-28 and before
		status       int   // in 2026-07-28
	}{
		"plain":                {errors.New(secret), -32603, -32603, 200},
		"code 0":               {wire(0, secret), -32603, -32603, 200},
		"-32000":               {wire(-32000, secret), -32603, -32603, 200},
		"-32002":               {wire(-32002, secret), -32603, -32603, 200},
		"-32019":               {wire(-32019, secret), -32603, -32603, 200},
		"-32042":               {wire(-32042, secret), -32603, -32603, 200},
		"-32099":               {wire(-32099, secret), -32603, -32603, 200},
		"wrapped":              {fmt.Errorf("%s: %w", secret, wire(-32602, secret)), -32603, -32603, 200},
		"joined":               {errors.Join(wire(-32602, secret), errors.New(secret)), -32603, -32603, 200},
		"wrapped, reserved":    {fmt.Errorf("%s: %w", secret, wire(-32042, secret)), -32603, -32603, 200},
		"a store that is down": {fmt.Errorf("%s: %w", secret, session.ErrUnavailable), -32603, -32603, 200},
		"on purpose":           {wire(-32602, "for you"), -32602, -32602, 200},
		"an application's own": {wire(-31001, "for you"), -31001, -31001, 200},
		"a capability":         {wire(-32021, "for you"), -32021, -32603, 400},
		"header mismatch":      {wire(-32020, "for you"), -32020, -32603, 200},
		"not found":            {wire(-32601, "for you"), -32601, -32601, 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(s *settings) { s.raw = map[string]mcp.ToolHandler{"t": failing(c.err)} })
			a := w.call("t")
			a.wants(v2026, c.status, c.modern)
			b := w.legacyCall(w.open(v2511), "t")
			b.wants(v2511, http.StatusOK, c.code)
			for _, a := range []answer{a, b} {
				if strings.Contains(a.body, "secret") {
					t.Errorf("the text leaks: %s", a.body)
				}
				if code := a.rpc().Error.Code; code == -32603 {
					w.quotes(t, a)
				}
			}
		})
	}
}

var quoted = regexp.MustCompile(`^\{"errorId":"([A-Z2-7]{26})"\}$`)

// quotes checks that a is an internal error whose id is in the log, and returns its entry.
func (w *world) quotes(t *testing.T, a answer) string {
	t.Helper()
	id := quoted.FindStringSubmatch(string(a.rpc().Error.Data))
	if id == nil {
		t.Fatalf("no id to quote: %s", a.body)
	}
	for line := range strings.SplitSeq(w.log.String(), "\n") {
		if strings.Contains(line, "errorId="+id[1]) {
			return line
		}
	}
	t.Fatalf("id %s is not in the log", id[1])
	return ""
}

// Rule 8: texts and data of a handler cannot break the message, nor the stream, that
// carries them.
func TestHandlerErrorsStayInTheirFrame(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]*jsonrpc.Error{
		"data over several lines": {Code: -32602, Message: "m", Data: json.RawMessage("{\n\n\"a\": 1\n\n}")},
		"data that is no JSON":    {Code: -32602, Message: "m", Data: json.RawMessage("}\n\nevent: message\ndata: {}")},
		"data null":               {Code: -32602, Message: "m", Data: json.RawMessage("null")},
		"invalid UTF-8":           {Code: -32602, Message: "a\xffb\n\nc"},
	} {
		w := newWorld(t, func(s *settings) {
			s.raw = map[string]mcp.ToolHandler{
				"plain": failing(e),
				"stream": func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
					_ = r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: "p"})
					return nil, e
				},
			}
		})
		w.call("plain").wants(name, http.StatusOK, -32602)
		a := w.call("stream")
		if len(a.events()) != 2 || a.rpc().Error.Code != -32602 {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}

// The panic of a tool is one failed request; the log has its stack under the id that the
// client can quote.
func TestPanicIsOneFailedRequest(t *testing.T) {
	t.Parallel()
	eras(t, func(t *testing.T, start func(...func(*settings)) (*world, func(string) answer)) {
		w, call := start(func(s *settings) {
			s.raw = map[string]mcp.ToolHandler{
				"raw":   func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("secret") },
				"error": func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic(errors.New("secret")) },
				"nil": func(_ context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
					r.Session = nil
					return nil, r.Session.Ping(context.Background(), nil)
				},
			}
			s.entries = []tool.Entry{basic("listed", "mcp:basic", func(context.Context, *tool.Call) error { panic("secret") })}
		})
		for _, name := range []string{"raw", "error", "nil", "listed"} {
			a := call(name)
			a.wants(name, http.StatusOK, -32603)
			entry := w.quotes(t, a)
			if strings.Contains(a.body, "secret") || !strings.Contains(entry, "stack=") || !strings.Contains(entry, "errors_test.go") {
				t.Errorf("%s: answer %s, log %s", name, a.body, entry)
			}
		}
		call("whoami").wants("the process lives", http.StatusOK, 0)
	})
}

// A result that cannot be encoded, or is none, is an internal error: neither silence until
// the deadline nor the end of the process.
func TestResultsThatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	result := func(r *mcp.CallToolResult) mcp.ToolHandler {
		return func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) { return r, nil }
	}
	eras(t, func(t *testing.T, start func(...func(*settings)) (*world, func(string) answer)) {
		w, call := start(func(s *settings) {
			s.raw = map[string]mcp.ToolHandler{
				"none":  result(nil),
				"chan":  result(&mcp.CallToolResult{StructuredContent: make(chan int)}),
				"raw":   result(&mcp.CallToolResult{StructuredContent: json.RawMessage("{")}),
				"panic": result(&mcp.CallToolResult{StructuredContent: explosive{}}),
				"nil":   result(&mcp.CallToolResult{Content: []mcp.Content{(*mcp.TextContent)(nil)}}),
			}
		})
		for _, name := range []string{"none", "chan", "raw", "panic", "nil"} {
			a := call(name)
			a.wants(name, http.StatusOK, -32603)
			w.quotes(t, a)
		}
		call("whoami").wants("the process lives", http.StatusOK, 0)
	})
}

type explosive struct{}

func (explosive) MarshalJSON() ([]byte, error) { panic("boom") }

// What a tool returns arrives as it is: no digit is lost.
func TestResultsArriveUnchanged(t *testing.T) {
	t.Parallel()
	eras(t, func(t *testing.T, start func(...func(*settings)) (*world, func(string) answer)) {
		_, call := start(func(s *settings) {
			s.raw = map[string]mcp.ToolHandler{"t": func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return &mcp.CallToolResult{StructuredContent: json.RawMessage(`{"n":9007199254740993,"t":"é"}`)}, nil
			}}
		})
		if a := call("t"); !strings.Contains(a.body, `"structuredContent":{"n":9007199254740993,"t":"é"}`) || !strings.Contains(a.body, `"content":[]`) {
			t.Errorf("%s", a.body)
		}
	})
}

// Params that the SDK cannot decode are the client's fault, in fixed words.
func TestParamsOfAnotherType(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2511)
	for method, params := range map[string]string{
		"tools/list":          `"cursor":["secret"]`,
		"prompts/get":         `"name":"generate_serverless_design_prompt","arguments":{"secret":1}`,
		"completion/complete": `"ref":{"type":"ref/prompt","name":"generate_serverless_design_prompt"},"argument":"secret"`,
	} {
		name := ""
		if method == "prompts/get" {
			name = "generate_serverless_design_prompt"
		}
		for _, a := range []answer{w.modern(method, name, params), w.legacy(id, v2511, body(method, params))} {
			a.wants(method, http.StatusOK, -32602)
			if strings.Contains(a.body, "secret") {
				t.Errorf("%s: %s", method, a.body)
			}
		}
	}
	if log := w.log.String(); strings.Contains(log, "level=ERROR") {
		t.Errorf("a client's fault is logged as ours: %s", log)
	}
}

// A completion names what it completes; nothing here offers any, and no name is let through
// that the caller could not use.
func TestCompletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2511)
	ask := func(params string) [2]answer {
		return [2]answer{w.modern("completion/complete", "", params), w.legacy(id, v2511, body("completion/complete", params))}
	}
	const argument = `,"argument":{"name":"a","value":""}`
	const prompt = `"ref":{"type":"ref/prompt","name":"generate_serverless_design_prompt"}`
	known := ask(prompt + argument)
	known[0].wants(v2026, http.StatusNotFound, -32601)
	known[1].wants(v2511, http.StatusOK, -32601)
	for _, params := range []string{
		``, `"ref":null` + argument, `"ref":{}` + argument, `"ref":{"type":"ref/prompt"}` + argument,
		`"ref":{"type":"ref/tool","name":"generate_serverless_design_prompt"}` + argument,
		`"ref":{"type":"ref/resource","name":"generate_serverless_design_prompt","uri":"test://none"}` + argument,
		`"ref":{"type":"ref/prompt","name":"none","uri":"users://{user_id}/profile"}` + argument,
		`"ref":{"type":"ref/prompt","NAME":"generate_serverless_design_prompt"}` + argument,
		prompt, prompt + `,"argument":{}`, prompt + `,"argument":{"name":""}`, prompt + `,"argument":null`,
	} {
		for _, a := range ask(params) {
			a.wants(params, http.StatusOK, -32602)
		}
	}
}
