package mcphttp_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
)

const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`

// Rule 23: initialize never takes up an id, not even a live one of the caller's own.
func TestInitializeMintsRule23(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.open(v2511)
	seen := map[string]bool{own: true}
	for _, planted := range []string{"", own, "planted", strings.Repeat("A", 43)} {
		id := w.initialize(v2511, "Mcp-Session-Id", planted).header.Get("Mcp-Session-Id")
		if len(id) != 43 || seen[id] || id == planted {
			t.Errorf("planted %q, got %q", planted, id)
		}
		seen[id] = true
	}
	w.legacy(own, v2511, ping).wants("the session before", http.StatusOK, 0)
}

// Rule 23: a session that is not confirmed ends after 60 seconds, in use or not; a
// confirmed one lives on.
func TestUnconfirmedEndsRule23(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	confirmed := w.open(v2511)
	id := w.initialize(v2511).header.Get("Mcp-Session-Id")
	w.advance(58 * time.Second)
	w.legacy(id, v2511, ping).wants("after 58 s", http.StatusOK, 0)
	w.advance(3 * time.Second)
	w.legacy(id, v2511, ping).wants("after 61 s", http.StatusNotFound, 0)
	w.legacy(id, v2511, `{"jsonrpc":"2.0","method":"notifications/initialized"}`).wants("too late", http.StatusNotFound, 0)
	w.legacy(confirmed, v2511, ping).wants("the confirmed one", http.StatusOK, 0)
	w.advance(31 * time.Minute)
	w.legacy(confirmed, v2511, ping).wants("idle for too long", http.StatusNotFound, 0)
}

// A client gets the version that it asks for, or the newest that has sessions; 2026-07-28
// cannot be initialized.
func TestNegotiation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for asked, want := range map[string]string{
		v2511: v2511, v2506: v2506, v2503: v2503, v2026: v2511, "2024-11-05": v2511, "zzz": v2511, "9999-12-31": v2511,
	} {
		a := w.initialize(asked)
		if !strings.Contains(a.body, `"protocolVersion":"`+want+`"`) {
			t.Errorf("asked for %s: %s", asked, a.body)
		}
		rec, err := w.registry.Resolve(t.Context(), w.principal(w.alice), session.KindMCP, a.header.Get("Mcp-Session-Id"))
		if err != nil || rec.Protocol != want || rec.Client != "test/1" {
			t.Errorf("asked for %s: record %+v, %v", asked, rec, err)
		}
	}
}

// Params of initialize that are none open no session.
func TestInitializeRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.Take()
	for _, params := range []string{
		``, `"protocolVersion":"2025-11-25"`, `"protocolVersion":1,"capabilities":{},"clientInfo":{"name":"a","version":"1"}`,
		`"protocolVersion":"2025-11-25","capabilities":[],"clientInfo":{"name":"a","version":"1"}`,
		`"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":1,"version":"1"}`,
		`"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":null`,
	} {
		a := w.post(body("initialize", params))
		a.wants(params, http.StatusOK, -32602)
		if a.header.Get("Mcp-Session-Id") != "" {
			t.Errorf("%s opened a session", params)
		}
	}
	w.post(`{"jsonrpc":"2.0","method":"initialize","params":{}}`).wants("as a notification", http.StatusBadRequest, -32600)
	if calls := w.store.Take(); len(calls) != 0 {
		t.Errorf("the store was asked: %v", calls)
	}
}

func (w *world) principal(token string) identity.Principal {
	w.tb.Helper()
	p, refusal := w.auth.Authenticate(w.request(http.MethodPost, "", "Authorization", "Bearer "+token))
	if refusal != nil {
		w.tb.Fatalf("authenticate: %d", refusal.Status)
	}
	return p
}

// Another server over the same store goes on with a session, log level included: nothing
// of it is kept in a process.
func TestSessionOutlivesTheServer(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	over := func(s *settings) {
		s.store = store
		s.raw = map[string]mcp.ToolHandler{"log": logger}
	}
	first, second := newWorld(t, over), newWorld(t, over)
	second.issuer.SignWith(first.issuer.SigningKey())
	second.issuer.PublishOnly(first.issuer.SigningKey())
	second.alice = second.token("acme", "user-1")

	id := first.open(v2511)
	first.legacy(id, v2511, body("logging/setLevel", `"level":"warning"`)).wants("setLevel", http.StatusOK, 0)
	first.legacy(id, v2511, body("tools/call", `"name":"session_set","arguments":{"key":"k","value":7}`)).wants("set", http.StatusOK, 0)

	a := second.legacy(id, v2511, body("tools/call", `"name":"session_get","arguments":{"key":"k"}`))
	if !strings.Contains(a.body, `{"value":7}`) {
		t.Errorf("data: %s", a.body)
	}
	if events := second.legacyCall(id, "log").events(); len(events) != 3 || !strings.Contains(events[0], `"warning"`) {
		t.Errorf("log level: %q", events)
	}
	if a := second.do(second.request(http.MethodDelete, "", "Mcp-Session-Id", id)); a.status != http.StatusNoContent {
		t.Errorf("DELETE: %d", a.status)
	}
	first.legacy(id, v2511, ping).wants("revoked elsewhere", http.StatusNotFound, 0)
}

// Rule 9: unknown, foreign, expired and revoked get byte-identical answers after the same
// calls of the store, on every path; when the classifier fails they still do.
func TestMissesAreAlikeRule9(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := "Bearer " + w.token("acme", "user-2")
	foreign := w.open(v2511, "Authorization", bob)
	revoked := w.open(v2511)
	w.do(w.request(http.MethodDelete, "", "Mcp-Session-Id", revoked))
	expired := w.initialize(v2511).header.Get("Mcp-Session-Id")
	w.advance(2 * time.Minute)

	requests := map[string]func(id string) *http.Request{
		"POST": func(id string) *http.Request { return w.request(http.MethodPost, ping, "Mcp-Session-Id", id) },
		"notification": func(id string) *http.Request {
			return w.request(http.MethodPost, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, "Mcp-Session-Id", id)
		},
		"batch":  func(id string) *http.Request { return w.request(http.MethodPost, "["+ping+"]", "Mcp-Session-Id", id) },
		"DELETE": func(id string) *http.Request { return w.request(http.MethodDelete, "", "Mcp-Session-Id", id) },
	}
	for name, request := range requests {
		var first string
		for _, id := range []string{"unknown", foreign, revoked, expired, "", strings.Repeat("x", 5000), foreign + "=", strings.ToUpper(foreign)} {
			r := request("placeholder")
			r.Header["Mcp-Session-Id"] = []string{id}
			w.store.Take()
			a := w.do(r)
			got := fmt.Sprint(a.status, a.header, a.body, w.store.Take())
			if first == "" {
				first = got
			}
			if got != first || a.status != http.StatusNotFound {
				t.Errorf("%s of %.50q: %s\nwant %s", name, id, got, first)
			}
		}
		w.advance(time.Minute) // the classifier's budget
	}
	w.legacy(foreign, v2511, ping, "Authorization", bob).wants("the owner", http.StatusOK, 0)
}

// Rule 9: the classifier failing is still 404.
func TestClassifierFailsRule9(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fail := w.store.Fail
	w.store.Fail = func(ctx context.Context, call string) error {
		if call == "Locate" {
			return context.DeadlineExceeded
		}
		return fail(ctx, call)
	}
	w.legacy("unknown", v2511, ping).wants("404", http.StatusNotFound, 0)
	if e := <-w.audit; e.Problem != session.ClassifierFailed {
		t.Errorf("audited %s", e.Problem)
	}
}

// Rule 28: what a foreigner tries leaves no trace on the owner's record, and is told.
func TestForeignAttemptsRule28(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2511)
	w.advance(10 * time.Minute) // a touch would be due
	owner := w.principal(w.alice)
	look := func() session.Record {
		rec, err := w.store.Store.Load(t.Context(), session.Key{Owner: owner.Owner(), Kind: session.KindMCP, Hash: session.HashID(session.KindMCP, id)})
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
	before := look()
	scopes := identitytest.Scopes("mcp:basic", "session:write")
	for name, token := range map[string]string{
		"user": w.token("acme", "user-2"), "tenant": w.token("globex", "user-1"), "issuer": w.other.Token(scopes),
	} {
		auth := []string{"Authorization", "Bearer " + token}
		for _, message := range []string{
			ping, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, body("logging/setLevel", `"level":"debug"`),
			body("tools/call", `"name":"session_set","arguments":{"key":"k","value":1}`), "[" + ping + "]",
		} {
			w.legacy(id, v2503, message, auth...).wants(name+" "+message, http.StatusNotFound, 0)
		}
		w.do(w.request(http.MethodDelete, "", append(auth, "Mcp-Session-Id", id)...)).wants(name, http.StatusNotFound, 0)
		problem := (<-w.audit).Problem
		if want := map[string]session.Problem{"tenant": session.TenantChanged}[name]; want != "" && problem != want {
			t.Errorf("%s: audited %s", name, problem)
		} else if want == "" && problem != session.SessionBindingViolation {
			t.Errorf("%s: audited %s", name, problem)
		}
		for len(w.audit) > 0 {
			<-w.audit
		}
	}
	if after := look(); !reflect.DeepEqual(before, after) {
		t.Errorf("the record changed:\n%+v\n%+v", before, after)
	}
	w.legacy(id, v2511, ping).wants("the owner", http.StatusOK, 0)
}

// A token that was refreshed keeps its session; scopes are those of the present token.
func TestScopesOfThePresentToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2511)
	less := []string{"Authorization", "Bearer " + w.token("acme", "user-1", "mcp:basic")}
	w.legacy(id, v2511, ping, less...).wants("fewer scopes", http.StatusOK, 0)
	if a := w.legacy(id, v2511, body("tools/call", `"name":"session_get","arguments":{"key":"k"}`), less...); a.status != http.StatusForbidden {
		t.Errorf("%d %s", a.status, a.body)
	}
	more := []string{"Authorization", "Bearer " + w.token("acme", "user-1", "mcp:basic", "admin:all")}
	w.legacyCall(id, "admin", more...).wants("more scopes", http.StatusOK, 0)
}

// A store that is down is 503 with Retry-After wherever it is needed, nothing is created
// and nothing lost, and its reason stays in the log.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2503)
	handle := w.call("session_open")
	w.legacyCall(id, "session_get").wants("before", http.StatusOK, 0)
	w.breakStore()
	get := body("tools/call", `"name":"session_get","arguments":{"key":"k"}`)
	for name, a := range map[string]answer{
		"initialize":   w.initialize(v2511),
		"call":         w.legacy(id, v2511, get),
		"unknown id":   w.legacy("unknown", v2511, ping),
		"notification": w.legacy(id, v2511, `{"jsonrpc":"2.0","method":"notifications/initialized"}`),
		"setLevel":     w.legacy(id, v2511, body("logging/setLevel", `"level":"info"`)),
		"batch":        w.legacy(id, v2503, "["+ping+"]"),
		"DELETE":       w.do(w.request(http.MethodDelete, "", "Mcp-Session-Id", id)),
		"open":         w.call("session_open"),
		"handle":       w.modern("tools/call", "session_get", `"name":"session_get","arguments":{"key":"k","session":"abc"}`),
	} {
		a.wants(name, http.StatusServiceUnavailable, -32603)
		if a.header.Get("Retry-After") != "2" || a.header.Get("Mcp-Session-Id") != "" || strings.Contains(a.body, "secret") {
			t.Errorf("%s: %v %s", name, a.header, a.body)
		}
	}
	w.call("whoami").wants("what needs no store", http.StatusOK, 0)
	w.mend()
	w.legacy(id, v2511, ping).wants("the session is still there", http.StatusOK, 0)
	live, err := w.registry.List(t.Context(), w.principal(w.alice).Owner())
	if err != nil || len(live) != 2 { // the session and the handle
		t.Errorf("%d sessions, %v; handle %s", len(live), err, handle.body)
	}
	if !strings.Contains(w.log.String(), "secret reason") {
		t.Error("the reason is not in the log")
	}
}

// A store that fails between its calls, in the middle of a request.
func TestStoreFailsHalfway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ fails, message string }{
		{"Change", `{"jsonrpc":"2.0","method":"notifications/initialized"}`},
		{"Change", body("logging/setLevel", `"level":"info"`)},
		{"LoadData", body("tools/call", `"name":"session_get","arguments":{"key":"k"}`)},
		{"Change", body("tools/call", `"name":"session_set","arguments":{"key":"k","value":1}`)},
		{"ListOwner", body("initialize", `"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"a","version":"1"}`)},
		{"Delete", ""},
	} {
		w := newWorld(t)
		id := w.initialize(v2511).header.Get("Mcp-Session-Id")
		w.store.Fail = func(_ context.Context, call string) error {
			if call == c.fails {
				return context.DeadlineExceeded
			}
			return nil
		}
		r := w.request(http.MethodPost, c.message, "Mcp-Session-Id", id)
		if c.message == "" {
			r.Method = http.MethodDelete
		}
		a := w.do(r)
		a.wants(c.fails+" "+c.message, http.StatusServiceUnavailable, -32603)
		if a.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", c.message)
		}
		w.store.Fail = nil
		if live, _ := w.registry.List(t.Context(), w.principal(w.alice).Owner()); len(live) != 1 {
			t.Errorf("%s: %d sessions", c.message, len(live))
		}
	}
}

// The cap on sessions is 429; a steady call costs one read of the store and no write.
func TestCapAndCost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *settings) { s.sessions.MaxPerOwner = 1 })
	id := w.open(v2511)
	a := w.initialize(v2511)
	a.wants("the second", http.StatusTooManyRequests, -32600)
	if a.header.Get("Mcp-Session-Id") != "" {
		t.Errorf("%v", a.header)
	}
	w.store.Take()
	w.legacyCall(id, "whoami").wants("a call", http.StatusOK, 0)
	if calls := w.store.Take(); !slices.Equal(calls, []string{"Load"}) {
		t.Errorf("in a session: %v", calls)
	}
	w.call("whoami").wants("a call without a session", http.StatusOK, 0)
	if calls := w.store.Take(); len(calls) != 0 {
		t.Errorf("without a session: %v", calls)
	}
}

// Tools see the session of the header in the older protocols, and none in 2026-07-28.
func TestWhatToolsKnow(t *testing.T) {
	t.Parallel()
	calls := make(chan *tool.Call, 1)
	w := newWorld(t, func(s *settings) {
		s.entries = []tool.Entry{basic("look", "mcp:basic", func(_ context.Context, c *tool.Call) error { calls <- c; return nil })}
	})
	id := w.open(v2506)
	w.legacyCall(id, "look")
	if c := <-calls; c.Session == nil || c.Modern || c.Protocol != v2506 || c.Elicitation || c.Principal.Subject != "user-1" {
		t.Errorf("%s: %+v", v2506, c)
	}
	w.call("look", "Mcp-Session-Id", id)
	if c := <-calls; c.Session != nil || !c.Modern || c.Protocol != v2026 || c.Elicitation {
		t.Errorf("%s: %+v", v2026, c)
	}
	for capabilities, want := range map[string]bool{
		`{"elicitation":{}}`: true, `{"elicitation":{"form":{}}}`: true, `{"elicitation":{"url":{}}}`: false,
		`{"elicitation":{"url":{},"form":{}}}`: true, `{"sampling":{}}`: false,
	} {
		declared := strings.Replace(meta, `"io.modelcontextprotocol/clientCapabilities":{}`, `"io.modelcontextprotocol/clientCapabilities":`+capabilities, 1)
		w.post(body("tools/call", declared+`,"name":"look"`), modernHeaders("tools/call", "look")...).wants(capabilities, http.StatusOK, 0)
		if c := <-calls; c.Elicitation != want {
			t.Errorf("%s: elicitation %v", capabilities, c.Elicitation)
		}
	}
}
