package mcphttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// logger logs once at each of three levels.
func logger(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	for _, level := range []mcp.LoggingLevel{"debug", "warning", "error"} {
		_ = r.Session.Log(ctx, &mcp.LoggingMessageParams{Level: level, Data: string(level)})
	}
	return done(), nil
}

// Rule 12: log messages come only to who asks, from the level on that they ask for: in
// `_meta` of each request, before 2026-07-28 by logging/setLevel for the whole session.
func TestLogMessagesRule12(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *settings) { s.raw = map[string]mcp.ToolHandler{"log": logger} })
	id := w.open(v2511)
	for name, a := range map[string]answer{v2026: w.call("log"), v2511: w.legacyCall(id, "log")} {
		if a.header.Get("Content-Type") != "application/json" || a.rpc().Result == nil {
			t.Errorf("%s: unasked, %s", name, a.body)
		}
	}
	for level, want := range map[string]int{"debug": 3, "info": 2, "warning": 2, "error": 1} {
		asking := strings.Replace(meta, `{`, `{"io.modelcontextprotocol/logLevel":"`+level+`",`, 1)
		modern := w.post(body("tools/call", asking+`,"name":"log"`), modernHeaders("tools/call", "log")...)
		w.legacy(id, v2511, body("logging/setLevel", `"level":"`+level+`"`)).wants("setLevel", http.StatusOK, 0)
		for name, a := range map[string]answer{v2026: modern, v2511: w.legacyCall(id, "log")} {
			if events := a.events(); len(events) != want+1 {
				t.Errorf("%s, %s: %q", name, level, events)
			}
		}
	}
	if a := w.call("log"); a.header.Get("Content-Type") != "application/json" {
		t.Errorf("the level of a session reaches 2026-07-28: %s", a.body)
	}
	other := w.open(v2511)
	if a := w.legacyCall(other, "log"); a.header.Get("Content-Type") != "application/json" {
		t.Errorf("the level of a session reaches another: %s", a.body)
	}
	bad := strings.Replace(meta, `{`, `{"io.modelcontextprotocol/logLevel":"loud",`, 1)
	w.post(body("tools/call", bad+`,"name":"log"`), modernHeaders("tools/call", "log")...).wants("loud", http.StatusBadRequest, -32602)
}

// Progress makes the answer a stream, in the order in which it was sent, ending in the
// response; the token of the request is what a tool sees.
func TestProgress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *settings) {
		s.raw = map[string]mcp.ToolHandler{"steps": func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			for i := range 3 {
				_ = r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: r.Params.GetProgressToken(), Progress: float64(i)})
			}
			return done(), nil
		}}
	})
	id := w.open(v2511)
	asking := strings.Replace(meta, `{`, `{"progressToken":"p7",`, 1)
	for name, a := range map[string]answer{
		v2026: w.post(body("tools/call", asking+`,"name":"steps"`), modernHeaders("tools/call", "steps")...),
		v2511: w.legacy(id, v2511, body("tools/call", `"_meta":{"progressToken":"p7"},"name":"steps"`)),
	} {
		events := a.events()
		if len(events) != 4 || !strings.HasPrefix(events[3], `{"jsonrpc":"2.0","id":1,"result":{`) {
			t.Fatalf("%s: %q", name, events)
		}
		for i := 1; i < 3; i++ {
			if !strings.Contains(events[i], fmt.Sprintf(`"progressToken":"p7","progress":%d`, i)) {
				t.Errorf("%s: event %d is %s", name, i, events[i])
			}
		}
		if a.header.Get("X-Accel-Buffering") != "no" || a.header.Get("Cache-Control") != "no-store" || a.header.Get("Content-Length") != "" {
			t.Errorf("%s: %v", name, a.header)
		}
	}
}

// Rule 11: the notifications of one request are capped; its response comes all the same.
func TestNotificationFloodRule11(t *testing.T) {
	t.Parallel()
	eras(t, func(t *testing.T, start func(...func(*settings)) (*world, func(string) answer)) {
		_, call := start(func(s *settings) {
			s.ResultLimit = 8 << 20
			s.raw = map[string]mcp.ToolHandler{"flood": func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				for range 1500 {
					progress(ctx, r)
				}
				return done(), nil
			}}
		})
		a := call("flood")
		if n := len(a.events()); n != 1001 || a.rpc().Result == nil {
			t.Errorf("%d events", n)
		}
	})
}

// Rule 11: what the edge cannot carry becomes an error, alone or at the end of a stream;
// never more bytes than the limit go out, and the limit itself is usable.
func TestResultLimitRule11(t *testing.T) {
	t.Parallel()
	const limit = 64 << 10
	text := func(n int) mcp.ToolHandler {
		return func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: strings.Repeat("x", n)}}}, nil
		}
	}
	eras(t, func(t *testing.T, start func(...func(*settings)) (*world, func(string) answer)) {
		w, call := start(func(s *settings) {
			s.ResultLimit = limit
			s.raw = map[string]mcp.ToolHandler{
				"fits": text(limit - 5000), "large": text(limit), "large-stream": announced(text(limit)),
				"chatty": func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
					for range 100 {
						_ = r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: "p", Message: strings.Repeat("y", 1000)})
					}
					return done(), nil
				},
			}
		})
		call("fits").wants("fits", http.StatusOK, 0)
		call("large").wants("large", http.StatusOK, -32603)
		for name, code := range map[string]int64{"large-stream": -32603, "chatty": 0} {
			a := call(name)
			if a.events(); len(a.body) > limit || a.rpc().Error.Code != code {
				t.Errorf("%s: %d bytes, ends in %.200s", name, len(a.body), a.events()[len(a.events())-1])
			}
		}
		if log := w.log.String(); strings.Contains(log, "level=ERROR") {
			t.Error(log)
		}
	})
}

// What a handler asks of the client in the middle of a request is refused, not awaited.
func TestRequestsToTheClient(t *testing.T) {
	t.Parallel()
	eras(t, func(t *testing.T, start func(...func(*settings)) (*world, func(string) answer)) {
		_, call := start(func(s *settings) {
			s.raw = map[string]mcp.ToolHandler{"ask": func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				if _, err := r.Session.Elicit(ctx, &mcp.ElicitParams{Message: "?"}); err == nil {
					return nil, errors.New("it was answered")
				}
				// Of anything else than the refusal nobody knows how long it takes.
				if err := r.Session.Ping(ctx, nil); err == nil || !strings.Contains(err.Error(), "not possible on this transport") {
					return nil, fmt.Errorf("a ping was not refused: %w", err)
				}
				return done(), nil
			}}
		})
		call("ask").wants("ask", http.StatusOK, 0)
	})
}

// A notification that a handler sends when its request is over goes nowhere.
func TestNotificationsAfterTheEnd(t *testing.T) {
	t.Parallel()
	eras(t, func(t *testing.T, start func(...func(*settings)) (*world, func(string) answer)) {
		late := make(chan func())
		_, call := start(func(s *settings) {
			s.raw = map[string]mcp.ToolHandler{"late": func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				go func() { late <- func() { progress(context.WithoutCancel(ctx), r) } }()
				return done(), nil
			}}
		})
		a := call("late")
		(<-late)()
		if a.header.Get("Content-Type") != "application/json" || a.rpc().Result == nil {
			t.Errorf("%v %s", a.header, a.body)
		}
	})
}
