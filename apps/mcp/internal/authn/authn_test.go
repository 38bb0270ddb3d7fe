package authn_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"leasehold.example/apps/mcp/internal/authn"
	"leasehold.example/libs/identity"
	it "leasehold.example/libs/identity/identitytest"
)

const (
	metadataURL = "https://mcp.example/.well-known/oauth-protected-resource/mcp"
	firstScopes = "mcp:basic mcp:more"
)

// setup is an Authenticator that trusts one issuer; change may alter its Config.
type setup struct {
	*authn.Authenticator
	issuer *it.Issuer
	log    *bytes.Buffer
}

func newSetup(t *testing.T, change func(*authn.Config)) *setup {
	t.Helper()
	s := &setup{issuer: it.NewIssuer(t, "https://a.example"), log: &bytes.Buffer{}}
	verifier, err := identity.NewVerifier(t.Context(), []identity.Issuer{s.issuer.Trust()}, identity.VerifierOptions{
		DefaultAudience: it.Audience, InsecureTransport: it.Transport(s.issuer), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := config(verifier)
	c.Logger = slog.New(slog.NewTextHandler(s.log, nil))
	if change != nil {
		change(&c)
	}
	if s.Authenticator, err = authn.New(c); err != nil {
		t.Fatal(err)
	}
	return s
}

func config(v authn.Verifier) authn.Config {
	return authn.Config{
		ResourceURL: "https://mcp.example/mcp", ResourceName: "Leasehold", Verifier: v,
		BaseScopes:  []string{"mcp:more", "mcp:basic"},
		KnownScopes: []string{"mcp:basic", "math:add", "notebook:write"},
	}
}

func request(authorization ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/mcp", http.NoBody)
	for _, value := range authorization {
		r.Header.Add("Authorization", value)
	}
	return r
}

// answer sends the refusal and returns what a client gets.
func answer(t *testing.T, refusal *authn.Refusal) *http.Response {
	t.Helper()
	if refusal == nil {
		t.Fatal("the request was let through")
	}
	w := httptest.NewRecorder()
	refusal.WriteTo(w)
	return w.Result()
}

func body(t *testing.T, r *http.Response) map[string]string {
	t.Helper()
	var members map[string]string
	if err := json.NewDecoder(r.Body).Decode(&members); err != nil {
		t.Fatalf("body: %v", err)
	}
	return members
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	s := newSetup(t, nil)
	for _, scheme := range []string{"Bearer ", "bearer ", "BEARER ", "Bearer  "} {
		p, refusal := s.Authenticate(request(scheme + s.issuer.Token()))
		if refusal != nil || p.Subject != "user-1" || p.Tenant != "acme" {
			t.Errorf("%q: %+v, %+v", scheme, p, refusal)
		}
	}
}

// The table of requests, as far as tokens go.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const (
		bare    = `Bearer scope="` + firstScopes + `", resource_metadata="` + metadataURL + `"`
		invalid = `Bearer error="invalid_token", error_description="the access token is not valid here", ` +
			`scope="` + firstScopes + `", resource_metadata="` + metadataURL + `"`
	)
	s := newSetup(t, nil)
	good := s.issuer.Token()
	for name, c := range map[string]struct {
		request   *http.Request
		status    int
		challenge string
		code      string
	}{
		"no token":                    {request(), 401, bare, "unauthenticated"},
		"empty header":                {request(""), 401, bare, "unauthenticated"},
		"scheme alone":                {request("Bearer"), 401, bare, "unauthenticated"},
		"scheme and space":            {request("Bearer "), 401, bare, "unauthenticated"},
		"Basic":                       {request("Basic dTpw"), 401, bare, "unauthenticated"},
		"token without scheme":        {request(good), 401, bare, "unauthenticated"},
		"not a JWT":                   {request("Bearer x"), 401, invalid, "invalid_token"},
		"expired":                     {request("Bearer " + s.issuer.Token(it.Expires(time.Unix(1, 0)))), 401, invalid, "invalid_token"},
		"wrong audience":              {request("Bearer " + s.issuer.Token(it.Claim("aud", "x"))), 401, invalid, "invalid_token"},
		"two tokens in a line":        {request("Bearer " + good + ", Bearer " + good), 401, invalid, "invalid_token"},
		"rule 4 two headers":          {request("Bearer "+good, "Bearer "+good), 400, "", "invalid_request"},
		"rule 4 two headers, one bad": {request("Bearer "+good, "Basic x"), 400, "", "invalid_request"},
		"rule 18 no tenant":           {request("Bearer " + s.issuer.Token(it.Without("tenant"))), 403, "", "no_tenant"},
		"rule 18 malformed tenant":    {request("Bearer " + s.issuer.Token(it.Tenant("a/b"))), 403, "", "no_tenant"},
	} {
		_, refusal := s.Authenticate(c.request)
		r := answer(t, refusal)
		if r.StatusCode != c.status || r.Header.Get("WWW-Authenticate") != c.challenge {
			t.Errorf("%s: %d, challenge %s", name, r.StatusCode, r.Header.Get("WWW-Authenticate"))
		}
		if r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers are %v", name, r.Header)
		}
		if members := body(t, r); members["error"] != c.code || members["error_description"] == "" {
			t.Errorf("%s: body is %v", name, members)
		}
	}
}

// Rule 4: a token in the query or the body is no token.
func TestTokenElsewhere(t *testing.T) {
	t.Parallel()
	s := newSetup(t, nil)
	token := s.issuer.Token()
	query := httptest.NewRequest(http.MethodPost, "/mcp?access_token="+token, http.NoBody)
	form := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader("access_token="+token))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	cookie := request()
	cookie.AddCookie(&http.Cookie{Name: "access_token", Value: token})
	for name, r := range map[string]*http.Request{"query": query, "form": form, "cookie": cookie} {
		_, refusal := s.Authenticate(r)
		if got := answer(t, refusal); got.StatusCode != http.StatusUnauthorized || strings.Contains(got.Header.Get("WWW-Authenticate"), "error") {
			t.Errorf("rule 4: %s: %d %v", name, got.StatusCode, got.Header)
		}
	}
}

// Whatever was wrong, the client reads the same, and the log holds the reason but no token.
func TestOneTextForAllBadTokens(t *testing.T) {
	t.Parallel()
	s := newSetup(t, nil)
	tokens := []string{
		"x", s.issuer.Token(it.Without("sub")), s.issuer.Token(it.Expires(time.Unix(1, 0))),
		s.issuer.Token(it.Header("kid", "nobody")), s.issuer.Token(it.Claim("iss", "https://b.example")),
	}
	var first *authn.Refusal
	for _, token := range tokens {
		_, refusal := s.Authenticate(request("Bearer " + token))
		if first == nil {
			first = refusal
		}
		if refusal.Status != first.Status || !bytes.Equal(refusal.Body, first.Body) ||
			refusal.Header.Get("WWW-Authenticate") != first.Header.Get("WWW-Authenticate") {
			t.Errorf("answers differ: %+v, %+v", refusal, first)
		}
		if len(token) > 1 && strings.Contains(s.log.String(), token[len(token)-30:]) {
			t.Error("the log quotes a token")
		}
	}
	for _, want := range []string{"expired", "lacks a usable sub", "no such key", "not one of ours"} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

// Rule 16: keys that cannot be had are 503 and never 401, or clients would sign in again.
func TestUnavailable(t *testing.T) {
	t.Parallel()
	s := newSetup(t, nil)
	s.issuer.SetDown(true)
	unknown := newSetup(t, func(c *authn.Config) { c.Verifier = brokenVerifier{} })
	for name, refusal := range map[string]*authn.Refusal{
		"issuer down":      second(s.Authenticate(request("Bearer " + s.issuer.Token()))),
		"unforeseen error": second(unknown.Authenticate(request("Bearer x"))),
	} {
		r := answer(t, refusal)
		if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") != "30" ||
			r.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("rule 16: %s: %d %v", name, r.StatusCode, r.Header)
		}
		if text := body(t, r)["error_description"]; strings.Contains(text, "secret detail") {
			t.Errorf("%s: body tells why: %s", name, text)
		}
	}
}

func second(_ identity.Principal, refusal *authn.Refusal) *authn.Refusal { return refusal }

type brokenVerifier struct{}

func (brokenVerifier) Verify(context.Context, string) (identity.Principal, error) {
	return identity.Principal{}, errors.New("secret detail")
}
func (brokenVerifier) Advertised() []string { return nil }

func TestInsufficientScope(t *testing.T) {
	t.Parallel()
	s := newSetup(t, nil)
	p := identity.Principal{Scopes: []string{"math:add", "mcp:more", "openid", "unheard:of"}}
	r := answer(t, s.InsufficientScope(p, "notebook:write", "math:add", "notebook:read"))
	// Rule 19: needed and recognised present scopes, sorted; openid is nothing of ours.
	const want = `Bearer error="insufficient_scope", error_description="the access token lacks a scope that this needs", ` +
		`scope="math:add mcp:more notebook:read notebook:write", resource_metadata="` + metadataURL + `"`
	if r.StatusCode != http.StatusForbidden || r.Header.Get("WWW-Authenticate") != want {
		t.Errorf("rule 19: %d %s", r.StatusCode, r.Header.Get("WWW-Authenticate"))
	}
	// Rule 33: the body names what is missing, and only that.
	if got := body(t, r); got["error"] != "insufficient_scope" || got["scope"] != "notebook:read notebook:write" {
		t.Errorf("rule 33: body is %v", got)
	}
	if !slices.Equal(p.Scopes, []string{"math:add", "mcp:more", "openid", "unheard:of"}) {
		t.Error("the principal was changed")
	}
}

// TestRule46ChallengeHeader: where it is asked for, each challenge is there twice; an answer
// without one has neither.
func TestRule46ChallengeHeader(t *testing.T) {
	t.Parallel()
	s := newSetup(t, func(c *authn.Config) { c.ChallengeHeader = "X-Challenge" })
	for name, refusal := range map[string]*authn.Refusal{
		"no token":  second(s.Authenticate(request())),
		"bad token": second(s.Authenticate(request("Bearer x"))),
		"scope":     s.InsufficientScope(identity.Principal{}, "math:add"),
	} {
		r := answer(t, refusal)
		if got := r.Header.Get("X-Challenge"); got == "" || got != r.Header.Get("WWW-Authenticate") {
			t.Errorf("%s: %q beside %q", name, got, r.Header.Get("WWW-Authenticate"))
		}
	}
	r := answer(t, second(s.Authenticate(request("Bearer a", "Bearer b"))))
	if _, ok := r.Header["X-Challenge"]; ok {
		t.Error("a challenge where there is none")
	}
	for name := range answer(t, second(newSetup(t, nil).Authenticate(request()))).Header {
		if name != "Www-Authenticate" && name != "Content-Type" && name != "Cache-Control" {
			t.Errorf("without the setting there is %s", name)
		}
	}
}

// Rule 20: both paths give the same document, to any origin, with advertised issuers only.
func TestMetadata(t *testing.T) {
	t.Parallel()
	open, hidden := it.NewIssuer(t, "https://a.example"), it.NewIssuer(t, "https://hidden.example")
	trust := []identity.Issuer{open.Trust(), hidden.Trust()}
	trust[0].Tenants, trust[1].Tenants, trust[1].Advertised = []string{"a"}, []string{"b"}, false
	verifier, err := identity.NewVerifier(t.Context(), trust, identity.VerifierOptions{DefaultAudience: it.Audience})
	if err != nil {
		t.Fatal(err)
	}
	a, err := authn.New(config(verifier))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(authn.MetadataPath, a.MetadataHandler())
	mux.Handle(authn.EndpointMetadataPath, a.MetadataHandler())
	const want = `{"resource":"https://mcp.example/mcp","authorization_servers":["https://a.example"],` +
		`"scopes_supported":["mcp:basic","mcp:more"],"bearer_methods_supported":["header"],"resource_name":"Leasehold"}`
	for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
		r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
		r.Host = "evil.example"
		r.Header.Set("X-Forwarded-Host", "evil.example")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("rule 20: %s: %d %s", path, w.Code, w.Body)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("rule 20: %s: %v", path, w.Header())
		}
	}
	for method, status := range map[string]int{http.MethodOptions: 204, http.MethodHead: 200, http.MethodPost: 405, http.MethodDelete: 405} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, authn.MetadataPath, http.NoBody))
		if w.Code != status || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %v", method, w.Code, w.Header())
		}
		if (w.Header().Get("Allow") != "") != (status == 405) {
			t.Errorf("%s: Allow is %q", method, w.Header().Get("Allow"))
		}
	}
}

// RFC 9728 section 3.1: the well-known path goes between host and path.
func TestMetadataURLInChallenges(t *testing.T) {
	t.Parallel()
	for resource, want := range map[string]string{
		"https://mcp.example/mcp":      "https://mcp.example/.well-known/oauth-protected-resource/mcp",
		"https://mcp.example:8443/mcp": "https://mcp.example:8443/.well-known/oauth-protected-resource/mcp",
		"https://mcp.example/prod/mcp": "https://mcp.example/.well-known/oauth-protected-resource/prod/mcp",
		"https://mcp.example":          "https://mcp.example/.well-known/oauth-protected-resource",
		"https://mcp.example/":         "https://mcp.example/.well-known/oauth-protected-resource",
		"http://127.0.0.1:8080/mcp":    "http://127.0.0.1:8080/.well-known/oauth-protected-resource/mcp",
	} {
		s := newSetup(t, func(c *authn.Config) { c.ResourceURL = resource })
		if got := challengeOf(t, s); !strings.HasSuffix(got, `resource_metadata="`+want+`"`) {
			t.Errorf("rule 20: %s: %s", resource, got)
		}
	}
	s := newSetup(t, func(c *authn.Config) {
		c.MetadataURL = "https://mcp.example/prod/.well-known/oauth-protected-resource/mcp"
	})
	if got := challengeOf(t, s); !strings.Contains(got, `"https://mcp.example/prod/.well-known/`) {
		t.Errorf("override is ignored: %s", got)
	}
}

func challengeOf(t *testing.T, s *setup) string {
	t.Helper()
	r := request()
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	return answer(t, second(s.Authenticate(r))).Header.Get("WWW-Authenticate")
}

func TestNoScopesNoScopeParameter(t *testing.T) {
	t.Parallel()
	s := newSetup(t, func(c *authn.Config) { c.BaseScopes = nil })
	if got := challengeOf(t, s); got != `Bearer resource_metadata="`+metadataURL+`"` {
		t.Errorf("challenge is %s", got)
	}
}

func TestNewRefusesBadConfig(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*authn.Config){
		"no verifier":              func(c *authn.Config) { c.Verifier = nil },
		"rule 19 offline_access":   func(c *authn.Config) { c.BaseScopes = []string{"offline_access"} },
		"scope with a quote":       func(c *authn.Config) { c.BaseScopes = []string{`a"b`} },
		"scope with a space":       func(c *authn.Config) { c.KnownScopes = []string{"a b"} },
		"empty scope":              func(c *authn.Config) { c.BaseScopes = []string{""} },
		"no resource":              func(c *authn.Config) { c.ResourceURL = "" },
		"relative resource":        func(c *authn.Config) { c.ResourceURL = "/mcp" },
		"resource with a fragment": func(c *authn.Config) { c.ResourceURL = "https://mcp.example/mcp#x" },
		"resource of a user":       func(c *authn.Config) { c.ResourceURL = "https://u@mcp.example/mcp" },
		"metadata with a quote":    func(c *authn.Config) { c.MetadataURL = `https://mcp.example/"` },
		"metadata elsewhere":       func(c *authn.Config) { c.MetadataURL = "ftp://mcp.example/" },
	} {
		c := config(brokenVerifier{})
		change(&c)
		if _, err := authn.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestModule(t *testing.T) {
	t.Parallel()
	var a *authn.Authenticator
	iss := it.NewIssuer(t, "https://a.example")
	app := fxtest.New(t, authn.Module, fx.NopLogger,
		fx.Supply([]identity.Issuer{iss.Trust()}, config(nil), identity.VerifierOptions{
			DefaultAudience: it.Audience, InsecureTransport: it.Transport(iss),
		}),
		fx.Populate(&a),
	)
	app.RequireStart()
	if _, refusal := a.Authenticate(request("Bearer " + iss.Token())); refusal != nil {
		t.Errorf("refused: %s", refusal.Body)
	}
	app.RequireStop()
}
