package pages_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"leasehold.example/apps/mcp/internal/devidp/pages"
	"leasehold.example/libs/session"
)

// TestHome: it says who is signed in, or how to.
func TestHome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := w.page(t, http.StatusOK, "", "/", nil)
	out.one(t, "href", "/sign-in?back=%2F")
	if len(out.all("form")) != 0 {
		t.Error("nobody is signed in, and there is a form")
	}
	in := w.page(t, http.StatusOK, "ann", "/", nil)
	contains(t, in, "tenant-a", "ann", issuer, "notebook:write", "https://mcp.example/mcp")
	// A subject may be anything, and is text.
	contains(t, w.page(t, http.StatusOK, "hostile", "/", nil), hostile)

	a := w.do(request(t, "ann", "/sign-out", in.form(t, "/sign-out", "csrf", "csrf-ann").values()))
	if a.Code != http.StatusSeeOther || a.Header().Get("Location") != "/" || w.signedOut.Load() != 1 {
		t.Errorf("sign-out: %d to %q, %d times", a.Code, a.Header().Get("Location"), w.signedOut.Load())
	}
}

// TestSignInFirst: pages of somebody send everybody else to sign in and back.
func TestSignInFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, want := range map[string]string{
		"/sessions":       "/sign-in?back=%2Fsessions",
		"/try?tool=a%26b": "/sign-in?back=%2Ftry%3Ftool%3Da%2526b",
	} {
		if a := w.do(request(t, "", path, nil)); a.Code != http.StatusSeeOther || a.Header().Get("Location") != want {
			t.Errorf("%s: %d to %q", path, a.Code, a.Header().Get("Location"))
		}
	}
	if w.calls.Load() != 0 {
		t.Error("the endpoint was called for nobody")
	}
}

func TestStyle(t *testing.T) {
	t.Parallel()
	a := newWorld(t).do(request(t, "", "/style.css", nil))
	if a.Code != http.StatusOK || !strings.HasPrefix(a.Header().Get("Content-Type"), "text/css") {
		t.Fatalf("%d %s", a.Code, a.Header().Get("Content-Type"))
	}
	for _, loads := range []string{"url(", "@import", "http"} {
		if strings.Contains(a.Body.String(), loads) {
			t.Errorf("the style sheet has %q: it loads something", loads)
		}
	}
	for _, has := range []string{"prefers-color-scheme: dark", ":focus-visible", "max-width: 30rem"} {
		if !strings.Contains(a.Body.String(), has) {
			t.Errorf("the style sheet lacks %q", has)
		}
	}
}

// TestRefused is rule 32 on these pages: a host that is not ours on every route, and on
// posts a foreign Origin or none, and the CSRF token missing, wrong, in the query, or of
// somebody else. Nothing is changed, nobody is called, and the page says so.
func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.open(t, "ann", session.KindNotebook)
	row := w.page(t, http.StatusOK, "ann", "/sessions", nil).form(t, "/sessions/revoke", "csrf", "csrf-ann").values()["row"]
	posts := map[string]map[string]string{
		"/sessions/revoke":     {"csrf": "csrf-ann", "row": row},
		"/sessions/revoke-all": {"csrf": "csrf-ann"},
		"/sign-out":            {"csrf": "csrf-ann"},
		"/try":                 {"csrf": "csrf-ann", "tool": "notebook_open", "a.title": "x", "era": "2026-07-28"},
	}
	forge := map[string]func(r *http.Request){
		"foreign host":          func(r *http.Request) { r.Host = "attacker.example:8080" },
		"another port":          func(r *http.Request) { r.Host = "127.0.0.1:8081" },
		"no host":               func(r *http.Request) { r.Host = "" },
		"foreign host, its own": func(r *http.Request) { r.Host = "a.example"; r.Header.Set("Origin", "http://a.example") },
		"no origin":             func(r *http.Request) { r.Header.Del("Origin") },
		"null origin":           func(r *http.Request) { r.Header.Set("Origin", "null") },
		"foreign origin":        func(r *http.Request) { r.Header.Set("Origin", "http://attacker.example") },
		"origin of the other name": func(r *http.Request) {
			r.Header.Set("Origin", "http://localhost:8080")
		},
		"another scheme": func(r *http.Request) { r.Header.Set("Origin", "https://"+host) },
		"two origins":    func(r *http.Request) { r.Header.Add("Origin", "http://attacker.example") },
		"token of somebody else": func(r *http.Request) {
			r.Header.Set("Cookie", "who=bob")
		},
		"multipart": func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") },
	}
	for path, form := range posts {
		for name, change := range forge {
			r := request(t, "ann", path, form)
			change(r)
			w.wantForbidden(t, path+": "+name, r)
		}
		for name, change := range map[string]func(form map[string]string){
			"no token":    func(form map[string]string) { delete(form, "csrf") },
			"empty token": func(form map[string]string) { form["csrf"] = "" },
			"wrong token": func(form map[string]string) { form["csrf"] = "csrf-anna" },
		} {
			sent := map[string]string{}
			for k, v := range form {
				sent[k] = v
			}
			change(sent)
			w.wantForbidden(t, path+": "+name, request(t, "ann", path, sent))
			w.wantForbidden(t, path+": token in the query, "+name, request(t, "ann", path+"?csrf=csrf-ann", sent))
		}
		// A browser without a token must not match a form without one.
		w.wantForbidden(t, path+": no token anywhere", request(t, "blank", path, map[string]string{"csrf": ""}))
		if a := w.do(request(t, "", path, form)); a.Code != http.StatusSeeOther || a.Header().Get("Location") != "/sign-in?back=%2F" {
			t.Errorf("%s: nobody: %d", path, a.Code)
		}
		// GET changes nothing: there is no such route.
		if a := w.do(request(t, "ann", path, nil)); path != "/try" && a.Code != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", path, a.Code)
		}
	}
	for _, path := range []string{"/", "/sessions", "/try", "/style.css"} {
		r := request(t, "ann", path, nil)
		r.Host = "attacker.example"
		calls := w.calls.Load()
		if a := w.do(r); a.Code != http.StatusForbidden || strings.Contains(a.Body.String(), "tenant-a") || w.calls.Load() != calls {
			t.Errorf("%s: foreign host: %d %s", path, a.Code, a.Body)
		}
	}
	if w.live(t, "ann") != 1 || w.signedOut.Load() != 0 {
		t.Errorf("%d sessions are left, want 1; signed out %d times", w.live(t, "ann"), w.signedOut.Load())
	}
}

func (w *world) wantForbidden(t *testing.T, what string, r *http.Request) {
	t.Helper()
	calls := w.calls.Load()
	a := w.do(r)
	if a.Code != http.StatusForbidden {
		t.Errorf("%s: %d, want 403", what, a.Code)
		return
	}
	wantPage(t, a, "'self'")
	if w.calls.Load() != calls || w.live(t, "bob") != 0 {
		t.Errorf("%s: the endpoint was called", what)
	}
}

// TestBadForms: what cannot be read changes nothing.
func TestBadForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.page(t, http.StatusRequestEntityTooLarge, "ann", "/try", map[string]string{"csrf": "csrf-ann", "a.title": strings.Repeat("x", 1<<20)})
	r := request(t, "ann", "/try", map[string]string{})
	r.Body = http.NoBody
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=%%%;")
	if a := w.do(r); a.Code < 400 {
		t.Errorf("a malformed content type: %d", a.Code)
	}
	if w.calls.Load() != 0 {
		t.Error("the endpoint was called")
	}
}

func client(t *testing.T, redirect string) *pages.Client {
	t.Helper()
	u, err := url.Parse(redirect)
	if err != nil {
		t.Fatal(err)
	}
	return &pages.Client{ID: "https://client.example/" + hostile, Name: hostile, Redirect: u}
}

// TestSignIn: everything that it is told is on it, as text, and comes back from its forms.
func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := pages.SignIn{
		Action: "/authorize/sign-in", CSRF: "token", Hidden: map[string]string{"state": hostile},
		Client:  client(t, "http://127.0.0.1:43117/callback?x="+url.QueryEscape(hostile)),
		Scopes:  []pages.Scope{{Name: "mcp:basic", Tools: []string{"math", "whoami"}}, {Name: "none"}},
		Tenants: []pages.Tenant{{Name: "acme", Subjects: []string{"user-1", "a/b"}}, {Name: "globex", Subjects: []string{"user-1"}}},
	}
	a := httptest.NewRecorder()
	w.pages.RenderSignIn(a, v)
	if a.Code != http.StatusOK {
		t.Errorf("status %d", a.Code)
	}
	doc := wantPage(t, a, "'self' http://127.0.0.1:43117")
	contains(t, doc, hostile, "127.0.0.1:43117", "math, whoami", "no tool")
	for _, person := range [][3]string{{"acme/user-1", "acme", "user-1"}, {"acme/a/b", "acme", "a/b"}, {"globex/user-1", "globex", "user-1"}} {
		form := doc.form(t, "/authorize/sign-in", pages.FieldPerson, person[0])
		if got := form.values(); got["state"] != hostile || got["csrf"] != "token" {
			t.Errorf("%s: the form sends %v", person[0], got)
		}
		if tenant, subject := pages.SignedInAs(url.Values{pages.FieldPerson: {person[0]}}); tenant != person[1] || subject != person[2] {
			t.Errorf("%s is read as %q, %q", person[0], tenant, subject)
		}
	}

	v.Tenant, v.Subject = "a b", hostile
	v.Errors = map[string]string{"tenant": "not a tenant", "person": "not offered"}
	a = httptest.NewRecorder()
	w.pages.RenderSignIn(a, v)
	if a.Code != http.StatusBadRequest {
		t.Errorf("with errors: status %d", a.Code)
	}
	doc = wantPage(t, a, "'self' http://127.0.0.1:43117")
	contains(t, doc, "not a tenant", "not offered")
	typed := doc.form(t, "/authorize/sign-in", "tenant", "a b").values()
	if typed["subject"] != hostile || typed["state"] != hostile || typed["csrf"] != "token" {
		t.Errorf("what was typed is lost: %v", typed)
	}
	if doc.one(t, "id", "tenant").attrs["aria-invalid"] != "true" || doc.one(t, "id", "subject").attrs["aria-invalid"] != "" {
		t.Error("the error is at the wrong field")
	}
	if tenant, subject := pages.SignedInAs(url.Values{"tenant": {" acme "}, "subject": {"u"}}); tenant != "acme" || subject != "u" {
		t.Errorf("what was typed is read as %q, %q", tenant, subject)
	}
}

// TestConsent is rule 32: consent shows the redirect's host, and grants what stays chosen.
func TestConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := httptest.NewRecorder()
	w.pages.RenderConsent(a, pages.Consent{
		Action: "/consent", CSRF: "token", Hidden: map[string]string{"request": "r"}, Client: *client(t, "http://localhost:7777/cb"),
		Tenant: "acme", Subject: hostile, Switch: "/sign-in?switch",
		Scopes: []pages.Scope{{Name: "yes", Tools: []string{"math"}, Granted: true}, {Name: "no"}},
	})
	doc := wantPage(t, a, "'self' http://localhost:7777")
	contains(t, doc, "localhost:7777", "https://client.example/", hostile, "acme", "math")
	doc.one(t, "href", "/sign-in?switch")
	form := doc.form(t, "/consent", pages.FieldDecision, pages.DecisionAllow)
	if doc.form(t, "/consent", pages.FieldDecision, pages.DecisionDeny) != form {
		t.Error("yes and no are not in one form")
	}
	if got := form.values(); got["scope"] != "yes" || got["request"] != "r" || got["csrf"] != "token" {
		t.Errorf("the form sends %v", got)
	}
}

// TestFormAction: a policy lets forms lead to the client on loopback, and lets nothing that
// a client writes into its redirect become a policy.
func TestFormAction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for redirect, want := range map[string]string{
		"http://127.0.0.1:1/cb":               "'self' http://127.0.0.1:1",
		"http://127.0.0.1/cb":                 "'self' http://127.0.0.1",
		"http://localhost:65535/":             "'self' http://localhost:65535",
		"http://[::1]:8080/cb":                "'self' http:", // an IPv6 address has no form in a policy
		"http://attacker.example/cb":          "'self'",
		"https://127.0.0.1:1/cb":              "'self'",
		"cursor://anysphere/cb":               "'self'",
		"http://127.0.0.1;script-src*/cb":     "'self'",
		"http://192.168.1.1:80/cb":            "'self'",
		"http://localhost.attacker.example/":  "'self'",
		"http://user@127.0.0.1:5/cb":          "'self' http://127.0.0.1:5",
		"http://127.0.0.1:5/;default-src%20*": "'self' http://127.0.0.1:5",
	} {
		a := httptest.NewRecorder()
		w.pages.RenderConsent(a, pages.Consent{Action: "/consent", CSRF: "x", Client: *client(t, redirect)})
		wantPage(t, a, want)
	}
}

func TestProblem(t *testing.T) {
	t.Parallel()
	a := httptest.NewRecorder()
	newWorld(t).pages.RenderProblem(a, pages.Problem{Status: http.StatusBadRequest, Title: "Unknown client", Text: "It is " + hostile})
	if a.Code != http.StatusBadRequest {
		t.Errorf("status %d", a.Code)
	}
	contains(t, wantPage(t, a, "'self'"), "Unknown client", hostile)
}

func TestNew(t *testing.T) {
	t.Parallel()
	if _, err := pages.New(pages.Config{}); err == nil {
		t.Error("pages without anything")
	}
}

// TestSessions: a list of one's own, with every kind, and no id and no hash to be read.
func TestSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	contains(t, w.page(t, http.StatusOK, "ann", "/sessions", nil), "You have no session.")
	var ids []string
	for _, kind := range []session.Kind{session.KindMCP, session.KindSession, session.KindNotebook} {
		ids = append(ids, w.open(t, "ann", kind))
	}
	w.open(t, "bob", session.KindNotebook)
	a := w.do(request(t, "ann", "/sessions", nil))
	doc := wantPage(t, a, "'self'")
	contains(t, doc, "Connection", "Session", "Notebook", "client of ann", "OAuth client pages", "just now", "2 bytes", "2025-11-25")
	for i, kind := range []session.Kind{session.KindMCP, session.KindSession, session.KindNotebook} {
		if strings.Contains(a.Body.String(), ids[i]) || strings.Contains(doc.text, string(session.HashID(kind, ids[i]))) {
			t.Errorf("%s: the page shows an id or its hash", kind)
		}
	}
	if strings.Contains(doc.text, "bob") || len(doc.all("tr")) != 4 {
		t.Errorf("ann sees %d rows, or bob", len(doc.all("tr")))
	}
	if _, err := w.Registry.Resolve(t.Context(), w.people["ann"], session.KindNotebook, string(session.HashID(session.KindNotebook, ids[2]))); err == nil {
		t.Error("what the form holds can be presented as an id")
	}
	id, _, err := w.Registry.Create(t.Context(), w.people["hostile"], session.New{Kind: session.KindMCP, Client: hostile, Data: []byte("{}")})
	if err != nil || id == "" {
		t.Fatal(err)
	}
	contains(t, w.page(t, http.StatusOK, "hostile", "/sessions?revoked="+url.QueryEscape(hostile), nil), hostile)
}

// TestRevoke: one's own row ends that session and no other. The row of somebody else, of
// nobody and of the past answer the same, and end nothing.
func TestRevoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kept, gone := w.open(t, "ann", session.KindNotebook), w.open(t, "ann", session.KindMCP)
	foreign := w.open(t, "bob", session.KindMCP)
	row := func(id string) map[string]string {
		return map[string]string{"csrf": "csrf-ann", "row": string(session.HashID(session.KindMCP, id))}
	}
	a := w.do(request(t, "ann", "/sessions/revoke", row(gone)))
	if a.Code != http.StatusSeeOther || a.Header().Get("Location") != "/sessions?revoked=1" {
		t.Fatalf("%d to %q", a.Code, a.Header().Get("Location"))
	}
	contains(t, w.page(t, http.StatusOK, "ann", "/sessions?revoked=1", nil), "One session was revoked")
	if _, err := w.Registry.Resolve(t.Context(), w.people["ann"], session.KindMCP, gone); err == nil {
		t.Error("the session lives")
	}
	if _, err := w.Registry.Resolve(t.Context(), w.people["ann"], session.KindNotebook, kept); err != nil {
		t.Errorf("another session was revoked: %v", err)
	}
	var answers []string
	for _, id := range []string{foreign, "unknown", gone} {
		a := w.do(request(t, "ann", "/sessions/revoke", row(id)))
		if a.Code != http.StatusNotFound {
			t.Errorf("status %d, want 404", a.Code)
		}
		answers = append(answers, a.Body.String())
	}
	answers = append(answers, w.do(request(t, "ann", "/sessions/revoke", map[string]string{"csrf": "csrf-ann"})).Body.String())
	if len(slices.Compact(answers)) != 1 {
		t.Error("foreign, unknown, revoked and missing rows answer differently")
	}
	if w.live(t, "bob") != 1 || w.live(t, "ann") != 1 {
		t.Errorf("bob has %d and ann %d sessions, want 1 each", w.live(t, "bob"), w.live(t, "ann"))
	}

	w.open(t, "ann", session.KindSession)
	a = w.do(request(t, "ann", "/sessions/revoke-all", map[string]string{"csrf": "csrf-ann"}))
	if a.Header().Get("Location") != "/sessions?revoked=2" || w.live(t, "ann") != 0 || w.live(t, "bob") != 1 {
		t.Errorf("revoke all: to %q; ann has %d, bob %d", a.Header().Get("Location"), w.live(t, "ann"), w.live(t, "bob"))
	}
	contains(t, w.page(t, http.StatusOK, "ann", "/sessions?revoked=2", nil), "2 sessions were revoked")
	contains(t, w.page(t, http.StatusOK, "ann", "/sessions?revoked=0", nil), "no session left")
}

// TestStoreDown: a store that is down is said to be down, never empty.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.broken.Store(true)
	form := map[string]string{"csrf": "csrf-ann", "row": "x"}
	for path, form := range map[string]map[string]string{"/sessions": nil, "/sessions/revoke": form, "/sessions/revoke-all": form} {
		a := w.do(request(t, "ann", path, form))
		if a.Code != http.StatusServiceUnavailable || a.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d", path, a.Code)
		}
		wantPage(t, a, "'self'")
	}
}
