package authorizer_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leasehold.example/apps/authorizer/internal/authorizer"
	"leasehold.example/libs/bearer"
	"leasehold.example/libs/identity"
	it "leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/scopes"
)

const (
	arn      = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/prod/POST/mcp"
	endpoint = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/prod/*/mcp"
)

// world is an authorizer that trusts one issuer.
type world struct {
	*authorizer.Authorizer
	issuer *it.Issuer
	log    bytes.Buffer
}

func newWorld(t *testing.T, change func(*identity.Issuer, *authorizer.Config)) *world {
	t.Helper()
	w := &world{issuer: it.NewIssuer(t, "https://a.example")}
	trust, c := w.issuer.Trust(), authorizer.Config{Logger: observe.NewLogger(&w.log, slog.LevelInfo)}
	c.Signals = observe.NewSignals(c.Logger, nil, observe.Options{Service: metric.ServiceAuthorizer, Stage: "test", Sample: 1, Metrics: true})
	if change != nil {
		change(&trust, &c)
	}
	verifier, err := identity.NewVerifier(t.Context(), []identity.Issuer{trust}, identity.VerifierOptions{
		DefaultAudience: it.Audience, InsecureTransport: it.Transport(w.issuer), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Challenges, err = bearer.NewChallenger(bearer.Config{
		ResourceURL: it.Audience, BaseScopes: []string{scopes.Basic}, KnownScopes: scopes.Names(),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Verifier = verifier
	w.Authorizer = authorizer.New(c)
	return w
}

type event = events.APIGatewayCustomAuthorizerRequestTypeRequest

// withAuthorization is an event with these values of Authorization.
func withAuthorization(values ...string) event {
	return event{Type: "REQUEST", MethodArn: arn, MultiValueHeaders: map[string][]string{"Authorization": values}}
}

// call is an event with a token and the headers of a call in the version.
func call(token, version, method, name string) event {
	e := withAuthorization("Bearer " + token)
	maps.Copy(e.MultiValueHeaders, map[string][]string{
		"mcp-protocol-version": {version}, "Mcp-Method": {method}, "MCP-NAME": {name},
	})
	return e
}

// TestRule33Allow: a good token opens /mcp of this API and stage, with every method, and
// tells the access log whose it is without telling who.
func TestRule33Allow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	e := withAuthorization("bearer " + w.issuer.Token(it.Subject("jane@acme.example"), it.Scopes(scopes.Basic, "openid", scopes.SessionRead)))
	got, err := w.Authorize(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	wantPolicy(t, got, "Allow")
	owner := identity.Owner{Tenant: "acme", Issuer: "https://a.example", Subject: "jane@acme.example"}
	if got.PrincipalID != owner.Hash() {
		t.Errorf("principal %q", got.PrincipalID)
	}
	wantContext(t, got, map[string]any{"tenant": "acme", "clientId": "client-1", "scopes": "mcp:basic session:read"})
}

func wantPolicy(t *testing.T, got events.APIGatewayCustomAuthorizerResponse, effect string) {
	t.Helper()
	if d := got.PolicyDocument; d.Version != "2012-10-17" || len(d.Statement) != 1 ||
		d.Statement[0].Effect != effect || strings.Join(d.Statement[0].Action, " ") != "execute-api:Invoke" ||
		strings.Join(d.Statement[0].Resource, " ") != endpoint {
		t.Errorf("policy %+v, want %s of %s", d, effect, endpoint)
	}
}

func wantContext(t *testing.T, got events.APIGatewayCustomAuthorizerResponse, want map[string]any) {
	t.Helper()
	if !maps.Equal(got.Context, want) {
		t.Errorf("context\n%q, want\n%q", got.Context, want)
	}
}

// TestRule33Refusals: whatever is not one good bearer token is the one error that API
// Gateway answers with 401, and no token is in the log.
func TestRule33Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	good, other := w.issuer.Token(), it.NewKey(t, "ES256")
	bad := func(changes ...it.Change) event { return withAuthorization("Bearer " + w.issuer.Token(changes...)) }
	repeated := withAuthorization("Bearer " + good)
	repeated.MultiValueHeaders["authorization"] = []string{"Bearer " + good}
	elsewhere := withAuthorization()
	elsewhere.Headers = map[string]string{"Authorization": "Bearer " + good}
	elsewhere.MultiValueQueryStringParameters = map[string][]string{"access_token": {good}}
	for name, e := range map[string]event{
		"no header":                   withAuthorization(),
		"empty":                       withAuthorization(""),
		"Basic":                       withAuthorization("Basic dTpw"),
		"no scheme":                   withAuthorization(good),
		"rule 4 twice":                withAuthorization("Bearer "+good, "Bearer "+good),
		"rule 4 twice, in other case": repeated,
		"rule 4 two in one":           withAuthorization("Bearer " + good + ", Bearer " + good),
		"rule 4 not where it belongs": elsewhere,
		"not a JWT":                   withAuthorization("Bearer x"),
		"expired":                     bad(it.Expires(time.Now().Add(-time.Hour))),
		"without exp":                 bad(it.Without("exp")),
		"rule 20 another audience":    bad(it.Claim("aud", "https://mcp.example")),
		"rule 13 another issuer":      bad(it.Claim("iss", "https://b.example")),
		"rule 13 a key of nobody":     bad(it.ForgedBy(other)),
		"rule 13 alg none":            bad(it.Header("alg", "none")),
		"rule 13 HS256":               bad(it.ForgedBy(&it.Key{Alg: "HS256", Private: []byte("secret")})),
		"rule 13 without kid":         bad(it.WithoutHeader("kid")),
		"rule 13 crit":                bad(it.Header("crit", []string{"exp"})),
		"rule 13 bound to a key":      bad(it.Claim("cnf", map[string]string{"jkt": "x"})),
		"rule 14 an ID token":         bad(it.Claim("token_use", "id")),
		"rule 18 invalid, no tenant":  bad(it.Without("tenant", "sub")),
		"signature of another token":  withAuthorization("Bearer " + good[:strings.LastIndex(good, ".")] + bearerOf(bad(it.Subject("x")))),
	} {
		answer, err := w.Authorize(t.Context(), e)
		if !errors.Is(err, authorizer.ErrUnauthorized) || err.Error() != "Unauthorized" || answer.PrincipalID != "" {
			t.Errorf("%s: %+v, %v; want Unauthorized", name, answer, err)
		}
	}
	if strings.Contains(w.log.String(), good) || strings.Contains(w.log.String(), "user-1") {
		t.Error("the log has a token or its subject")
	}
}

// bearerOf is the last part of the event's token, with its dot.
func bearerOf(e event) string {
	token := e.MultiValueHeaders["Authorization"][0]
	return token[strings.LastIndex(token, "."):]
}

// TestRule18NoTenant: a good token that names no tenant is denied with a fixed text and
// without a challenge, which would begin a new sign-in.
func TestRule18NoTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	got, err := w.Authorize(t.Context(), withAuthorization("Bearer "+w.issuer.Token(it.Without("tenant"))))
	if err != nil {
		t.Fatal(err)
	}
	wantPolicy(t, got, "Deny")
	wantContext(t, got, map[string]any{
		"code": "no_tenant", "description": "the access token names no tenant that is known here",
	})
	if got.PrincipalID == "" {
		t.Error("API Gateway takes an answer without a principal for a failure")
	}
}

// TestRule33Scope: the headers of a modern request can be judged early; everything else is
// the server's to judge.
func TestRule33Scope(t *testing.T) {
	t.Parallel()
	const v2026 = "2026-07-28"
	tests := []struct {
		name                  string
		version, method, tool string
		scope                 string // that is missing; empty when it is let through
	}{
		{"a tool", v2026, "tools/call", "notebook_delete", scopes.NotebookDelete},
		{"a tool with its scope", v2026, "tools/call", "session_get", ""},
		{"a prompt", v2026, "prompts/get", "generate_serverless_design_prompt", scopes.Basic},
		{"a resource", v2026, "resources/read", "users://user-1/profile", scopes.Basic},
		{"an unknown tool", v2026, "tools/call", "nothing", ""},
		{"a list", v2026, "tools/list", "", ""},
		{"encoded", v2026, "tools/call", "=?base64?bWF0aA==?=", ""},
		{"rule 3 an older version", "2025-11-25", "tools/call", "notebook_delete", ""},
		{"rule 3 no known version", "zzz", "tools/call", "notebook_delete", ""},
		{"no version", "", "tools/call", "notebook_delete", ""},
	}
	w := newWorld(t, nil)
	token := w.issuer.Token(it.Scopes(scopes.SessionRead))
	for _, tt := range tests {
		got, err := w.Authorize(t.Context(), call(token, tt.version, tt.method, tt.tool))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"tenant": "acme", "clientId": "client-1", "scopes": "session:read"}
		effect := "Allow"
		if tt.scope != "" {
			effect = "Deny"
			want["code"], want["scope"] = "insufficient_scope", tt.scope
			want["description"] = "the access token lacks a scope that this needs"
			// Rule 19: together with what the token has.
			want["challenge"] = `Bearer error="insufficient_scope", error_description="the access token lacks a scope that this needs", ` +
				`scope="` + tt.scope + ` session:read", resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp"`
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wantPolicy(t, got, effect)
			wantContext(t, got, want)
		})
	}
}

// TestRule33LeftToTheServer: headers that are repeated, scopes that the issuer never grants,
// and every scope while API Gateway reuses answers.
func TestRule33LeftToTheServer(t *testing.T) {
	t.Parallel()
	twice := func(name string) func(*event) {
		return func(e *event) { e.MultiValueHeaders[name] = []string{"x"} }
	}
	for name, c := range map[string]struct {
		world  func(*identity.Issuer, *authorizer.Config)
		change func(*event)
		want   string
	}{
		"as it is":          {nil, func(*event) {}, "Deny"},
		"version twice":     {nil, twice("MCP-Protocol-Version"), "Allow"},
		"method twice":      {nil, twice("mcp-method"), "Allow"},
		"name twice":        {nil, twice("mcp-name"), "Allow"},
		"rule 19 ungranted": {func(i *identity.Issuer, _ *authorizer.Config) { i.Scopes = []string{scopes.Basic} }, func(*event) {}, "Allow"},
		"cached":            {func(_ *identity.Issuer, c *authorizer.Config) { c.Cached = true }, func(*event) {}, "Allow"},
	} {
		w := newWorld(t, c.world)
		e := call(w.issuer.Token(), "2026-07-28", "tools/call", "notebook_delete")
		c.change(&e)
		got, err := w.Authorize(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if effect := got.PolicyDocument.Statement[0].Effect; effect != c.want {
			t.Errorf("%s: %s, want %s", name, effect, c.want)
		}
	}
}

// TestRule16Outage: an issuer that is down makes no token a bad one.
func TestRule16Outage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.issuer.SetDown(true)
	token := w.issuer.Token()
	_, err := w.Authorize(t.Context(), withAuthorization("Bearer "+token))
	if !errors.Is(err, authorizer.ErrUnavailable) || strings.Contains(err.Error(), "Unauthorized") || strings.Contains(err.Error(), "a.example") {
		t.Errorf("error %v", err)
	}
	if log := w.log.String(); !strings.Contains(log, `"level":"ERROR"`) || strings.Contains(log, token) {
		t.Errorf("the log says %s", log)
	}
	c := authorizer.Config{Verifier: broken{}, Logger: slog.New(slog.DiscardHandler), Signals: w.Signals}
	if _, err := authorizer.New(c).Authorize(t.Context(), withAuthorization("Bearer x")); !errors.Is(err, authorizer.ErrUnavailable) {
		t.Errorf("an error that nobody knows of: %v", err)
	}
}

type broken struct{}

func (broken) Verify(context.Context, string) (identity.Principal, error) {
	return identity.Principal{}, errors.New("Unauthorized")
}
func (broken) Grantable(string, string) bool { return true }

// TestRule33Resource: what the authorizer is attached to by mistake it does not open.
func TestRule33Resource(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	const api = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5"
	for _, methodARN := range []string{
		"", "x", api, api + "/prod/GET/", api + "/prod/GET/mcp/x", api + "/prod/GET/healthz", api + "//GET/mcp",
		api + "/*/GET/mcp", "arn:aws:execute-api:eu-west-1:111122223333:*/prod/GET/mcp", "arn:aws:s3:::a/b/c/mcp",
		"arn:aws:lambda:eu-west-1:111122223333:a1b2c3d4e5/prod/GET/mcp",
	} {
		e := withAuthorization("Bearer " + w.issuer.Token())
		e.MethodArn = methodARN
		if got, err := w.Authorize(t.Context(), e); !errors.Is(err, authorizer.ErrResource) {
			t.Errorf("%q: %+v, %v", methodARN, got, err)
		}
	}
	e := withAuthorization("Bearer " + w.issuer.Token())
	e.MethodArn = "arn:aws-cn:execute-api:cn-north-1:111122223333:a1b2c3d4e5/dev/DELETE/mcp"
	got, err := w.Authorize(t.Context(), e)
	if err != nil || got.PolicyDocument.Statement[0].Resource[0] != "arn:aws-cn:execute-api:cn-north-1:111122223333:a1b2c3d4e5/dev/*/mcp" {
		t.Errorf("%+v, %v", got, err)
	}
}
