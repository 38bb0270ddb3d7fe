package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leasehold.example/libs/exchange"
	"leasehold.example/libs/identity"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if got := w.sent(t, alice(), caller, audience, "invoices:write", "invoices:read"); got != "Bearer upstream-1" {
		t.Errorf("the upstream gets %q", got)
	}
	want := url.Values{
		"grant_type":         {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token":      {caller},
		"subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}, "requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
		"audience": {audience}, "scope": {"invoices:read invoices:write"}, "client_id": {"leasehold"},
	}
	if got := w.asked[0].Encode(); got != want.Encode() {
		t.Errorf("asked\n%s, want\n%s", got, want.Encode())
	}
	if w.basic[0] != "" {
		t.Error("a public client authenticates")
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	const secret = "a secret: ü/%"
	w := newWorld(t, func(o *exchange.Options) {
		o.Secret = func(context.Context) (string, error) { return secret, nil }
	})
	w.sent(t, alice(), caller, audience)
	r := http.Request{Header: http.Header{"Authorization": w.basic}}
	id, password, ok := r.BasicAuth()
	if decoded, err := url.QueryUnescape(password); !ok || id != "leasehold" || err != nil || decoded != secret {
		t.Errorf("it authenticates as %q with %q", id, password)
	}
	if w.asked[0].Has("client_id") || w.asked[0].Has("scope") {
		t.Errorf("asked %v", w.asked[0])
	}
	broken := newWorld(t, func(o *exchange.Options) {
		o.Secret = func(context.Context) (string, error) { return "", errors.New("no such secret") }
	})
	if _, err := broken.Exchange(t.Context(), alice(), caller, audience); !errors.Is(err, exchange.ErrUnavailable) || broken.count() != 0 {
		t.Errorf("without its secret: %v, asked %d times", err, broken.count())
	}
}

// TestWhose: what is remembered is used for the same principal, token, audience and scopes, and
// for nothing else.
func TestWhose(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	other := func(change func(*identity.Principal)) identity.Principal {
		p := alice()
		change(&p)
		return p
	}
	calls := []struct {
		p        identity.Principal
		token    string
		audience string
		scopes   []string
	}{
		{alice(), caller, audience, []string{"a", "b"}},
		{other(func(p *identity.Principal) { p.Tenant = "globex" }), caller, audience, []string{"a", "b"}},
		{other(func(p *identity.Principal) { p.Issuer += "/2" }), caller, audience, []string{"a", "b"}},
		{other(func(p *identity.Principal) { p.Subject = "bob" }), caller, audience, []string{"a", "b"}},
		{other(func(p *identity.Principal) { p.Tenant, p.Issuer = p.Tenant+p.Issuer, "" }), caller, audience, []string{"a", "b"}},
		{alice(), "another.token", audience, []string{"a", "b"}},
		{other(func(p *identity.Principal) { p.Subject = "alice x" }), caller, audience, nil},
		{alice(), "x " + caller, audience, nil},
		{alice(), caller, audience + "/2", []string{"a", "b"}},
		{alice(), caller, audience, []string{"a"}},
		{alice(), caller, audience, nil},
	}
	first := make([]string, len(calls))
	for n, c := range calls {
		first[n] = w.sent(t, c.p, c.token, c.audience, c.scopes...)
		if want := fmt.Sprintf("Bearer upstream-%d", n+1); first[n] != want {
			t.Errorf("call %d gets %q, which is another's", n, first[n])
		}
	}
	for n, c := range calls {
		if again := w.sent(t, c.p, c.token, c.audience, c.scopes...); again != first[n] {
			t.Errorf("call %d gets %q, then %q", n, first[n], again)
		}
	}
	if again := w.sent(t, alice(), caller, audience, "b", "a", "b"); again != first[0] {
		t.Errorf("in another order the scopes get %q", again)
	}
}

// TestUntil: a token is used until it or the caller's expires, and no longer than five minutes.
func TestUntil(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		expiresIn any
		caller    time.Duration // what the caller's token has left
		want      time.Duration // for how long it is used; 0 is this once
	}{
		"long":           {3600, time.Hour, 5 * time.Minute},
		"short":          {90, time.Hour, time.Minute},
		"within leeway":  {30, time.Hour, 0},
		"not said":       {nil, time.Hour, 0},
		"callers's ends": {3600, 2 * time.Minute, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.answer = func(rw http.ResponseWriter, _ int) { reply(rw, with(map[string]any{"expires_in": tt.expiresIn})) }
			p := alice()
			p.ExpiresAt = epoch.Add(tt.caller)
			w.sent(t, p, caller, audience)
			if tt.want > 0 {
				w.now = epoch.Add(tt.want - 1)
				w.sent(t, p, caller, audience)
				if w.count() != 1 {
					t.Errorf("asked again before %v", tt.want)
				}
			}
			w.now = epoch.Add(tt.want)
			_, err := w.Exchange(t.Context(), p, caller, audience)
			if expired := tt.want == tt.caller; expired != errors.Is(err, exchange.ErrRefused) || !expired && w.count() != 2 {
				t.Errorf("after %v: %v, asked %d times", tt.want, err, w.count())
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"invalid_request", "invalid_grant", "invalid_target", "invalid_scope", "access_denied"} {
		w := newWorld(t, nil)
		w.fails(http.StatusBadRequest, code)
		w.want(t, exchange.ErrRefused, code)
	}
	less := newWorld(t, nil)
	less.answer = func(rw http.ResponseWriter, _ int) { reply(rw, with(map[string]any{"scope": "invoices:write other"})) }
	less.want(t, exchange.ErrRefused, "invoices:read")
}

// want exchanges, with that error and no other, and with the reason in the log alone.
func (w *world) want(t *testing.T, want error, reason string) {
	t.Helper()
	authorize, err := w.Exchange(t.Context(), alice(), caller, audience, "invoices:read")
	if err != want || authorize != nil { //nolint:errorlint // the text may go to a client: nothing is wrapped
		t.Errorf("%v, want %v", err, want)
	}
	if log := w.log.String(); !strings.Contains(log, reason) || strings.Contains(log, caller) || strings.Contains(log, "upstream-") {
		t.Errorf("want %q and no token in the log: %s", reason, log)
	}
	if _, err := w.Exchange(t.Context(), alice(), caller, audience, "invoices:read"); err == nil || w.count() == 1 {
		t.Error("the failure is remembered")
	}
}

func TestUnavailable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter)
		reason string
	}{
		"down": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }, "503"},
		"busy": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) }, "429"},
		"busy with words": {func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusServiceUnavailable)
			reply(w, map[string]any{"error": "invalid_target"})
		}, "503"},
		"redirect": {func(w http.ResponseWriter) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, "307"},
		"another success": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusCreated); reply(w, good(1)) }, "201"},
		"no JSON":         {func(w http.ResponseWriter) { _, _ = w.Write([]byte("upstream-1")) }, "not the JSON"},
		"twice":           {func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"access_token":"a","access_token":"b"}`)) }, "not the JSON"},
		"large":           {func(w http.ResponseWriter) { reply(w, with(map[string]any{"x": strings.Repeat("x", 64<<10)})) }, "larger than"},
		"no client": {func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadRequest)
			reply(w, map[string]any{"error": "unauthorized_client"})
		}, "400"},
		"hung up": {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.answer = func(rw http.ResponseWriter, _ int) { tt.answer(rw) }
			w.want(t, exchange.ErrUnavailable, tt.reason)
		})
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change map[string]any
		reason string // empty when the answer is good
	}{
		"JWT":              {map[string]any{"issued_token_type": "urn:ietf:params:oauth:token-type:jwt"}, ""},
		"scope as asked":   {map[string]any{"scope": "other invoices:read"}, ""},
		"bearer in small":  {map[string]any{"token_type": "bearer"}, ""},
		"padded":           {map[string]any{"access_token": "ab+/=="}, ""},
		"no token":         {map[string]any{"access_token": nil}, "bearer token"},
		"padding alone":    {map[string]any{"access_token": "=="}, "bearer token"},
		"a header":         {map[string]any{"access_token": "a\r\nX-Admin: 1"}, "bearer token"},
		"a long token":     {map[string]any{"access_token": strings.Repeat("x", 16<<10+1)}, "bearer token"},
		"the caller's own": {map[string]any{"access_token": caller}, "the caller's own"},
		"a refresh token":  {map[string]any{"issued_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "issued_token_type"},
		"no type":          {map[string]any{"issued_token_type": nil}, "issued_token_type"},
		"bound to a key":   {map[string]any{"token_type": "DPoP"}, "token_type"},
		"not for access":   {map[string]any{"token_type": "N_A"}, "token_type"},
		"dead":             {map[string]any{"expires_in": 0}, "expires_in"},
		"eternal":          {map[string]any{"expires_in": 86401}, "expires_in"},
		"a long while":     {map[string]any{"expires_in": 86400}, ""},
		"text":             {map[string]any{"expires_in": "3600"}, "not the JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.answer = func(rw http.ResponseWriter, _ int) { reply(rw, with(tt.change)) }
			if tt.reason != "" {
				w.want(t, exchange.ErrUnavailable, tt.reason)
				return
			}
			w.sent(t, alice(), caller, audience, "invoices:read")
		})
	}
}

// TestShared: many calls of one person at once are one exchange, those of another tenant another.
func TestShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan struct{}, 100)
		o := exchange.Options{
			TokenURL: "https://tokens.example", ClientID: "leasehold", Now: func() time.Time { return epoch },
			InsecureTransport: roundTrip(func(*http.Request) *http.Response {
				asked <- struct{}{}
				time.Sleep(time.Second) // of the bubble: until all others wait
				rec := httptest.NewRecorder()
				reply(rec, good(1))
				return rec.Result()
			}),
		}
		e, err := exchange.New(o)
		if err != nil {
			t.Fatal(err)
		}
		carol := alice()
		carol.Tenant = "globex"
		var all sync.WaitGroup
		for range 20 {
			for _, p := range []identity.Principal{alice(), carol} {
				all.Go(func() {
					if _, err := e.Exchange(t.Context(), p, caller, audience); err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		if len(asked) != 2 {
			t.Errorf("%d exchanges, want one for each of two people", len(asked))
		}
	})
}

type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

func TestCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tested := make(chan struct{})
	w.answer = func(http.ResponseWriter, int) {
		cancel()
		<-tested
	}
	defer close(tested)
	if _, err := w.Exchange(ctx, alice(), caller, audience); !errors.Is(err, context.Canceled) {
		t.Errorf("the call ended, and the error is %v", err)
	}
}

// TestUnprintable: no way to print what Exchange returns shows the token.
func TestUnprintable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	authorize, err := w.Exchange(t.Context(), alice(), caller, audience)
	if err != nil {
		t.Fatal(err)
	}
	held := struct{ Authorize func(*http.Request) }{authorize}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb, held); strings.Contains(text, "upstream") || strings.Contains(text, fmt.Sprintf("%x", "upstream")) {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]exchange.Options{
		"no URL":      {ClientID: "c"},
		"http":        {TokenURL: "http://tokens.example", ClientID: "c"},
		"no client":   {TokenURL: "https://tokens.example"},
		"loopback":    {TokenURL: "http://127.0.0.1:1", ClientID: "c"},
		"not for dev": {TokenURL: "http://tokens.example", ClientID: "c", InsecureLoopback: true},
	} {
		if _, err := exchange.New(o); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	// Rule 17: what is public by name and loopback by address is not dialled.
	w := newWorld(t, nil)
	e, err := exchange.New(exchange.Options{TokenURL: strings.Replace(w.server.URL, "http", "https", 1), ClientID: "c", Logger: slog.New(slog.NewTextHandler(&w.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	p := alice()
	p.ExpiresAt = time.Now().Add(time.Hour)
	if _, err := e.Exchange(t.Context(), p, caller, audience); !errors.Is(err, exchange.ErrUnavailable) || !strings.Contains(w.log.String(), "may be dialled") {
		t.Errorf("a private address: %v: %s", err, &w.log)
	}
}
