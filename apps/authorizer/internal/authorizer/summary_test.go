package authorizer_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	it "leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/scopes"
)

// TestSummaries: each event leaves one line, with the metrics that an authorizer emits and
// none of the server's. No token and no subject is in any.
func TestSummaries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	good := w.issuer.Token(it.Subject("jane@acme.example"), it.Scopes(scopes.Basic))
	expired := w.issuer.Token(it.Subject("jane@acme.example"), it.Expires(time.Now().Add(-time.Hour)))
	misplaced := withAuthorization("Bearer " + good)
	misplaced.MethodArn = strings.ReplaceAll(arn, "mcp", "other")
	for name, test := range map[string]struct {
		event event
		want  map[string]any
	}{
		"allowed":        {withAuthorization("Bearer " + good), map[string]any{"outcome": "ok", "tenant": "acme", "Requests": 1.0, "AuthFailures": nil}},
		"no token":       {withAuthorization(), map[string]any{"outcome": metric.AuthFailures, "AuthFailures": 1.0, "tenant": nil, "reason": nil}},
		"expired":        {withAuthorization("Bearer " + expired), map[string]any{"outcome": metric.AuthFailures, "AuthFailures": 1.0, "TokensWithoutTenant": nil, "tenant": nil}},
		"no tenant":      {withAuthorization("Bearer " + w.issuer.Token(it.Without("tenant"))), map[string]any{"outcome": metric.AuthFailures, "AuthFailures": 1.0, "TokensWithoutTenant": 1.0, "reason": "identity: the token names no tenant"}},
		"a scope lacked": {call(good, "2026-07-28", "tools/call", "session_get"), map[string]any{"outcome": metric.InsufficientScope, "InsufficientScope": 1.0, "tenant": "acme"}},
		"misplaced":      {misplaced, map[string]any{"outcome": "misplaced", "Requests": 1.0}},
	} {
		w.log.Reset()
		test.event.RequestContext.RequestID = "edge-1"
		_, _ = w.Authorize(t.Context(), test.event)
		var line map[string]any
		if err := json.Unmarshal(w.log.Bytes(), &line); err != nil {
			t.Fatalf("%s: not one line: %v: %s", name, err, w.log.String())
		}
		for key, want := range test.want {
			if line[key] != want {
				t.Errorf("%s: %s = %v, want %v", name, key, line[key], want)
			}
		}
		if line["edgeRequestId"] != "edge-1" || line["Service"] != metric.ServiceAuthorizer || line["Latency"] == nil || line["subject"] != nil {
			t.Errorf("%s: %s", name, w.log.String())
		}
		for _, m := range metric.All() {
			if !m.Emits(metric.ServiceAuthorizer) && line[m.Name] != nil {
				t.Errorf("%s: it emits %s, which it is not said to", name, m.Name)
			}
		}
		for _, secret := range []string{good, expired, good[strings.LastIndex(good, ".")+1:], "jane@", "Bearer"} {
			if strings.Contains(w.log.String(), secret) {
				t.Errorf("%s: the log holds %q", name, secret)
			}
		}
	}
}
