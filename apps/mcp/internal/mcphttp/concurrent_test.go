package mcphttp_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/tool"
)

// echo answers with who asks, and says so in a notification before.
func echo(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	c, ok := tool.CallFrom(r.Extra)
	if !ok {
		return nil, fmt.Errorf("no call")
	}
	who := c.Principal.Subject + " " + string(r.Params.Arguments)
	_ = r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: who})
	runtime.Gosched()
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: who}}}, nil
}

// Requests with equal ids, of several users, versions and sessions at once, get their own
// answers and their own notifications.
func TestConcurrentEqualIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *settings) { s.raw = map[string]mcp.ToolHandler{"echo": echo} })
	var wg sync.WaitGroup
	for user := range 8 {
		subject := fmt.Sprintf("user-%d", user)
		auth := []string{"Authorization", "Bearer " + w.token("acme", subject)}
		id := w.open(v2511, auth...)
		for n := range 25 {
			wg.Go(func() {
				params := fmt.Sprintf(`"name":"echo","arguments":{"n":%d}`, n)
				a := w.legacy(id, v2511, body("tools/call", params), auth...)
				if n%2 == 0 {
					a = w.modern("tools/call", "echo", params, auth...)
				}
				who := fmt.Sprintf(`%s {\"n\":%d}`, subject, n)
				events := a.events()
				if len(events) != 2 || !strings.Contains(events[0], `"`+who+`"`) || !strings.Contains(events[1], `"`+who+`"`) || string(a.rpc().ID) != "1" {
					t.Errorf("%s got %q", who, events)
				}
			})
		}
	}
	wg.Wait()
}

// Rule 10: a request of 2026-07-28 whose client has left before it began does nothing.
func TestClientHasLeftRule10(t *testing.T) {
	t.Parallel()
	var ran atomic.Int64
	w := newWorld(t, func(s *settings) {
		s.raw = map[string]mcp.ToolHandler{"count": func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			ran.Add(1)
			return done(), nil
		}}
	})
	gone, leave := context.WithCancel(t.Context())
	leave()
	for range 200 {
		r := w.request(http.MethodPost, body("tools/call", withMeta(`"name":"count"`)), modernHeaders("tools/call", "count")...)
		w.do(r.WithContext(gone))
	}
	if n := ran.Load(); n != 0 {
		t.Errorf("%d calls ran", n)
	}
}

// However a request ends, no goroutine stays: the bubble fails when one does.
func TestNoGoroutineStays(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world, c call) {
		gone, leave := context.WithCancel(t.Context())
		leave()
		for _, r := range []*http.Request{
			c("whoami"), c("panics"), c("nothing"), c("admin"), c("log"), c("waiting"), c("announced"), c("stubborn"),
			c("whoami").WithContext(gone), c("stubborn").WithContext(gone),
			w.request(http.MethodPost, body("tools/list", meta), modernHeaders("tools/list", "")...),
			w.request(http.MethodPost, body("subscriptions/listen", meta+`,"notifications":{}`), modernHeaders("subscriptions/listen", "")...),
			w.request(http.MethodPost, body("initialize", `"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"a","version":"1"}`)),
			w.request(http.MethodPost, "{"),
		} {
			w.do(r)
		}
		time.Sleep(2 * time.Hour) // for stubborn, which looks at no context
		synctest.Wait()
	}, slowTools, func(s *settings) {
		s.raw["log"] = logger
		s.raw["panics"] = func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("boom") }
	})
}

// subscriptions answers subscriptions, for which the SDK has an option that NewServer leaves out.
func subscriptions(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		if strings.HasPrefix(method, "resources/") && strings.HasSuffix(method, "subscribe") {
			return &struct{ mcp.ResultBase }{}, nil
		}
		return next(ctx, method, req)
	}
}
