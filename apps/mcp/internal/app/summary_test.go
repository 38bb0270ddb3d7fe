package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
	"leasehold.example/libs/telemetry/telemetrytest"
)

// summaries are the summary lines in what was logged.
func summaries(t testing.TB, log string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(log) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("a line of the log is not JSON: %v: %s", err, line)
		}
		if m["message"] == metric.SummaryMessage {
			all = append(all, m)
		}
	}
	return all
}

// TestSummaries: every request leaves one line, which says what it was, whose, and what
// became of it; and what a client invents is not in it.
func TestSummaries(t *testing.T) {
	t.Parallel()
	s, p := newServer(t, map[string]string{config.EnvSessionCap: "6"})
	other := newPerson(s, p.issuer, "tenant-b", "subject-two")
	weak := p.As(p.token(identitytest.Scopes("mcp:basic")))
	batch := fmt.Sprintf(`[%s,%s]`, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":2,"method":"nonsense"}`)
	old := p.Call(t, "", "initialize", `{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"old","version":"1"}}`).Header.Get("Mcp-Session-Id")

	for name, test := range map[string]struct {
		do   func()
		want map[string]any
	}{
		"a tool, legacy": {
			func() { p.Tool(t, p.session, "session_get", `{"key":"key"}`) },
			map[string]any{"method": "tools/call", "tool": "session_get", "era": "legacy", "status": 200.0, "outcome": "ok", "tenant": "tenant-a", "ValidMCPEvents": 1.0, "storeCalls": 2.0},
		},
		"a tool, modern": {
			func() { p.ToolModern(t, "math", `{"a":2,"b":3}`) },
			map[string]any{"method": "tools/call", "tool": "math", "era": "modern", "status": 200.0, "outcome": "ok", "ValidMCPEvents": 1.0, "storeCalls": 0.0},
		},
		"a tool's own error": {
			func() { p.ToolModern(t, "notebook_read", `{"notebook":"nobodys"}`) },
			map[string]any{"tool": "notebook_read", "outcome": metric.ToolErrors, "ToolErrors": 1.0, "ValidMCPEvents": 1.0, "problem": "SessionUnknown"},
		},
		"a notification": {
			func() { p.Notify(t, p.session, "notifications/initialized", "{}") },
			map[string]any{"method": "notifications/initialized", "status": 202.0, "ValidMCPEvents": 1.0},
		},
		"an unknown tool": {
			func() { p.ToolModern(t, "invented-secret", `{}`) },
			map[string]any{"method": "tools/call", "tool": nil, "outcome": metric.ProtocolErrors, "status": 200.0, "ProtocolErrors": 1.0, "ValidMCPEvents": nil},
		},
		"an unknown method": {
			func() { p.CallModern(t, "invented-secret", "", "") },
			map[string]any{"method": "other", "outcome": metric.ProtocolErrors, "status": 404.0},
		},
		"not JSON": {
			func() { p.Do(t, http.MethodPost, "{", nil) },
			map[string]any{"method": nil, "outcome": metric.ProtocolErrors, "status": 400.0, "tenant": "tenant-a"},
		},
		"no token": {
			func() { p.As("").ToolModern(t, "math", `{"a":2,"b":3}`) },
			map[string]any{"outcome": metric.AuthFailures, "status": 401.0, "AuthFailures": 1.0, "tenant": nil, "subject": nil, "reason": nil, "ProtocolErrors": nil},
		},
		"a bad token": {
			func() { p.As(p.token(identitytest.Claim("aud", "https://other.example"))).ToolModern(t, "math", `{}`) },
			map[string]any{"outcome": metric.AuthFailures, "status": 401.0, "reason": "identity: the token is for another audience", "subject": nil},
		},
		"no tenant": {
			func() { p.As(p.token(identitytest.Without("tenant"))).ToolModern(t, "math", `{}`) },
			map[string]any{"outcome": metric.AuthFailures, "status": 403.0, "reason": "identity: the token names no tenant"},
		},
		"too few scopes": {
			func() { weak.ToolModern(t, "notebook_open", `{"title":"x"}`) },
			map[string]any{"tool": "notebook_open", "outcome": metric.InsufficientScope, "status": 403.0, "InsufficientScope": 1.0, "ProtocolErrors": nil},
		},
		"a foreign session": {
			func() { other.Tool(t, p.session, "session_get", `{"key":"key"}`) },
			map[string]any{"outcome": metric.ProtocolErrors, "status": 404.0, "tenant": "tenant-b", "SessionBindingViolations": 1.0, "problem": string(session.SessionBindingViolation), "storeCalls": 2.0},
		},
		"one session too many": {
			func() { p.Initialize(t, "", "seventh") },
			map[string]any{"method": "initialize", "outcome": metric.LimitsReached, "status": 429.0, "LimitsReached": 1.0, "SessionsOpened": nil, "ProtocolErrors": nil},
		},
		"a session": {
			func() { other.Initialize(t, "", "first") },
			map[string]any{"method": "initialize", "outcome": "ok", "SessionsOpened": 1.0, "ValidMCPEvents": 1.0},
		},
		"a batch": {
			func() {
				p.Do(t, http.MethodPost, batch, map[string]string{"Mcp-Session-Id": old, "Mcp-Protocol-Version": "2025-03-26"})
			},
			map[string]any{"method": "batch", "era": "legacy", "ValidMCPEvents": 1.0, "ProtocolErrors": 1.0, "status": 200.0},
		},
		"another method of HTTP": {
			func() { p.Do(t, http.MethodGet, "", nil) },
			map[string]any{"outcome": metric.ProtocolErrors, "status": 405.0},
		},
	} {
		before := len(s.Log.String())
		test.do()
		log := s.Log.String()[before:]
		lines := summaries(t, log)
		if len(lines) != 1 {
			t.Errorf("%s: %d summary lines: %s", name, len(lines), log)
			continue
		}
		for key, want := range test.want {
			if lines[0][key] != want {
				t.Errorf("%s: %s = %v, want %v: %s", name, key, lines[0][key], want, log)
			}
		}
		if strings.Contains(log, "invented-secret") {
			t.Errorf("%s: what the client invented is logged: %s", name, log)
		}
		if aside := strings.Count(log, "\n") - 1; aside > 1 || aside == 1 && lines[0]["problem"] == nil {
			t.Errorf("%s: more than a summary, and no audit: %s", name, log)
		}
		wantFields(t, lines[0])
	}
	before := len(s.Log.String())
	p.Delete(t, p.session)
	if line := summaries(t, s.Log.String()[before:])[0]; line["SessionsRevoked"] != 1.0 || line["status"] != 204.0 {
		t.Errorf("DELETE: %v", line)
	}
}

// wantFields demands that a line has no member that package metric does not know.
func wantFields(t *testing.T, line map[string]any) {
	t.Helper()
	known := map[string]bool{
		"timestamp": true, "level": true, "message": true, "service": true, "version": true, "stage": true, "requestId": true,
		"_aws": true, metric.DimensionService: true, metric.DimensionStage: true,
	}
	for _, f := range metric.Fields() {
		known[f.Name] = true
	}
	for _, m := range metric.All() {
		known[m.Name] = m.Emits(metric.ServiceMCP)
	}
	for name := range maps.Keys(line) {
		if !known[name] {
			t.Errorf("the line has a member %q that is not documented", name)
		}
	}
}

// TestOtherRoutesAreSilent: only /mcp has summaries; a health check a second would be most of
// the log.
func TestOtherRoutesAreSilent(t *testing.T) {
	t.Parallel()
	s, p := newServer(t, nil)
	before := s.Log.String()
	for _, path := range []string{"/healthz", "/.well-known/oauth-protected-resource", "/nothing"} {
		c := p.Client
		c.URL = strings.TrimSuffix(c.URL, "/mcp") + path
		c.Do(t, http.MethodGet, "", nil)
	}
	if s.Log.String() != before {
		t.Errorf("logged: %s", s.Log.String()[len(before):])
	}
}

// TestRule25NothingSecretIsLogged: a whole run of everything, with the level debug and
// under a debug claim, leaves no token, id, handle, state, hash of one, subject or data in
// the log, nor a header; nor in a span or a metric.
func TestRule25NothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	issuers := twoIssuers(t)
	store := &outage{Store: memstore.New()}
	collector := telemetrytest.Serve(t)
	s := apptest.New(t, apptest.Options{
		Issuers: issuers, Store: store, Debug: "log_debug",
		Environ: map[string]string{config.EnvLogLevel: "debug", config.EnvOTLPEndpoint: collector.URL},
	})
	var all []*person
	tokens := []string{}
	for i, tenant := range []string{"tenant-a", "tenant-b"} {
		p := newPerson(s, issuers[i], tenant, "subject-"+tenant)
		p.Client = p.As(p.token(identitytest.Claim("log_debug", true)))
		p.settle(t)
		all = append(all, p)
	}
	for _, a := range attacks() {
		a.make(t, all[0], all[1])
	}
	for _, p := range all {
		p.wantOwn(t)
		for _, bad := range []string{
			p.token(identitytest.Claim("aud", "https://other.example")), p.token(identitytest.Without("tenant")),
			p.Token[:len(p.Token)-4] + "AAAA", "opaque-" + p.secret,
		} {
			tokens = append(tokens, bad)
			p.As(bad).Tool(t, p.session, "session_get", `{"key":"key"}`)
		}
		p.Tool(t, p.session, "session_set", `{"key":7,"value":"`+p.secret+`"}`)
		p.Tool(t, p.session, p.secret, `{}`)
		p.CallModern(t, "resources/read", "secret://"+p.secret, `"uri":"secret://`+p.secret+`"`)
		p.Do(t, http.MethodPost, `{"jsonrpc":"2.0","`+p.secret, nil)
		store.down.Store(true)
		p.Tool(t, p.session, "session_set", `{"key":"key","value":"`+p.secret+`"}`)
		p.ToolModern(t, "notebook_append", p.entry(p.book))
		store.down.Store(false)
		p.leave(t)
	}

	wantQuietLog(t, s, all)
	log := s.Log.String()
	s.Telemetry.Flush(t.Context())
	sent := collector.String()
	wantQuiet(t, sent, all)
	forbidden := []string{"Authorization", "authorization", "Bearer", "Mcp-Session-Id"}
	for _, p := range all {
		forbidden = append(forbidden, p.Token, p.subject, p.issuer.URL()+"#")
		for _, k := range p.targets() {
			forbidden = append(forbidden, string(k.Hash))
		}
		forbidden = append(forbidden, p.owner().Hash())
	}
	for _, token := range tokens {
		forbidden = append(forbidden, token, token[strings.LastIndex(token, ".")+1:])
	}
	for _, secret := range forbidden {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
		if strings.Contains(sent, secret) {
			t.Errorf("a span or a metric holds %q", secret)
		}
	}
	// Or nothing would have been looked at.
	for _, expected := range []string{`"message":"store call"`, `"level":"DEBUG"`, `"debug":true`, `"SessionBindingViolations":1`, `"Unavailable":1`, `"AuthFailures":1`} {
		if !strings.Contains(log, expected) {
			t.Errorf("the run did not log %s", expected)
		}
	}
	for _, expected := range []string{`"tools/call session_set"`, `"mcp.session.id"`, `"tool_error"`, `"SessionBindingViolations"`, `"StoreLatency"`} {
		if !strings.Contains(sent, expected) {
			t.Errorf("the run sent no %s", expected)
		}
	}
	if levels := summaries(t, log); !slices.ContainsFunc(levels, func(l map[string]any) bool { return l["level"] == "WARN" }) {
		t.Error("an outage is no warning")
	}
}

// outage is a store whose writes may fail.
type outage struct {
	*memstore.Store
	down atomic.Bool
}

func (o *outage) Change(ctx context.Context, k session.Key, c session.Change) error {
	if o.down.Load() {
		return fmt.Errorf("%w: the table cannot be reached", session.ErrUnavailable)
	}
	return o.Store.Change(ctx, k, c)
}

// TestDebugClaim: a claim that the issuer signed, and whose name the operator chose, shows one
// tenant's requests in detail. Without the setting it is a claim like any other.
func TestDebugClaim(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"log_debug", ""} {
		issuers := twoIssuers(t)
		s := apptest.New(t, apptest.Options{
			Issuers: issuers, Store: memstore.New(), Environ: map[string]string{config.EnvLogSample: "0"}, Debug: name,
		})
		p := newPerson(s, issuers[0], "tenant-a", "subject-one")
		p.Open(t, "quiet")
		if log := s.Log.String(); strings.Contains(log, "DEBUG") || strings.Contains(log, "tenant-a") || !strings.Contains(log, `"Requests":1`) {
			t.Errorf("%q: without the claim, at sample 0: %s", name, log)
		}
		p.As(p.token(identitytest.Claim("log_debug", true))).Open(t, "loud")
		if log := s.Log.String(); strings.Contains(log, `"level":"DEBUG"`) != (name != "") || strings.Contains(log, `"tenant":"tenant-a"`) != (name != "") {
			t.Errorf("%q: with the claim: %s", name, log)
		}
	}
}
