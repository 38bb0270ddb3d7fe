package exchange_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"leasehold.example/libs/exchange"
	"leasehold.example/libs/identity"
)

const (
	caller   = "the-callers.own.token"
	audience = "https://invoices.example"
)

var epoch = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is an authorization server that answers as each test says, and an exchanger of it.
type world struct {
	*exchange.Exchanger

	server *httptest.Server
	log    bytes.Buffer
	now    time.Time

	mu     sync.Mutex
	asked  []url.Values
	basic  []string // the Authorization of each request
	answer func(w http.ResponseWriter, n int)
}

func newWorld(t *testing.T, change func(*exchange.Options)) *world {
	t.Helper()
	w := &world{now: epoch, answer: func(rw http.ResponseWriter, n int) { reply(rw, good(n)) }}
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.URL.RawQuery != "" {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		w.asked = append(w.asked, r.PostForm)
		w.basic = append(w.basic, r.Header.Get("Authorization"))
		w.answer(rw, len(w.asked))
	}))
	t.Cleanup(w.server.Close)
	o := exchange.Options{
		TokenURL: w.server.URL, ClientID: "leasehold", InsecureLoopback: true, Now: func() time.Time { return w.now },
		Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
	}
	if change != nil {
		change(&o)
	}
	var err error
	if w.Exchanger, err = exchange.New(o); err != nil {
		t.Fatal(err)
	}
	return w
}

// good is the nth answer of a server that does as it is asked.
func good(n int) map[string]any {
	return map[string]any{
		"access_token": fmt.Sprintf("upstream-%d", n), "token_type": "Bearer", "expires_in": 3600,
		"issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
	}
}

// with is good with other members; nil leaves one out.
func with(changes map[string]any) map[string]any {
	body := good(1)
	maps.Copy(body, changes)
	maps.DeleteFunc(body, func(_ string, v any) bool { return v == nil })
	return body
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func (w *world) fails(status int, code string) {
	w.answer = func(rw http.ResponseWriter, _ int) {
		rw.WriteHeader(status)
		reply(rw, map[string]any{"error": code, "error_description": "about " + caller})
	}
}

// count is how often the server was asked so far.
func (w *world) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

func alice() identity.Principal {
	return identity.Principal{Tenant: "acme", Issuer: "https://issuer.example", Subject: "alice", ExpiresAt: epoch.Add(time.Hour)}
}

// sent is the Authorization header that a request to the upstream gets.
func (w *world) sent(t *testing.T, p identity.Principal, token, audience string, scopes ...string) string {
	t.Helper()
	authorize, err := w.Exchange(t.Context(), p, token, audience, scopes...)
	if err != nil {
		t.Fatalf("%v\n%s", err, &w.log)
	}
	r := httptest.NewRequest(http.MethodGet, audience, http.NoBody)
	authorize(r)
	return r.Header.Get("Authorization")
}
