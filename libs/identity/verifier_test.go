package identity_test

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/identity/identitytest"
)

// newVerifier trusts issuers, which answer without a network.
func newVerifier(tb testing.TB, trust []identity.Issuer, issuers ...*identitytest.Issuer) *identity.Verifier {
	tb.Helper()
	return newVerifierWith(tb, identity.VerifierOptions{}, trust, issuers...)
}

func newVerifierWith(tb testing.TB, o identity.VerifierOptions, trust []identity.Issuer, issuers ...*identitytest.Issuer) *identity.Verifier {
	tb.Helper()
	o.DefaultAudience = identitytest.Audience
	o.Logger = slog.New(slog.DiscardHandler)
	o.InsecureTransport = identitytest.Transport(issuers...)
	v, err := identity.NewVerifier(tb.Context(), trust, o)
	if err != nil {
		tb.Fatalf("NewVerifier: %v", err)
	}
	return v
}

// verifierOf trusts one issuer as its Trust says, after the changes.
func verifierOf(tb testing.TB, iss *identitytest.Issuer, changes ...func(*identity.Issuer)) *identity.Verifier {
	tb.Helper()
	trust := iss.Trust()
	for _, change := range changes {
		change(&trust)
	}
	return newVerifier(tb, []identity.Issuer{trust}, iss)
}

func mustVerify(tb testing.TB, v *identity.Verifier, token string) identity.Principal {
	tb.Helper()
	p, err := v.Verify(tb.Context(), token)
	if err != nil {
		tb.Fatalf("Verify: %v", err)
	}
	return p
}

// wantProblem demands an *Error of that problem which quotes nothing of the token.
func wantProblem(tb testing.TB, v *identity.Verifier, token string, want identity.Problem) {
	tb.Helper()
	p, err := v.Verify(tb.Context(), token)
	e, ok := errors.AsType[*identity.Error](err)
	if !ok || e.Problem != want {
		tb.Fatalf("Verify = %+v, %v; want problem %d", p, err, want)
	}
	if len(token) > 20 && strings.Contains(e.Error(), token[len(token)-20:]) {
		tb.Errorf("the reason quotes the token: %v", e)
	}
}

func TestVerifyPrincipal(t *testing.T) {
	t.Parallel()
	iss := identitytest.NewIssuer(t, "https://a.example")
	now := time.Now().Truncate(time.Second)
	iss.Now = func() time.Time { return now }
	p := mustVerify(t, verifierOf(t, iss), iss.Token(identitytest.Scopes("b:write", "a:read", "b:write")))
	switch {
	case p.Tenant != "acme", p.Issuer != "https://a.example", p.Subject != "user-1", p.ClientID != "client-1",
		!slices.Equal(p.Scopes, []string{"a:read", "b:write"}), !p.ExpiresAt.Equal(now.Add(time.Hour)):
		t.Errorf("unexpected principal: %+v", p)
	}
	if !p.HasScope("b:write") || p.HasScope("b") {
		t.Error("HasScope misjudges")
	}
}

// A refreshed token is other bytes, another client and other scopes for the same owner.
func TestRefreshedTokenKeepsOwner(t *testing.T) {
	t.Parallel()
	iss := identitytest.NewIssuer(t, "https://a.example")
	v := verifierOf(t, iss)
	before := mustVerify(t, v, iss.Token(identitytest.Scopes("a")))
	iss.Publish(iss.SigningKey())
	after := mustVerify(t, v, iss.Token(identitytest.Expires(time.Now().Add(2*time.Hour)),
		identitytest.Scopes("b"), identitytest.Client("client-2")))
	if before.Owner() != after.Owner() || before.Owner().Hash() != after.Owner().Hash() {
		t.Errorf("owner changed: %+v, %+v", before.Owner(), after.Owner())
	}
	// Rule 21: scopes are those of the present token.
	if after.HasScope("a") || !after.HasScope("b") {
		t.Errorf("rule 21: scopes of the present token are %v", after.Scopes)
	}
	other := mustVerify(t, v, iss.Token(identitytest.Subject("user-2")))
	if before.Owner() == other.Owner() || before.Owner().Hash() == other.Owner().Hash() {
		t.Error("another user has the same owner")
	}
}

func TestOwnerHashIsFramed(t *testing.T) {
	t.Parallel()
	// Rule 25: pairs whose concatenation is equal are different owners.
	one := identity.Owner{Tenant: "t", Issuer: "https://a.example/x", Subject: "y"}
	two := identity.Owner{Tenant: "t", Issuer: "https://a.example/", Subject: "xy"}
	if one.Hash() == two.Hash() {
		t.Error("rule 25: concatenation collides")
	}
	if len(one.Hash()) != 43 {
		t.Errorf("hash has %d characters", len(one.Hash()))
	}
}

func TestAlgorithms(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
		for _, unlabelled := range []bool{false, true} {
			iss := identitytest.NewIssuer(t, "https://a.example")
			k := identitytest.NewKey(t, alg)
			k.Unlabelled = unlabelled
			iss.PublishOnly(k)
			iss.SignWith(k)
			mustVerify(t, verifierOf(t, iss, func(i *identity.Issuer) { i.Algorithms = []string{alg} }), iss.Token())
		}
	}
}

func TestTokenTypes(t *testing.T) {
	t.Parallel()
	iss := identitytest.NewIssuer(t, "https://a.example")
	v := verifierOf(t, iss)
	mustVerify(t, v, iss.Token(identitytest.WithoutHeader("typ")))
	for _, typ := range []string{"JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT"} {
		mustVerify(t, v, iss.Token(identitytest.Header("typ", typ)))
	}
}

func TestAudience(t *testing.T) {
	t.Parallel()
	iss := identitytest.NewIssuer(t, "https://a.example")
	v := verifierOf(t, iss)
	mustVerify(t, v, iss.Token(identitytest.Claim("aud", []string{"https://other.example", identitytest.Audience})))
	own := verifierOf(t, iss, func(i *identity.Issuer) { i.Audiences = []string{"api://x", "api://y"} })
	mustVerify(t, own, iss.Token(identitytest.Claim("aud", "api://y")))
	// Rule 20: an issuer's own audiences replace the public URL.
	wantProblem(t, own, iss.Token(), identity.InvalidToken)
}

func TestClientIDMode(t *testing.T) {
	t.Parallel()
	iss := identitytest.NewIssuer(t, "https://a.example")
	v := verifierOf(t, iss, clientIDMode)
	cognito := []identitytest.Change{identitytest.Without("aud"), identitytest.Claim("token_use", "access")}
	p := mustVerify(t, v, iss.Token(append(cognito, identitytest.Scopes("https://mcp.example/math:add", "openid", "https://mcp.example/"))...))
	if !slices.Equal(p.Scopes, []string{"math:add"}) {
		t.Errorf("rule 14: scopes are %v", p.Scopes)
	}
	for name, change := range map[string]identitytest.Change{
		"ID token":             identitytest.Claim("token_use", "id"),
		"no token_use":         identitytest.Without("token_use"),
		"token_use not text":   identitytest.Claim("token_use", []string{"access"}),
		"foreign client":       identitytest.Client("client-2"),
		"client in other case": identitytest.Client("Client-1"),
		"no client":            identitytest.Without("client_id"),
		"cid is not client_id": func(d *identitytest.Draft) { delete(d.Claims, "client_id"); d.Claims["cid"] = "client-1" },
		"azp is not client_id": func(d *identitytest.Draft) { delete(d.Claims, "client_id"); d.Claims["azp"] = "client-1" },
		"client not text":      identitytest.Claim("client_id", []string{"client-1"}),
		"audience of another":  identitytest.Claim("aud", "https://other.example"),
		"null audience":        identitytest.Claim("aud", nil),
	} {
		t.Run("rule 14 "+name, func(t *testing.T) {
			t.Parallel()
			wantProblem(t, v, iss.Token(append(slices.Clone(cognito), change)...), identity.InvalidToken)
		})
	}
}

func clientIDMode(i *identity.Issuer) {
	i.Mode = identity.ModeClientID
	i.ClientIDs = []string{"client-1"}
	i.ScopePrefix = "https://mcp.example/"
}

func TestClientAllowListInAudienceMode(t *testing.T) {
	t.Parallel()
	iss := identitytest.NewIssuer(t, "https://a.example")
	v := verifierOf(t, iss, func(i *identity.Issuer) { i.ClientIDs = []string{"client-1"} })
	azp := func(d *identitytest.Draft) { delete(d.Claims, "client_id"); d.Claims["azp"] = "client-1" }
	cid := func(d *identitytest.Draft) { delete(d.Claims, "client_id"); d.Claims["cid"] = "client-1" }
	for name, change := range map[string]identitytest.Change{"azp": azp, "cid": cid} {
		if p := mustVerify(t, v, iss.Token(change)); p.ClientID != "client-1" {
			t.Errorf("%s: client is %q", name, p.ClientID)
		}
	}
	wantProblem(t, v, iss.Token(azp, identitytest.Claim("cid", "client-1"), identitytest.Claim("azp", []string{"client-1"})), identity.InvalidToken)
	wantProblem(t, v, iss.Token(cid, identitytest.Client("client-2")), identity.InvalidToken)
	wantProblem(t, v, iss.Token(identitytest.Client("client-2")), identity.InvalidToken)
	wantProblem(t, v, iss.Token(identitytest.Without("client_id")), identity.InvalidToken)
}

func TestScopeClaims(t *testing.T) {
	t.Parallel()
	iss := identitytest.NewIssuer(t, "https://a.example")
	scp := func(value any) identitytest.Change { return identitytest.Claim("scp", value) }
	for name, c := range map[string]struct {
		claim   string
		changes []identitytest.Change
		want    []string
	}{
		"none":                      {"", nil, nil},
		"scp array":                 {"", []identitytest.Change{scp([]string{"b", "a"})}, []string{"a", "b"}},
		"scp string":                {"", []identitytest.Change{scp("b a")}, []string{"a", "b"}},
		"scope before scp":          {"", []identitytest.Change{scp("a"), identitytest.Scopes("b")}, []string{"b"}},
		"scp when told":             {"scp", []identitytest.Change{scp("a"), identitytest.Scopes("b")}, []string{"a"}},
		"scope when told":           {"scope", []identitytest.Change{scp("a")}, nil},
		"no splitting in an array":  {"", []identitytest.Change{scp([]string{"a b", "c"})}, []string{"c"}},
		"no scope that breaks text": {"", []identitytest.Change{identitytest.Scopes(`a"`, "b\\", "ü", "c")}, []string{"c"}},
	} {
		v := verifierOf(t, iss, func(i *identity.Issuer) { i.ScopeClaim = c.claim })
		if p := mustVerify(t, v, iss.Token(c.changes...)); !slices.Equal(p.Scopes, c.want) {
			t.Errorf("%s: scopes are %q, want %q", name, p.Scopes, c.want)
		}
	}
}

func TestTenants(t *testing.T) {
	t.Parallel()
	iss := identitytest.NewIssuer(t, "https://a.example")
	fixed := verifierOf(t, iss, func(i *identity.Issuer) { i.Tenant, i.TenantClaim = "fixed", "" })
	if p := mustVerify(t, fixed, iss.Token(identitytest.Tenant("other"))); p.Tenant != "fixed" {
		t.Errorf("tenant is %q", p.Tenant)
	}
	named := verifierOf(t, iss, func(i *identity.Issuer) {
		i.TenantClaim, i.Tenants = "https://ns.example/tenant", []string{"globex", "acme-*"}
	})
	for _, tenant := range []string{"globex", "acme-", "acme-eu", "acme-eu.1_x"} {
		if p := mustVerify(t, named, iss.Token(identitytest.Claim("https://ns.example/tenant", tenant))); p.Tenant != tenant {
			t.Errorf("tenant is %q", p.Tenant)
		}
	}
	for _, tenant := range []string{"acme", "globex2", "Globex", "xacme-eu"} {
		// Rule 15: the issuer may not name these.
		wantProblem(t, named, iss.Token(identitytest.Claim("https://ns.example/tenant", tenant)), identity.NoTenant)
	}
	v := verifierOf(t, iss)
	mustVerify(t, v, iss.Token(identitytest.Tenant("A"+strings.Repeat("z", 63))))
	// Rule 18: a good token without a usable tenant is NoTenant and not InvalidToken.
	wantProblem(t, v, iss.Token(identitytest.Without("tenant")), identity.NoTenant)
	for _, tenant := range []any{
		"", " ", ".x", "-x", "_x", "a b", "a#b", "a/b", "a*", "ä", "a\n", "a\x00", "A" + strings.Repeat("z", 64),
		nil, 7, true,
		[]string{"acme"},
		map[string]string{"acme": "acme"},
	} {
		wantProblem(t, v, iss.Token(identitytest.Claim("tenant", tenant)), identity.NoTenant)
	}
	// What is wrong with the token comes before what is wrong with its tenant.
	wantProblem(t, v, iss.Token(identitytest.Without("tenant", "sub")), identity.InvalidToken)
}

func TestGrantableAndAdvertised(t *testing.T) {
	t.Parallel()
	a, b := identitytest.NewIssuer(t, "https://a.example"), identitytest.NewIssuer(t, "https://b.example")
	ta, tb := a.Trust(), b.Trust()
	ta.Tenants, tb.Tenants = []string{"acme"}, []string{"acme"}
	ta.Scopes, ta.Advertised = []string{"math:add"}, false
	v := newVerifier(t, []identity.Issuer{ta, tb}, a, b)
	for _, c := range []struct {
		issuer, scope string
		want          bool
	}{
		{"https://a.example", "math:add", true},
		{"https://a.example", "notebook:write", false},
		{"https://b.example", "notebook:write", true},
		{"https://c.example", "math:add", false},
	} {
		if got := v.Grantable(c.issuer, c.scope); got != c.want {
			t.Errorf("rule 19: Grantable(%s, %s) = %v", c.issuer, c.scope, got)
		}
	}
	if p := mustVerify(t, v, a.Token(identitytest.Scopes("math:add", "notebook:write"))); p.HasScope("notebook:write") {
		t.Error("a token carries what its issuer cannot grant")
	}
	if got := v.Advertised(); !slices.Equal(got, []string{"https://b.example"}) {
		t.Errorf("rule 20: advertised are %v", got)
	}
}

// TestRule41AdvertisedAs: the metadata names where the issuer's document is served, and
// tokens still have to name the issuer itself.
func TestRule41AdvertisedAs(t *testing.T) {
	t.Parallel()
	iss := identitytest.NewIssuer(t, "https://a.example")
	v := verifierOf(t, iss, func(i *identity.Issuer) { i.AdvertisedAs = "https://mcp.example" })
	if got := v.Advertised(); !slices.Equal(got, []string{"https://mcp.example"}) {
		t.Errorf("advertised are %v", got)
	}
	mustVerify(t, v, iss.Token())
	wantProblem(t, v, iss.Token(identitytest.Claim("iss", "https://mcp.example")), identity.InvalidToken)
	for as, want := range map[string]string{
		"http://mcp.example": "must be https", "mcp.example": "must be an absolute URL", "https://mcp.example?a": "query",
		"https://mcp.example#a": "fragment", "https://u@mcp.example": "without credentials",
	} {
		trust := iss.Trust()
		trust.AdvertisedAs = as
		wantConfigError(t, trust, "advertised_as: ", want)
	}
	hidden := iss.Trust()
	hidden.Advertised, hidden.AdvertisedAs = false, "https://mcp.example"
	wantConfigError(t, hidden, "advertised_as: needs advertised")
}

func wantConfigError(t *testing.T, i identity.Issuer, texts ...string) {
	t.Helper()
	_, err := identity.NewVerifier(t.Context(), []identity.Issuer{i}, identity.VerifierOptions{DefaultAudience: identitytest.Audience})
	for _, text := range texts {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v, want %q", i.AdvertisedAs, err, text)
		}
	}
}

func TestLeeway(t *testing.T) {
	t.Parallel()
	iss := identitytest.NewIssuer(t, "https://a.example")
	now := time.Now().Truncate(time.Second)
	iss.Now = func() time.Time { return now }
	v := newVerifierWith(t, identity.VerifierOptions{Leeway: 20 * time.Second, Now: iss.Now}, []identity.Issuer{iss.Trust()}, iss)
	at := func(name string, offset time.Duration) string {
		return iss.Token(identitytest.Claim(name, now.Add(offset).Unix()))
	}
	mustVerify(t, v, at("exp", -19*time.Second))
	mustVerify(t, v, at("nbf", 20*time.Second))
	mustVerify(t, v, at("iat", 20*time.Second))
	for name, offset := range map[string]time.Duration{"exp": -20 * time.Second, "nbf": 21 * time.Second, "iat": 21 * time.Second} {
		wantProblem(t, v, at(name, offset), identity.InvalidToken)
	}
}

// TestDebugClaim: only the boolean true, under the name that the operator chose for this
// issuer, asks for anything.
func TestDebugClaim(t *testing.T) {
	t.Parallel()
	iss := identitytest.NewIssuer(t, "https://a.example")
	named := verifierOf(t, iss, func(i *identity.Issuer) { i.DebugClaim = "log_debug" })
	for _, test := range []struct {
		verifier *identity.Verifier
		value    any
		want     bool
	}{
		{named, true, true},
		{named, false, false},
		{named, "true", false},
		{named, 1, false},
		{named, []bool{true}, false},
		{verifierOf(t, iss), true, false},
	} {
		for range 2 { // verified, then remembered
			token := iss.Token(identitytest.Claim("log_debug", test.value), identitytest.Claim("", true))
			if p := mustVerify(t, test.verifier, token); p.Debug != test.want {
				t.Errorf("%v: Debug is %v, want %v", test.value, p.Debug, test.want)
			}
		}
	}
	if p := mustVerify(t, named, iss.Token()); p.Debug {
		t.Error("without the claim: debug")
	}
}

func TestNewVerifierListsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	good := identity.Issuer{Issuer: "https://a.example", TenantClaim: "tenant"}
	with := func(change func(*identity.Issuer)) identity.Issuer { i := good; change(&i); return i }
	for name, c := range map[string]struct {
		issuer identity.Issuer
		want   string
	}{
		"rule 17 http":                 {with(func(i *identity.Issuer) { i.Issuer = "http://a.example" }), "must be https"},
		"rule 17 http loopback":        {with(func(i *identity.Issuer) { i.Issuer = "http://127.0.0.1:1" }), "must be https"},
		"rule 17 not loopback":         {with(func(i *identity.Issuer) { i.InsecureLoopback = true }), "not on loopback"},
		"rule 17 http keys":            {with(func(i *identity.Issuer) { i.JWKSURL = "http://a.example/jwks" }), "jwks_url"},
		"no host":                      {with(func(i *identity.Issuer) { i.Issuer = "https:///x" }), "absolute URL"},
		"empty":                        {with(func(i *identity.Issuer) { i.Issuer = "" }), "absolute URL"},
		"credentials":                  {with(func(i *identity.Issuer) { i.Issuer = "https://u:p@a.example" }), "credentials"},
		"query":                        {with(func(i *identity.Issuer) { i.Issuer = "https://a.example?x" }), "query"},
		"rule 13 symmetric algorithm":  {with(func(i *identity.Issuer) { i.Algorithms = []string{"HS256"} }), `"HS256"`},
		"rule 13 none":                 {with(func(i *identity.Issuer) { i.Algorithms = []string{"none"} }), `"none"`},
		"no algorithm":                 {with(func(i *identity.Issuer) { i.Algorithms = []string{} }), "algorithms is empty"},
		"mode":                         {with(func(i *identity.Issuer) { i.Mode = "x" }), "mode"},
		"rule 14 no client":            {with(func(i *identity.Issuer) { i.Mode = identity.ModeClientID }), "client_ids"},
		"empty client":                 {with(func(i *identity.Issuer) { i.ClientIDs = []string{""} }), "empty strings"},
		"no audience":                  {with(func(i *identity.Issuer) { i.Audiences = []string{} }), "needs audiences"},
		"both tenant and claim":        {with(func(i *identity.Issuer) { i.Tenant = "acme" }), "exactly one"},
		"neither tenant nor claim":     {with(func(i *identity.Issuer) { i.TenantClaim = "" }), "exactly one"},
		"bad fixed tenant":             {with(func(i *identity.Issuer) { i.Tenant, i.TenantClaim = "a b", "" }), "tenant id"},
		"fixed tenant and list":        {with(func(i *identity.Issuer) { i.Tenant, i.TenantClaim, i.Tenants = "a", "", []string{"a"} }), "belongs to"},
		"rule 15 bare star":            {with(func(i *identity.Issuer) { i.Tenants = []string{"*"} }), "trailing"},
		"rule 15 inner star":           {with(func(i *identity.Issuer) { i.Tenants = []string{"a*b"} }), "trailing"},
		"rule 15 empty list":           {with(func(i *identity.Issuer) { i.Tenants = []string{} }), "tenants is empty"},
		"a debug claim that is taken":  {with(func(i *identity.Issuer) { i.DebugClaim = "scope" }), "debug_claim"},
		"the tenant for a debug claim": {with(func(i *identity.Issuer) { i.DebugClaim = "tenant" }), "debug_claim"},
		"scope claim":                  {with(func(i *identity.Issuer) { i.ScopeClaim = "roles" }), "scope_claim"},
		"no scopes":                    {with(func(i *identity.Issuer) { i.Scopes = []string{} }), "scopes is empty"},
		"bare without a prefix":        {with(func(i *identity.Issuer) { i.BareScopes = true }), "bare_scopes"},
		"a prefix that breaks text":    {with(func(i *identity.Issuer) { i.ScopePrefix = "rs\"" }), "scope_prefix"},
		"scope that is two":            {with(func(i *identity.Issuer) { i.Scopes = []string{"a b"} }), "not a scope"},
		"rule 17 credentials for keys": {with(func(i *identity.Issuer) { i.JWKSURL = "https://u@a.example/" }), "credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := identity.NewVerifier(t.Context(), []identity.Issuer{c.issuer}, identity.VerifierOptions{DefaultAudience: "x"})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
	all := []identity.Issuer{good, good, with(func(i *identity.Issuer) { i.Issuer, i.Mode = "http://b.example", "x" })}
	_, err := identity.NewVerifier(t.Context(), all, identity.VerifierOptions{})
	for _, want := range []string{"issuer 1", "needs audiences", "list of tenants", "issuer 3", "must be https", "mode"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
	twice := []identity.Issuer{with(tenantsAcme), with(tenantsAcme)}
	if _, err := identity.NewVerifier(t.Context(), twice, identity.VerifierOptions{DefaultAudience: "x"}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("error lacks twice: %v", err)
	}
}

func tenantsAcme(i *identity.Issuer) { i.Tenants = []string{"acme"} }
