package wire_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"leasehold.example/tests/wire"
)

// The throttle of a stack delays a request; it neither loses nor changes it, and it cannot hold it for ever.
func TestPatient(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refused, sent int64
		status        int
	}{
		"at once":       {0, 1, http.StatusOK},
		"after a while": {3, 4, http.StatusOK},
		"never":         {1000, 30, http.StatusTooManyRequests},
	} {
		var sent atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("a") != "b" {
				t.Errorf("%s: the body is gone", name)
			}
			if sent.Add(1) <= c.refused {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}))
		t.Cleanup(server.Close)
		who := wire.Caller{HTTP: &http.Client{Transport: wire.Patient{}}}
		a, err := who.Send(t.Context(), http.MethodPost, server.URL, "a=b", map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
		if err != nil || a.Status != c.status || sent.Load() != c.sent {
			t.Errorf("%s: %d after %d requests, %v", name, a.Status, sent.Load(), err)
		}
	}
}
