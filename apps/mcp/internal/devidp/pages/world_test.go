package pages_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/apps/mcp/internal/devidp/pages"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
)

const (
	host    = "127.0.0.1:8080"
	issuer  = "https://idp.example"
	hostile = `</code><b-hostile x="1">'"&<script>alert(1)</script>`
)

// allScopes are those of the shipped tools.
var allScopes = []string{"mcp:basic", "notebook:delete", "notebook:read", "notebook:write", "session:read", "session:write"}

// world is the whole server with its pages. A browser in it says in a cookie who is
// signed in; what that is worth is the authorization server's affair.
type world struct {
	*apptest.Server
	pages  *pages.Pages
	mux    *http.ServeMux
	people map[string]identity.Principal
	// broken makes the store fail, and tokenless the token source.
	broken, tokenless atomic.Bool
	signedOut, calls  atomic.Int64
	// endpoint, when it is set, answers in place of the real one.
	endpoint http.Handler
	tokens   []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	idp := identitytest.NewIssuer(t, issuer)
	w := &world{
		Server: apptest.New(t, apptest.Options{Issuers: []*identitytest.Issuer{idp}, Store: memstore.New()}),
		mux:    http.NewServeMux(),
		people: map[string]identity.Principal{
			"ann":     {Tenant: "tenant-a", Issuer: issuer, Subject: "ann", ClientID: "pages", Scopes: allScopes},
			"bob":     {Tenant: "tenant-a", Issuer: issuer, Subject: "bob", ClientID: "pages", Scopes: allScopes},
			"few":     {Tenant: "tenant-a", Issuer: issuer, Subject: "few", ClientID: "pages", Scopes: []string{"mcp:basic"}},
			"blank":   {Tenant: "tenant-a", Issuer: issuer, Subject: "blank", ClientID: "pages", Scopes: allScopes},
			"hostile": {Tenant: "tenant-b", Issuer: issuer, Subject: hostile, ClientID: hostile, Scopes: allScopes},
		},
	}
	p, err := pages.New(pages.Config{
		Browser: w, Sessions: w, URL: identitytest.Audience, Hosts: []string{host, "localhost:8080"},
		Endpoint: http.HandlerFunc(w.serveMCP), Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Token: func(p identity.Principal) (string, error) {
			if w.tokenless.Load() {
				return "", errors.New("no key")
			}
			token := idp.Token(identitytest.Tenant(p.Tenant), identitytest.Subject(p.Subject), identitytest.Client(p.ClientID), identitytest.Scopes(p.Scopes...))
			w.tokens = append(w.tokens, token)
			return token, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Register(w.mux)
	w.pages = p
	return w
}

func (w *world) serveMCP(rw http.ResponseWriter, r *http.Request) {
	w.calls.Add(1)
	if w.endpoint != nil {
		w.endpoint.ServeHTTP(rw, r)
		return
	}
	w.Handler.ServeHTTP(rw, r)
}

// Principal, SignInURL and SignOut make a world a pages.Browser.
func (w *world) Principal(r *http.Request) (identity.Principal, string, bool) {
	c, err := r.Cookie("who")
	if err != nil {
		return identity.Principal{}, "", false
	}
	p, ok := w.people[c.Value]
	if c.Value == "blank" {
		return p, "", ok
	}
	return p, "csrf-" + c.Value, ok
}

func (w *world) SignInURL(back string) string { return "/sign-in?back=" + url.QueryEscape(back) }

func (w *world) SignOut(rw http.ResponseWriter, _ *http.Request) {
	w.signedOut.Add(1)
	http.SetCookie(rw, &http.Cookie{Name: "who", MaxAge: -1})
}

// List, RevokeRecord and RevokeOwner make it a pages.Sessions.
func (w *world) List(ctx context.Context, owner identity.Owner) ([]session.Record, error) {
	if w.broken.Load() {
		return nil, session.ErrUnavailable
	}
	return w.Registry.List(ctx, owner)
}

func (w *world) RevokeRecord(ctx context.Context, rec session.Record) error {
	return w.Registry.RevokeRecord(ctx, rec)
}

func (w *world) RevokeOwner(ctx context.Context, owner identity.Owner) (int, error) {
	if w.broken.Load() {
		return 0, session.ErrUnavailable
	}
	return w.Registry.RevokeOwner(ctx, owner)
}

// request is what who's browser sends: a form is posted, without one a page is asked for.
func request(t *testing.T, who, path string, form map[string]string) *http.Request {
	t.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		values := url.Values{}
		for name, value := range form {
			values.Set(name, value)
		}
		method, body = http.MethodPost, values.Encode()
	}
	r := httptest.NewRequestWithContext(t.Context(), method, "http://"+host+path, strings.NewReader(body))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://"+host)
	}
	if who != "" {
		r.AddCookie(&http.Cookie{Name: "who", Value: who})
	}
	return r
}

func (w *world) do(r *http.Request) *httptest.ResponseRecorder {
	a := httptest.NewRecorder()
	w.mux.ServeHTTP(a, r)
	return a
}

// page fetches a page, or posts a form, and holds it to what is true of every page.
func (w *world) page(t *testing.T, status int, who, path string, form map[string]string) *node {
	t.Helper()
	a := w.do(request(t, who, path, form))
	if a.Code != status {
		t.Fatalf("%s: %d, want %d: %s", path, a.Code, status, a.Body)
	}
	return wantPage(t, a, "'self'")
}

func wantPage(t *testing.T, a *httptest.ResponseRecorder, formAction string) *node {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type":            "text/html; charset=utf-8",
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action " + formAction,
		"X-Content-Type-Options":  "nosniff",
		"Referrer-Policy":         "same-origin",
		"Cache-Control":           "no-store",
	} {
		if got := a.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	doc := parsePage(t, a.Body.String())
	wantSound(t, doc)
	return doc
}

// open opens a session of who, as a client does.
func (w *world) open(t *testing.T, who string, kind session.Kind) (id string) {
	t.Helper()
	id, _, err := w.Registry.Create(t.Context(), w.people[who], session.New{Kind: kind, Protocol: "2025-11-25", Client: "client of " + who, Data: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// live is how many sessions who has.
func (w *world) live(t *testing.T, who string) int {
	t.Helper()
	all, err := w.Registry.List(t.Context(), w.people[who].Owner())
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func contains(t *testing.T, n *node, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(n.text, text) {
			t.Errorf("%q is missing in: %s", text, strings.Join(strings.Fields(n.text), " "))
		}
	}
}
