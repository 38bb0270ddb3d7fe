package authserver_test

import (
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold.example/apps/mcp/internal/devidp/pages"
	"leasehold.example/libs/identity"
)

// Rule 32: metadata says what there is: S256 only, `iss` in responses.
func TestMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		got := w.do(t, http.MethodGet, path, "", nil).json(t)
		for name, want := range map[string]any{
			"issuer": w.base, "authorization_endpoint": w.base + "/authorize", "token_endpoint": w.base + "/token",
			"registration_endpoint": w.base + "/register", "revocation_endpoint": w.base + "/revoke",
			"jwks_uri": w.base + "/.well-known/jwks.json", "authorization_response_iss_parameter_supported": true,
			"client_id_metadata_document_supported": true,
		} {
			if got[name] != want {
				t.Errorf("%s: %s = %v, want %v", path, name, got[name], want)
			}
		}
		for name, want := range map[string][]any{
			"code_challenge_methods_supported":      {"S256"},
			"grant_types_supported":                 {"authorization_code", "refresh_token", "client_credentials"},
			"response_types_supported":              {"code"},
			"scopes_supported":                      {"mcp:basic", "notebook:read"},
			"token_endpoint_auth_methods_supported": {"none", "client_secret_basic", "client_secret_post"},
		} {
			if list, ok := got[name].([]any); !ok || !slices.Equal(list, want) {
				t.Errorf("%s: %s = %v, want %v", path, name, got[name], want)
			}
		}
	}
}

// From a bare request to a token that the resource server's own verifier takes: of the
// person, for the client, with the scopes that were left checked.
func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := w.register(t)
	b := &browser{world: w}
	page := b.signIn(t, w.asks(client, nil), "globex/carol")
	for _, shown := range []string{"a test", client, "127.0.0.1:4444", "carol", "globex", "mcp:basic", "math"} {
		if !strings.Contains(page.body, shown) { // rule 32: consent shows the redirect's host
			t.Errorf("the page that asks for consent does not show %q", shown)
		}
	}
	target, query := b.allow(t, page, "mcp:basic", "notebook:delete").location(t)
	if target != callback || query.Get("state") != "a state" || query.Get("iss") != w.base { // rule 32: iss in responses
		t.Errorf("the answer goes to %s?%s", target, query.Encode())
	}
	a := w.form(t, "/token", redemption(client, query.Get("code")))
	got := w.given(t, a)
	if got.scope != "mcp:basic" || got.refresh == "" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the token endpoint gives %+v with %v", got, a.Header)
	}
	v, err := identity.NewVerifier(t.Context(), []identity.Issuer{w.issuer.Trust()}, identity.VerifierOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := v.Verify(t.Context(), got.access)
	if err != nil {
		t.Fatal(err)
	}
	if p.Tenant != "globex" || p.Subject != "carol" || p.ClientID != client || !slices.Equal(p.Scopes, []string{"mcp:basic"}) {
		t.Errorf("the token is %+v", p)
	}
}

// TestSwitch: the page that asks for consent leads to signing in as somebody else, and the
// form of the one before is worth nothing.
func TestSwitch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	b := &browser{world: w}
	page := b.signIn(t, w.asks(w.register(t), nil), "acme/alice")
	link := regexp.MustCompile(`href="(/signin\?[^"]*)"`).FindStringSubmatch(page.body)
	if link == nil {
		t.Fatal("no link")
	}
	values := hidden(b.get(t, html.UnescapeString(link[1])))
	values.Set(pages.FieldPerson, "globex/carol")
	before := &browser{world: w, cookie: b.cookie}
	target, query := b.submit(t, "/signin", values).location(t)
	if a := before.get(t, "/signin?back=/sessions"); a.StatusCode != http.StatusOK { // signed in it would go on
		t.Errorf("the cookie of before the switch is still somebody: %s", a.Status)
	}
	if a := b.allow(t, page, "mcp:basic"); a.StatusCode != http.StatusForbidden {
		t.Errorf("alice's form with carol signed in: %s", a.Status)
	}
	now := b.get(t, strings.TrimPrefix(target, w.base)+"?"+query.Encode())
	if !strings.Contains(now.body, "carol") || strings.Contains(now.body, "alice") {
		t.Error("consent is not asked of carol")
	}
}

// TestSomebodyNew: whoever is typed can sign in, if they can be a tenant and a subject.
func TestSomebodyNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	b := &browser{world: w}
	page := b.get(t, "/signin?back=/sessions")
	values := hidden(page)
	values.Set(pages.FieldTenant, "not a tenant")
	values.Set(pages.FieldSubject, "dave")
	if a := b.submit(t, "/signin", values); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.body, "letters, digits") {
		t.Errorf("a tenant that cannot be: %s", a.Status)
	}
	values.Set(pages.FieldTenant, "acme")
	for _, nobody := range []string{"client:machine-acme", "u\xff", "u\u202e"} { // a machine, and two that look like others
		values.Set(pages.FieldSubject, nobody)
		if a := b.submit(t, "/signin", values); a.StatusCode != http.StatusBadRequest {
			t.Errorf("signed in as %q: %s", nobody, a.Status)
		}
	}
	values.Set(pages.FieldSubject, "dave")
	values.Set(pages.FieldTenant, "initech")
	if target, _ := b.submit(t, "/signin", values).location(t); target != w.base+"/sessions" {
		t.Errorf("signed in, it goes on to %s", target)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.base, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", b.cookie)
	p, csrf, ok := w.server.Principal(r)
	if !ok || csrf == "" || p.Tenant != "initech" || p.Subject != "dave" || p.Issuer != w.base {
		t.Errorf("signed in is %+v, %v", p, ok)
	}
	if token, err := w.server.Token(p); err != nil || !w.good(t, token) {
		t.Errorf("no token of the pages: %v", err)
	}
	w.sleep(12 * time.Hour)
	if _, _, ok := w.server.Principal(r); ok {
		t.Error("the browser stays signed in for ever")
	}
}

// TestAuthorizeRefuses: as long as it is not certain who is to get the answer, errors are
// pages; then they are for the client, with state and iss. Nothing is ever issued.
func TestAuthorizeRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := w.register(t)
	type table map[string]url.Values
	elsewhere := func(uri string) url.Values { return url.Values{"redirect_uri": {uri}} }
	for name, changes := range (table{
		"no client":             {"client_id": nil},
		"an unknown client":     {"client_id": {"nobody"}},
		"a machine":             {"client_id": {"machine-acme"}},
		"two clients":           {"client_id": {client, client}},
		"no redirect":           {"redirect_uri": nil},
		"two redirects":         {"redirect_uri": {callback, callback}},
		"another host":          elsewhere("http://attacker.example/callback"),
		"a host that looks own": elsewhere("http://127.0.0.1.attacker.example:4444/callback"),
		"another name for it":   elsewhere("http://localhost:4444/callback"),
		"another path":          elsewhere("http://127.0.0.1:4444/other"),
		"a path below":          elsewhere(callback + "/.."),
		"credentials":           elsewhere("http://attacker.example@127.0.0.1:4444/callback"),
		"a fragment":            elsewhere(callback + "#x"),
		"another query":         elsewhere(callback + "?x=1"),
		"another scheme":        elsewhere("https://127.0.0.1:4444/callback"),
		"javascript":            elsewhere("javascript:alert(1)"),
	}) {
		a := w.do(t, http.MethodGet, "/authorize?"+w.asks(client, changes).Encode(), "", nil)
		if a.StatusCode != http.StatusBadRequest || a.Header.Get("Location") != "" || a.Header.Get("Refresh") != "" || !strings.Contains(a.body, "Nobody was signed in") {
			t.Errorf("%s: %s, Location %q: want a page", name, a.Status, a.Header.Get("Location"))
		}
	}
	for name, tt := range map[string]struct {
		changes url.Values
		code    string
	}{
		"no PKCE":             {url.Values{"code_challenge": nil, "code_challenge_method": nil}, "invalid_request"},
		"plain PKCE":          {url.Values{"code_challenge_method": {"plain"}}, "invalid_request"}, // rule 32: S256 only
		"PKCE without method": {url.Values{"code_challenge_method": nil}, "invalid_request"},       // which means plain
		"a short challenge":   {url.Values{"code_challenge": {"abc"}}, "invalid_request"},
		"another response":    {url.Values{"response_type": {"token"}}, "unsupported_response_type"},
		"no response type":    {url.Values{"response_type": nil}, "unsupported_response_type"},
		"a fragment response": {url.Values{"response_mode": {"fragment"}}, "invalid_request"},
		"a request object":    {url.Values{"request": {"e30.e30."}}, "request_not_supported"},
		"one elsewhere":       {url.Values{"request_uri": {"https://attacker.example"}}, "request_uri_not_supported"},
		"another resource":    {url.Values{"resource": {"http://127.0.0.1:1/mcp"}}, "invalid_target"},
		"a second resource":   {url.Values{"resource": {w.issuer.Audience(), w.base}}, "invalid_target"},
		"an unknown scope":    {url.Values{"scope": {"mcp:basic admin"}}, "invalid_scope"},
		"a parameter twice":   {url.Values{"scope": {"mcp:basic", "mcp:basic"}}, "invalid_request"},
		"no state":            {url.Values{"state": nil}, "invalid_request"},
		"a long state":        {url.Values{"state": {strings.Repeat("x", 2049)}}, "invalid_request"},
	} {
		a := w.do(t, http.MethodGet, "/authorize?"+w.asks(client, tt.changes).Encode(), "", nil)
		target, query := a.location(t)
		state := "a state"
		if strings.HasSuffix(name, " state") {
			state = ""
		}
		if target != callback || query.Get("error") != tt.code || query.Get("state") != state || query.Get("iss") != w.base || query.Has("code") {
			t.Errorf("%s: %s?%s, want %s", name, target, query.Encode(), tt.code)
		}
	}
	// What may be left out, and the port of a native client (RFC 8252 section 7.3).
	for name, changes := range (table{
		"no scope": {"scope": nil}, "no resource": {"resource": nil}, "offline access": {"scope": {"mcp:basic offline_access"}},
		"another port": elsewhere("http://127.0.0.1:5555/callback"),
	}) {
		a := w.do(t, http.MethodGet, "/authorize?"+w.asks(client, changes).Encode(), "", nil)
		if csp := a.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") { // rule 32, no framing
			t.Errorf("the page that goes on can be framed: %q", csp)
		}
		if a.Header.Get("Refresh") == "" {
			t.Errorf("%s: %s: %s", name, a.Status, a.body)
		}
	}
}

// TestDeny: a person who declines, or leaves no scope, gives nothing; the request is used
// up, and one that waits too long is no more.
func TestDeny(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := w.register(t)
	b := &browser{world: w}
	page := b.signIn(t, w.asks(client, nil), "acme/alice")
	if a := b.submit(t, "/consent", hidden(page)); a.StatusCode != http.StatusBadRequest || a.Header.Get("Location") != "" {
		t.Errorf("no decision: %s", a.Status)
	}
	denied := hidden(page)
	denied.Set(pages.FieldDecision, pages.DecisionDeny)
	denied.Set(pages.FieldScope, "mcp:basic")
	if _, query := b.submit(t, "/consent", denied).location(t); query.Get("error") != "access_denied" || query.Has("code") || query.Get("iss") != w.base {
		t.Errorf("denied: %v", query)
	}
	if a := b.allow(t, page, "mcp:basic"); a.StatusCode != http.StatusForbidden {
		t.Errorf("a form of before the browser went back to the client: %s", a.Status)
	}
	anew := b.signIn(t, w.asks(client, nil), "acme/alice")
	denied.Set(pages.FieldDecision, pages.DecisionAllow)
	denied.Set(pages.FieldCSRF, hidden(anew).Get(pages.FieldCSRF))
	if a := b.submit(t, "/consent", denied); a.StatusCode != http.StatusBadRequest {
		t.Errorf("allowed after it was denied: %s", a.Status)
	}
	if _, query := b.allow(t, anew, "admin").location(t); query.Get("error") != "access_denied" {
		t.Errorf("no scope left: %v", query)
	}
	late := b.signIn(t, w.asks(client, nil), "acme/alice")
	w.sleep(10 * time.Minute)
	if a := b.allow(t, late, "mcp:basic"); a.StatusCode != http.StatusBadRequest || a.Header.Get("Location") != "" {
		t.Errorf("allowed too late: %s", a.Status)
	}
	if a := b.get(t, "/signin?request=nonsense"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown request: %s", a.Status)
	}
}

// Rule 32: Origin check and CSRF token on sign-in and consent. What is refused leaves
// everything as it was.
func TestForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := w.register(t)
	b := &browser{world: w}
	signedOut := b.get(t, "/signin?back=/")
	before := hidden(signedOut)
	before.Set(pages.FieldPerson, "acme/bob")
	beforeCookie := b.cookie
	page := b.signIn(t, w.asks(client, nil), "acme/alice")
	consent := hidden(page)
	consent.Set(pages.FieldDecision, pages.DecisionAllow)
	consent.Set(pages.FieldScope, "mcp:basic")
	other := &browser{world: w}
	other.signIn(t, w.asks(client, nil), "globex/carol")

	without := func(values url.Values) url.Values {
		values = url.Values(http.Header(values).Clone())
		values.Del(pages.FieldCSRF)
		return values
	}
	empty := without(consent)
	empty.Set(pages.FieldCSRF, "")
	for name, tt := range map[string]struct {
		values  url.Values
		cookie  string
		origins []string
	}{
		"no Origin":                    {consent, b.cookie, nil},
		"a null Origin":                {consent, b.cookie, []string{"null"}},
		"a foreign Origin":             {consent, b.cookie, []string{"http://attacker.example"}},
		"another port of this host":    {consent, b.cookie, []string{"http://127.0.0.1:1"}},
		"another scheme":               {consent, b.cookie, []string{strings.Replace(w.base, "http", "https", 1)}},
		"two Origins":                  {consent, b.cookie, []string{w.base, w.base}},
		"no CSRF token":                {without(consent), b.cookie, []string{w.base}},
		"no cookie":                    {consent, "", []string{w.base}},
		"neither":                      {empty, "", []string{w.base}},
		"another browser":              {consent, other.cookie, []string{w.base}},
		"the cookie before signing in": {consent, beforeCookie, []string{w.base}},
		"the form before signing in":   {before, b.cookie, []string{w.base}},
		"two cookies":                  {consent, b.cookie + "; " + b.cookie, []string{w.base}},
	} {
		for _, path := range []string{"/consent", "/signin"} {
			a := w.do(t, http.MethodPost, path, tt.values.Encode(), http.Header{
				"Cookie": {tt.cookie}, "Origin": tt.origins, "Content-Type": {"application/x-www-form-urlencoded"},
			})
			if a.StatusCode != http.StatusForbidden || a.Header.Get("Location") != "" || len(a.Cookies()) > 0 {
				t.Errorf("%s, %s: %s, Location %q", path, name, a.Status, a.Header.Get("Location"))
			}
		}
	}
	large := http.Header(consent).Clone()
	large.Set("x", strings.Repeat("x", 16<<10))
	if a := b.submit(t, "/consent", url.Values(large)); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a large form: %s", a.Status)
	}
	if _, query := b.submit(t, "/consent", consent).location(t); query.Get("code") == "" {
		t.Error("the form itself is refused: the cases above prove nothing")
	}
	if same := signedOut.Header.Values("Set-Cookie"); len(same) != 1 || !strings.Contains(same[0], "SameSite=Strict") || !strings.Contains(same[0], "HttpOnly") {
		t.Errorf("the cookie is set as %q", same) // rule 32
	}
}

// TestFixation: a cookie that somebody planted is not the one of who signs in.
func TestFixation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	b := &browser{world: w}
	values := hidden(b.get(t, "/signin?back=/"))
	planted := b.cookie
	values.Set(pages.FieldPerson, "acme/alice")
	b.submit(t, "/signin", values)
	if b.cookie == planted {
		t.Error("signing in keeps the cookie of before")
	}
	if a := (&browser{world: w, cookie: planted}).get(t, "/sessions"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the planted cookie is signed in: %s", a.Status)
	}
}

// TestBack: after signing in a browser stays here, whatever a link said.
func TestBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for back, want := range map[string]string{
		"/sessions": "/sessions", "/try?tool=math": "/try", "": "/", "//attacker.example": "/", "///attacker.example": "/", "https://attacker.example": "/",
		`/\attacker.example`: "/", "/\t/attacker.example": "/", "attacker.example": "/", "javascript:alert(1)": "/",
	} {
		b := &browser{world: w}
		values := hidden(b.get(t, "/signin?"+url.Values{"back": {back}}.Encode()))
		values.Set(pages.FieldPerson, "acme/alice")
		values.Set("back", back) // as a form of somebody else's making would
		if target, _ := b.submit(t, "/signin", values).location(t); target != w.base+want {
			t.Errorf("back to %q: %s, want %s", back, target, want)
		}
		if target, _ := b.get(t, "/signin?"+url.Values{"back": {back}}.Encode()).location(t); target != w.base+want {
			t.Errorf("signed in, back to %q: %s, want %s", back, target, want)
		}
	}
}

// Rule 32: a Host allow-list on every route, and frame-ancestors 'none' on what is shown.
func TestHostsAndHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, path := range []string{
		"/authorize", "/signin", "/consent", "/token", "/revoke", "/register", "/mcp", "/", "/sessions", "/style.css", "/nowhere",
		"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/.well-known/jwks.json",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
			for _, host := range []string{"attacker.example", "127.0.0.1:1", "127.0.0.1"} {
				if a := w.do(t, method, path, "", http.Header{"Host": {host}}); a.StatusCode != http.StatusForbidden {
					t.Errorf("%s %s at %s: %s", method, path, host, a.Status)
				}
			}
			if a := w.do(t, method, path, "", nil); a.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s allows another origin", method, path)
			}
		}
	}
	for _, path := range []string{"/authorize", "/signin", "/"} {
		h := w.do(t, http.MethodGet, path, "", nil).Header
		if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("Cache-Control") != "no-store" ||
			h.Get("Referrer-Policy") != "same-origin" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

// TestAuthorizeIsNoPartOfAPage: what a foreign page embeds fetches and keeps nothing.
func TestAuthorizeIsNoPartOfAPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for dest, status := range map[string]int{"image": http.StatusForbidden, "iframe": http.StatusForbidden, "empty": http.StatusForbidden, "document": http.StatusBadRequest} {
		if a := w.do(t, http.MethodGet, "/authorize", "", http.Header{"Sec-Fetch-Dest": {dest}}); a.StatusCode != status {
			t.Errorf("as %s: %s", dest, a.Status)
		}
	}
}

// TestAtRest: what is kept in the data directory is of no use to who reads it, and the
// log names no code, token or handle.
func TestAtRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := w.register(t)
	code := w.code(t, client, "acme/alice")
	got := w.given(t, w.form(t, "/token", redemption(client, code)))
	next := w.given(t, w.form(t, "/token", refreshment(client, got.refresh)))
	w.form(t, "/token", refreshment(client, got.refresh)) // reuse, which is logged
	w.form(t, "/token", redemption(client, code))
	db, err := os.ReadFile(filepath.Join(w.dir, "sign-in.db"))
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"code": code, "refresh token": got.refresh, "next one": next.refresh, "access token": next.access} {
		if strings.Contains(string(db), secret) {
			t.Errorf("the %s is in the file", name)
		}
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the %s is in the log", name)
		}
	}
	if info, err := os.Stat(filepath.Join(w.dir, "sign-in.db")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if !strings.Contains(w.log.String(), "twice") {
		t.Errorf("the log is silent about reuse: %s", w.log)
	}
}
