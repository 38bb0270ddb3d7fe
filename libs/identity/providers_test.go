package identity_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	it "leasehold.example/libs/identity/identitytest"

	"leasehold.example/libs/identity"
)

// docs/identity-providers.md shows for each provider an issuer, the claims of a token, and the
// principal that they make.
func TestIdentityProviders(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/identity-providers.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```json\n(.*?)```")
	principal := regexp.MustCompile("Principal: tenant `(.*?)`, subject `(.*?)`, client `(.*?)`, scopes `(.*?)`\\.")
	sections := strings.Split(string(page), "\n## ")[1:]
	providers := slices.DeleteFunc(sections, func(s string) bool { return !strings.Contains(s, "```") })
	if len(providers) != 5 {
		t.Fatalf("%d providers have examples; expected 5", len(providers))
	}
	for _, section := range providers {
		name, _, _ := strings.Cut(section, "\n")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			blocks, want := block.FindAllStringSubmatch(section, -1), principal.FindStringSubmatch(section)
			if len(blocks) != 2 || want == nil {
				t.Fatalf("%d blocks of JSON and the principal %q; expected an issuer, claims and a principal", len(blocks), want)
			}
			p := verifyExample(t, blocks[0][1], blocks[1][1])
			got := []string{p.Tenant, p.Subject, p.ClientID, strings.Join(p.Scopes, " ")}
			if !slices.Equal(got, want[1:]) {
				t.Errorf("the principal is %q; the page says %q", got, want[1:])
			}
		})
	}
}

// verifyExample signs the claims as the issuer of the example, whose keys are served where
// the example says, and verifies the token.
func verifyExample(t *testing.T, issuer, claims string) identity.Principal {
	t.Helper()
	var trusted identity.Issuer
	decoder := json.NewDecoder(strings.NewReader(issuer))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&trusted); err != nil {
		t.Fatal(err)
	}
	iss := it.NewIssuer(t, trusted.Issuer)
	if trusted.JWKSURL != "" {
		keys, err := url.Parse(trusted.JWKSURL)
		if err != nil {
			t.Fatal(err)
		}
		iss.Override(keys.Path, it.JSON(map[string]any{"keys": []any{iss.SigningKey().JWK(t)}}))
	}
	v, err := identity.NewVerifier(t.Context(), []identity.Issuer{trusted}, identity.VerifierOptions{
		DefaultAudience: "https://mcp.example.com/mcp", InsecureTransport: it.Transport(iss),
	})
	if err != nil {
		t.Fatal(err)
	}
	var shown map[string]any
	if err := json.Unmarshal([]byte(claims), &shown); err != nil {
		t.Fatal(err)
	}
	return mustVerify(t, v, iss.Token(func(d *it.Draft) {
		for _, name := range []string{"aud", "client_id", "scope", "tenant"} {
			delete(d.Claims, name)
		}
		maps.Copy(d.Claims, shown)
	}))
}
