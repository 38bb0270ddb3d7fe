package authorizer_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/scopes"
)

// `make dashboards` draws what this load leaves in the log.
var (
	summariesDir = flag.String("summaries", "", "write the log of TestLoad into this `directory`, which exists")
	rounds       = flag.Int("rounds", 2, "how long the load of TestLoad is")
)

// TestLoad: good tokens of several tenants, and bad ones of each kind, make the authorizer
// emit every metric that it is said to.
func TestLoad(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var w *world
	for round := range *rounds {
		if round%50 == 0 { // another instance of the function, while the issuer is away
			w = newWorld(t, nil)
			w.issuer.SetDown(true)
			_, _ = w.Authorize(t.Context(), withAuthorization("Bearer "+w.issuer.Token())) // its error is in the log
			w.log.WriteTo(&log)
			w = newWorld(t, nil)
		}
		bad := []event{
			withAuthorization("Bearer " + w.issuer.Token(identitytest.Expires(time.Now().Add(-time.Hour)))),
			withAuthorization("Bearer " + w.issuer.Token(identitytest.Without("tenant"))),
			call(w.issuer.Token(identitytest.Scopes(scopes.Basic)), "2026-07-28", "tools/call", "session_get"),
		}
		for _, subject := range []string{"ada", "ben", "cleo", "dan", "eve"} {
			e := withAuthorization("Bearer " + w.issuer.Token(identitytest.Subject(subject), identitytest.Scopes(scopes.Basic)))
			if _, err := w.Authorize(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = w.Authorize(t.Context(), bad[round%len(bad)]) // refused in a way of its own
		_, _ = w.Authorize(t.Context(), bad[2])
		w.log.WriteTo(&log)
	}
	for _, m := range metric.All() {
		if m.Emits(metric.ServiceAuthorizer) && !strings.Contains(log.String(), `"`+m.Name+`":`) {
			t.Errorf("nothing makes the authorizer emit %s", m.Name)
		}
	}
	if *summariesDir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*summariesDir, metric.ServiceAuthorizer+".jsonl"), log.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
