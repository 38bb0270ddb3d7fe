package bearer_test

import (
	"slices"
	"strings"
	"testing"

	"leasehold.example/libs/bearer"
	"leasehold.example/libs/identity"
)

func TestToken(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"Bearer abc": "abc", "bearer abc": "abc", "BEARER  abc ": "abc", "Bearer abc, Bearer def": "abc, Bearer def",
		"": "", "Bearer": "", "Bearer ": "", "abc": "", "Basic abc": "", " Bearer abc": "", "Bearer\tabc": "",
	} {
		if got := bearer.Token(value); got != want {
			t.Errorf("Token(%q) = %q, want %q", value, got, want)
		}
	}
}

// TestRule19Scopes: a challenge for more keeps what the token has and we know.
func TestRule19Scopes(t *testing.T) {
	t.Parallel()
	c, err := bearer.NewChallenger(bearer.Config{
		ResourceURL: "https://mcp.example/mcp", BaseScopes: []string{"mcp:basic"}, KnownScopes: []string{"a", "b", "c"},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := identity.Principal{Scopes: []string{"a", "mcp:basic", "openid"}}
	if got := c.InsufficientScope(p, "c", "a"); !strings.Contains(got, `scope="a c mcp:basic"`) {
		t.Errorf("challenge %s", got)
	}
	if got := bearer.Missing(p, "c", "a"); !slices.Equal(got, []string{"c"}) {
		t.Errorf("missing are %q", got)
	}
	if got := c.Recognised(p); !slices.Equal(got, []string{"a", "mcp:basic"}) || len(p.Scopes) != 3 {
		t.Errorf("recognised are %q of %q", got, p.Scopes)
	}
}

// TestRule41ScopePrefix asks for scopes by the names that the issuer knows: Cognito's begin
// with the resource server.
func TestRule41ScopePrefix(t *testing.T) {
	t.Parallel()
	c, err := bearer.NewChallenger(bearer.Config{
		ResourceURL: "https://mcp.example/mcp", BaseScopes: []string{"rs/mcp:basic"}, KnownScopes: []string{"a", "mcp:basic"},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := identity.Principal{Scopes: []string{"mcp:basic", "openid"}, ScopePrefix: "rs/"}
	if got := c.InsufficientScope(p, "a"); !strings.Contains(got, `scope="rs/a rs/mcp:basic"`) {
		t.Errorf("challenge %s", got)
	}
	if got := bearer.Missing(p, "a", "mcp:basic"); !slices.Equal(got, []string{"rs/a"}) {
		t.Errorf("missing are %q", got)
	}
}

// All that is wrong with a configuration is said at once.
func TestNewChallengerRefuses(t *testing.T) {
	t.Parallel()
	_, err := bearer.NewChallenger(bearer.Config{
		ResourceURL: "/mcp", MetadataURL: "ftp://mcp.example/", BaseScopes: []string{"offline_access", ""}, KnownScopes: []string{`a"`},
	})
	for _, want := range []string{"resource URL", "metadata URL", "offline_access", `"" is not`, `"a\"" is not`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}
