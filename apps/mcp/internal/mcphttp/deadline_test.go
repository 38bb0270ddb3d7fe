package mcphttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/libs/identity/identitytest"
)

// The tests of this file run in bubbles, whose time is their own. A bubble also fails when
// a goroutine is left behind.

func done() *mcp.CallToolResult { return &mcp.CallToolResult{} }

// waiting waits for its context.
func waiting(ctx context.Context, _ *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// stubborn looks at no context.
func stubborn(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	time.Sleep(time.Hour)
	return done(), nil
}

func progress(ctx context.Context, r *mcp.CallToolRequest) {
	_ = r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: "p", Progress: 1})
}

// announced sends a notification before it does what next does.
func announced(next mcp.ToolHandler) mcp.ToolHandler {
	return func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		progress(ctx, r)
		return next(ctx, r)
	}
}

func slowTools(s *settings) {
	s.raw = map[string]mcp.ToolHandler{
		"waiting": waiting, "stubborn": stubborn,
		"announced": announced(waiting), "announced-stubborn": announced(stubborn),
	}
}

// call is a tool call of either era.
type call func(name string) *http.Request

// bubble runs fn for both eras, with a world and a way to make a call.
func bubble(t *testing.T, fn func(t *testing.T, w *world, c call), change ...func(*settings)) {
	t.Helper()
	for _, era := range []string{v2026, v2511} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, change...)
				c := func(name string) *http.Request {
					return w.request(http.MethodPost, body("tools/call", withMeta(`"name":"`+name+`"`)), modernHeaders("tools/call", name)...)
				}
				if era != v2026 {
					id := w.open(era)
					c = func(name string) *http.Request {
						return w.request(http.MethodPost, body("tools/call", `"name":"`+name+`"`), "Mcp-Session-Id", id, "MCP-Protocol-Version", era)
					}
				}
				fn(t, w, c)
			})
		})
	}
}

// Rule 10: the deadline is 504 while nothing has been written, and the last event of a
// stream afterwards, whether or not the tool looks at its context.
func TestDeadline(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world, c call) {
		for range 20 { // the tool's answer and the deadline come at the same moment
			for _, name := range []string{"waiting", "stubborn"} {
				began := time.Now()
				a := w.do(c(name))
				a.wants(name, http.StatusGatewayTimeout, -32603)
				if took := time.Since(began); took != 20*time.Second {
					t.Errorf("%s took %v", name, took)
				}
			}
			for _, name := range []string{"announced", "announced-stubborn"} {
				a := w.do(c(name))
				events := a.events()
				if len(events) != 2 || !strings.Contains(events[1], `"deadline exceeded"`) || !strings.Contains(events[1], `"id":1`) {
					t.Errorf("%s: %d %q", name, a.status, events)
				}
			}
		}
		time.Sleep(2 * time.Hour)                                        // until the stubborn ones are through: nothing may be left
		if log := w.log.String(); strings.Contains(log, "level=ERROR") { // nobody's fault
			t.Error(log)
		}
	}, slowTools)
}

// Rule 10: whatever a handler sends after the deadline goes nowhere, in a stream or without.
func TestNothingAfterTheDeadline(t *testing.T) {
	t.Parallel()
	late := func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		time.Sleep(time.Minute)
		progress(ctx, r)
		return done(), nil
	}
	bubble(t, func(t *testing.T, w *world, c call) {
		for _, name := range []string{"late", "announced-late"} {
			recorder := httptest.NewRecorder()
			w.ServeHTTP(recorder, c(name))
			before := recorder.Body.String()
			time.Sleep(5 * time.Minute)
			if after := recorder.Body.String(); after != before || !strings.Contains(before, "deadline exceeded") {
				t.Errorf("%s: %q became %q", name, before, after)
			}
		}
	}, func(s *settings) { s.raw = map[string]mcp.ToolHandler{"late": late, "announced-late": announced(late)} })
}

// Rule 10: a deadline of the surroundings, such as that of a Lambda invocation, holds in both eras.
func TestDeadlineOfTheInvocation(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world, c call) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		w.do(c("waiting").WithContext(ctx)).wants("504", http.StatusGatewayTimeout, -32603)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
	}, slowTools)
}

// Rule 10: a client that leaves cancels its request in 2026-07-28, and does not before.
func TestClientLeaves(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world, c call) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		a := w.do(c("waiting").WithContext(ctx))
		took := time.Since(began)
		modern := strings.HasSuffix(t.Name(), v2026)
		switch {
		case modern && (took != time.Second || a.body != ""):
			t.Errorf("took %v, answered %q", took, a.body)
		case !modern && (took != 20*time.Second || a.status != http.StatusGatewayTimeout):
			t.Errorf("took %v, answered %d %q", took, a.status, a.body)
		}
	}, slowTools)
}

// Rule 10: a client of an older protocol that hangs up stops nothing, the store included,
// and raises no alarm.
func TestClientHangsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2511) // fetches the keys
	w.store.Fail = func(ctx context.Context, _ string) error { return ctx.Err() }
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	hello := body("initialize", `"protocolVersion":"`+v2511+`","capabilities":{},"clientInfo":{"name":"c","version":"1"}`)
	if a := w.do(w.request(http.MethodPost, hello).WithContext(gone)); a.status != http.StatusOK || a.header.Get("Mcp-Session-Id") == "" {
		t.Errorf("initialize: %d %s", a.status, a.body)
	}
	call := w.request(http.MethodPost, ping, "Mcp-Session-Id", id, "MCP-Protocol-Version", v2511)
	w.do(call.WithContext(gone)).wants("a call", http.StatusOK, 0)
	end := w.request(http.MethodDelete, "", "Mcp-Session-Id", id)
	if a := w.do(end.WithContext(gone)); a.status != http.StatusNoContent {
		t.Errorf("DELETE: %d %s", a.status, a.body)
	}
	if log := w.log.String(); strings.Contains(log, "level=ERROR") {
		t.Error(log)
	}
}

// Rule 11: a stream ends when the token does.
func TestStreamEndsWithTheToken(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world, c call) {
		r := c("announced")
		r.Header.Set("Authorization", "Bearer "+w.issuer.Token(identitytest.Scopes("mcp:basic"), identitytest.Expires(w.now().Add(5*time.Second))))
		began := time.Now()
		a := w.do(r)
		if took := time.Since(began); took != 5*time.Second || a.rpc().Error.Message != "deadline exceeded" {
			t.Errorf("took %v: %s", took, a.body)
		}
	}, slowTools)
}

// A stream that is quiet is kept open by comments.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world, c call) {
		a := w.do(c("announced"))
		if n := strings.Count(a.body, ":\n\n"); n != 1 || len(a.events()) != 2 { // after 15 of 20 s
			t.Errorf("%d comments in %q", n, a.body)
		}
	}, slowTools)
}

// notifications/cancelled ends a request of the same session, and of no other; nobody is
// told of what they cancelled.
func TestCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, slowTools)
		own, other := w.open(v2511), w.open(v2511)
		bobs := "Bearer " + w.token("acme", "user-2")
		foreign := w.open(v2511, "Authorization", bobs)
		cancel := func(session, id string, headers ...string) {
			a := w.legacy(session, v2511, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":`+id+`}}`, headers...)
			if a.status != http.StatusAccepted {
				t.Errorf("cancel: %d %s", a.status, a.body)
			}
		}
		for tool, want := range map[string]int{"waiting": http.StatusAccepted, "stubborn": http.StatusAccepted, "announced": http.StatusOK} {
			answered := make(chan answer)
			began := time.Now()
			go func() { answered <- w.legacyCall(own, tool) }()
			time.Sleep(time.Second)
			cancel(other, "1")
			cancel(own, `"1"`)
			cancel(own, "2")
			cancel(foreign, "1", "Authorization", bobs)
			if a := w.legacy(own, v2511, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, "Authorization", bobs); a.status != http.StatusNotFound {
				t.Errorf("cancel by a foreigner: %d", a.status)
			}
			synctest.Wait()
			select {
			case a := <-answered:
				t.Errorf("%s was cancelled from elsewhere: %d %s", tool, a.status, a.body)
			default:
			}
			cancel(own, "1")
			a := <-answered
			if took := time.Since(began); took != time.Second || a.status != want || strings.Contains(a.body, `"id":1`) {
				t.Errorf("%s: after %v %d %q", tool, took, a.status, a.body)
			}
		}
		time.Sleep(2 * time.Hour)
	})
}

// Of two requests with one id the later is cancelled, also when the earlier has ended.
func TestCancelledTwins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, slowTools, func(s *settings) {
			s.raw["short"] = func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				time.Sleep(2 * time.Second)
				return done(), nil
			}
		})
		id := w.open(v2511)
		first, second := make(chan answer), make(chan answer)
		go func() { first <- w.legacyCall(id, "short") }()
		time.Sleep(time.Second)
		began := time.Now()
		go func() { second <- w.legacyCall(id, "waiting") }()
		(<-first).wants("the first", http.StatusOK, 0)
		w.legacy(id, v2511, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
		<-second
		if took := time.Since(began); took != time.Second {
			t.Errorf("the second ran for %v", took)
		}
	})
}

// deaf is a response whose reader has left.
type deaf struct{ *httptest.ResponseRecorder }

func (deaf) Write([]byte) (int, error) { return 0, http.ErrHandlerTimeout }

// A connection that is gone in the middle of a stream harms nobody.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world, c call) {
		w.ServeHTTP(deaf{httptest.NewRecorder()}, c("announced"))
		w.do(c("whoami")).wants("the next", http.StatusOK, 0)
	}, slowTools)
}
