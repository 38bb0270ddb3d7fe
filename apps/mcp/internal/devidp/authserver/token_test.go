package authserver_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A code is good once, soon, for its client, with its verifier and its redirect URI; an
// attempt that fails uses it up.
func TestCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client, other := w.register(t), w.register(t)
	for name, tt := range map[string]struct {
		changes url.Values
		code    string
	}{
		"another client's code":   {url.Values{"client_id": {other}}, "invalid_grant"},
		"another redirect URI":    {url.Values{"redirect_uri": {"http://127.0.0.1:5555/callback"}}, "invalid_grant"},
		"another verifier":        {url.Values{"code_verifier": {strings.Repeat("x", 43)}}, "invalid_grant"},
		"the challenge itself":    {url.Values{"code_verifier": {w.asks(client, nil).Get("code_challenge")}}, "invalid_grant"},
		"no verifier":             {url.Values{"code_verifier": nil}, "invalid_request"},
		"an unknown code":         {url.Values{"code": {"nonsense"}}, "invalid_grant"},
		"another resource":        {url.Values{"resource": {w.base}}, "invalid_target"},
		"a resource too many":     {url.Values{"resource": {w.issuer.Audience(), w.base}}, "invalid_target"},
		"no code":                 {url.Values{"code": nil}, "invalid_request"},
		"no redirect URI":         {url.Values{"redirect_uri": nil}, "invalid_request"},
		"an unsupported grant":    {url.Values{"grant_type": {"password"}}, "unsupported_grant_type"},
		"the implicit one":        {url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {"x"}}, "unsupported_grant_type"},
		"no grant type":           {url.Values{"grant_type": nil}, "invalid_request"},
		"a parameter twice":       {url.Values{"redirect_uri": {callback, callback}}, "invalid_request"},
		"no client":               {url.Values{"client_id": nil}, "invalid_request"},
		"a secret it cannot have": {url.Values{"client_secret": {"x"}}, "invalid_client"},
	} {
		code := w.code(t, client, "acme/alice")
		values := redemption(client, code)
		for name, v := range tt.changes {
			values[name] = v
		}
		status := http.StatusBadRequest
		if tt.code == "invalid_client" {
			status = http.StatusUnauthorized
		}
		a := w.form(t, "/token", values)
		if v := a.json(t); a.StatusCode != status || v["error"] != tt.code || v["access_token"] != nil {
			t.Errorf("%s: %s: %s, want %s", name, a.Status, a.body, tt.code)
		}
	}
	spent := w.code(t, client, "acme/alice")
	wrong := redemption(client, spent)
	wrong.Set("code_verifier", strings.Repeat("x", 43))
	w.form(t, "/token", wrong)
	refused(t, w.form(t, "/token", redemption(client, spent)), http.StatusBadRequest, "invalid_grant")

	late := w.code(t, client, "acme/alice")
	w.sleep(time.Minute)
	refused(t, w.form(t, "/token", redemption(client, late)), http.StatusBadRequest, "invalid_grant")
}

// A code verifier has 43 to 128 unreserved characters (RFC 7636 section 4.1), whatever the
// challenge was made of.
func TestVerifierForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := w.register(t)
	for _, bad := range []string{"x", strings.Repeat("x", 42), strings.Repeat("x", 129), strings.Repeat("x", 42) + "+"} {
		sum := sha256.Sum256([]byte(bad))
		b := &browser{world: w}
		page := b.signIn(t, w.asks(client, url.Values{"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}}), "acme/alice")
		_, query := b.allow(t, page, "mcp:basic").location(t)
		values := redemption(client, query.Get("code"))
		values.Set("code_verifier", bad)
		refused(t, w.form(t, "/token", values), http.StatusBadRequest, "invalid_grant")
	}
}

// A code that is used twice revokes what it gave, access and refresh tokens, also those
// that were refreshed since.
func TestCodeTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := w.register(t)
	code := w.code(t, client, "acme/alice")
	got := w.given(t, w.form(t, "/token", redemption(client, code)))
	next := w.given(t, w.form(t, "/token", refreshment(client, got.refresh)))
	bystander := w.signedIn(t, client)
	if !w.good(t, got.access) || !w.good(t, next.access) {
		t.Fatal("the tokens were never good")
	}
	refused(t, w.form(t, "/token", redemption(client, code)), http.StatusBadRequest, "invalid_grant")
	if w.good(t, got.access) || w.good(t, next.access) {
		t.Error("the access tokens are good still")
	}
	refused(t, w.form(t, "/token", refreshment(client, next.refresh)), http.StatusBadRequest, "invalid_grant")
	if !w.good(t, bystander.access) {
		t.Error("another sign-in has ended")
	}
}

// Of many who redeem one code at once one gets tokens, and what it got is revoked.
func TestCodeRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := w.register(t)
	code := w.code(t, client, "acme/alice")
	answers := make([]answer, 8)
	var all sync.WaitGroup
	for n := range answers {
		all.Go(func() { answers[n] = w.form(t, "/token", redemption(client, code)) })
	}
	all.Wait()
	given := 0
	for _, a := range answers {
		if a.StatusCode == http.StatusOK {
			given++
			if w.good(t, w.given(t, a).access) {
				t.Error("the token is good although the code was used again")
			}
		}
	}
	if given != 1 {
		t.Errorf("%d got tokens", given)
	}
}

// Rule 32: refresh tokens rotate. Reuse of an old one ends all that came of the consent.
func TestRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client, other := w.register(t), w.register(t)
	first := w.signedIn(t, client)
	narrow := refreshment(client, first.refresh)
	narrow.Set("scope", "mcp:basic")
	second := w.given(t, w.form(t, "/token", narrow))
	if second.scope != "mcp:basic" || second.refresh == first.refresh {
		t.Errorf("narrowed to %q, the refresh token changes: %v", second.scope, second.refresh != first.refresh)
	}
	third := w.given(t, w.form(t, "/token", refreshment(client, second.refresh)))
	if third.scope != "mcp:basic notebook:read" { // what was granted, not what was last asked for
		t.Errorf("refreshed to %q", third.scope)
	}
	for name, tt := range map[string]struct {
		values url.Values
		code   string
	}{
		"another client": {refreshment(other, third.refresh), "invalid_grant"},
		"unknown":        {refreshment(client, "x.y"), "invalid_grant"},
		"no token":       {refreshment(client, ""), "invalid_request"},
		"more scopes": {url.Values{
			"grant_type": {"refresh_token"}, "client_id": {client}, "refresh_token": {third.refresh}, "scope": {"mcp:basic admin"},
		}, "invalid_scope"},
		"another resource": {url.Values{
			"grant_type": {"refresh_token"}, "client_id": {client}, "refresh_token": {third.refresh}, "resource": {w.base},
		}, "invalid_target"},
	} {
		if a := w.form(t, "/token", tt.values); a.StatusCode != http.StatusBadRequest || a.json(t)["error"] != tt.code {
			t.Errorf("%s: %s: %s, want %s", name, a.Status, a.body, tt.code)
		}
	}
	fourth := w.given(t, w.form(t, "/token", refreshment(client, third.refresh))) // none of which has used it up

	refused(t, w.form(t, "/token", refreshment(client, second.refresh)), http.StatusBadRequest, "invalid_grant")
	refused(t, w.form(t, "/token", refreshment(client, fourth.refresh)), http.StatusBadRequest, "invalid_grant")
	for _, token := range []string{second.access, third.access, fourth.access} {
		if w.good(t, token) {
			t.Error("an access token outlives the reuse of a refresh token")
		}
	}
}

// What must survive a restart does: clients, refresh tokens, revocations; codes do not.
func TestRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := w.register(t)
	kept, ended := w.signedIn(t, client), w.signedIn(t, client)
	w.form(t, "/revoke", url.Values{"client_id": {client}, "token": {ended.refresh}})
	code := w.code(t, client, "acme/alice")
	w.restart(t)
	if !w.good(t, kept.access) || w.good(t, ended.access) {
		t.Errorf("the kept token is good: %v, the revoked one: %v", w.good(t, kept.access), w.good(t, ended.access))
	}
	w.given(t, w.form(t, "/token", refreshment(client, kept.refresh)))
	refused(t, w.form(t, "/token", refreshment(client, ended.refresh)), http.StatusBadRequest, "invalid_grant")
	refused(t, w.form(t, "/token", redemption(client, code)), http.StatusBadRequest, "invalid_grant")

	latest := w.signedIn(t, client)
	w.sleep(30 * 24 * time.Hour)
	refused(t, w.form(t, "/token", refreshment(client, latest.refresh)), http.StatusBadRequest, "invalid_grant")
}

// RFC 7009: a client revokes its own tokens and nobody else's, and is told nothing.
func TestRevocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client, other := w.register(t), w.register(t)
	got := w.signedIn(t, client)
	revoke := func(client, token string) {
		t.Helper()
		if a := w.form(t, "/revoke", url.Values{"client_id": {client}, "token": {token}}); a.StatusCode != http.StatusOK {
			t.Errorf("revocation: %s: %s", a.Status, a.body)
		}
	}
	revoke(other, got.access)
	revoke(other, got.refresh)
	revoke(client, "nonsense")
	if !w.good(t, got.access) {
		t.Error("another client has revoked the token")
	}
	revoke(client, got.access)
	if w.good(t, got.access) {
		t.Error("the access token is good still")
	}
	next := w.given(t, w.form(t, "/token", refreshment(client, got.refresh)))
	revoke(client, next.refresh)
	if w.good(t, next.access) {
		t.Error("the access token outlives its refresh token")
	}
	refused(t, w.form(t, "/token", refreshment(client, next.refresh)), http.StatusBadRequest, "invalid_grant")
	for name, values := range map[string]url.Values{"no client": {"token": {next.access}}, "no token": {"client_id": {client}}} {
		if a := w.form(t, "/revoke", values); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", name, a.Status)
		}
	}
	// A signature is checked before a token is believed to be the client's.
	forged := got.access[:strings.LastIndex(got.access, ".")+1] + strings.Repeat("A", 86)
	fresh := w.signedIn(t, client)
	revoke(client, forged)
	if !w.good(t, fresh.access) {
		t.Error("a forged token revoked another")
	}
}

// Guard sees a token however the header is written.
func TestGuard(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := w.register(t)
	got := w.signedIn(t, client)
	w.form(t, "/revoke", url.Values{"client_id": {client}, "token": {got.access}})
	for _, value := range []string{"Bearer " + got.access, "bearer  " + got.access, "BEARER\t" + got.access + " ", got.access} {
		a := w.do(t, http.MethodPost, "/mcp", "", http.Header{"Authorization": {value}})
		if a.body != "Bearer revoked" {
			t.Errorf("%q passes", value[:8])
		}
	}
	for _, value := range []string{"", "Basic eDp5", "Bearer", "Bearer nonsense"} {
		if a := w.do(t, http.MethodPost, "/mcp", "", http.Header{"Authorization": {value}}); a.body != value {
			t.Errorf("%q becomes %q", value, a.body)
		}
	}
}

// Machines have clients of their own, with a secret in the data directory.
func TestMachines(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	secret := func(tenant string) string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(w.dir, "machine-"+tenant+".secret"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(data))
	}
	ask := func(id, secret, scope string) answer {
		t.Helper()
		body := url.Values{"grant_type": {"client_credentials"}}
		if scope != "" {
			body.Set("scope", scope)
		}
		return w.do(t, http.MethodPost, "/token", body.Encode(), http.Header{
			"Content-Type":  {"application/x-www-form-urlencoded"},
			"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))},
		})
	}
	got := w.given(t, ask("machine-globex", secret("globex"), "notebook:read"))
	id, _, err := w.issuer.Inspect(got.access)
	if err != nil || id != "machine-globex" || got.scope != "notebook:read" || got.refresh != "" {
		t.Errorf("a machine gets %+v for %q, %v", got, id, err)
	}
	if got := w.given(t, ask("machine-acme", secret("acme"), "")); got.scope != "mcp:basic" {
		t.Errorf("without a scope it gets %q", got.scope)
	}
	posted := url.Values{"grant_type": {"client_credentials"}, "client_id": {"machine-acme"}, "client_secret": {secret("acme")}}
	w.given(t, w.form(t, "/token", posted))

	refused(t, ask("machine-acme", secret("acme"), "admin"), http.StatusBadRequest, "invalid_scope")
	for name, a := range map[string]answer{
		"another's secret": ask("machine-acme", secret("globex"), ""),
		"no secret":        ask("machine-acme", "", ""),
		"nobody":           ask("machine-initech", "x", ""),
		"a document's URL": ask("https://client.example/client.json", "x", ""),
	} {
		if a.StatusCode != http.StatusUnauthorized || a.json(t)["error"] != "invalid_client" || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: %s: %s", name, a.Status, a.body)
		}
	}
	// A client of people is none of these, whoever knows it.
	public := url.Values{"grant_type": {"client_credentials"}, "client_id": {w.register(t)}}
	refused(t, w.form(t, "/token", public), http.StatusBadRequest, "unauthorized_client")
	refused(t, w.form(t, "/token", redemption("machine-acme", "x")), http.StatusUnauthorized, "invalid_client")
}

// The endpoints for programs take one form in the body, from no page of another origin.
func TestProgramsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := w.register(t)
	got := w.signedIn(t, client)
	good := refreshment(client, got.refresh)
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	with := func(name string, values ...string) http.Header {
		h := form.Clone()
		h[name] = values
		return h
	}
	large := refreshment(client, got.refresh)
	large.Set("x", strings.Repeat("x", 16<<10))
	twice := http.Header(good).Clone()
	twice["client_secret"] = []string{""}
	for name, tt := range map[string]struct {
		query, body string
		header      http.Header
		status      int
	}{
		"in the query":     {"?" + good.Encode(), "", form, http.StatusBadRequest},
		"partly there":     {"?scope=mcp%3Abasic", good.Encode(), form, http.StatusBadRequest},
		"JSON":             {"", `{"grant_type":"refresh_token"}`, with("Content-Type", "application/json"), http.StatusBadRequest},
		"a foreign Origin": {"", good.Encode(), with("Origin", "http://attacker.example"), http.StatusForbidden},
		"a null Origin":    {"", good.Encode(), with("Origin", "null"), http.StatusForbidden},
		"two Origins":      {"", good.Encode(), with("Origin", w.base, w.base), http.StatusForbidden},
		"large":            {"", large.Encode(), form, http.StatusBadRequest},
		"malformed":        {"", "a=%zz", form, http.StatusBadRequest},
		"two ways of authentication": {
			"", url.Values(twice).Encode(), with("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(client+":"))), http.StatusBadRequest,
		},
	} {
		for _, path := range []string{"/token", "/revoke"} {
			a := w.do(t, http.MethodPost, path+tt.query, tt.body, tt.header)
			if a.StatusCode != tt.status || a.json(t)["error"] != "invalid_request" {
				t.Errorf("%s, %s: %s: %s", path, name, a.Status, a.body)
			}
		}
	}
	for _, path := range []string{"/token", "/revoke", "/register", "/consent"} {
		if a := w.do(t, http.MethodGet, path, "", nil); a.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %s", path, a.Status)
		}
	}
	// None of which has used it up. CORS is for nobody, the own pages included.
	a := w.do(t, http.MethodPost, "/token", good.Encode(), with("Origin", w.base))
	if w.given(t, a); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("the token endpoint has CORS")
	}
}
