package pipeline_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/scopes"
	"leasehold.example/tests/pipeline"
)

const url = "https://mcp.example.com/mcp"

// encoded is a private key as openssl writes it.
func encoded(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func newKey(t *testing.T, curve elliptic.Curve) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return encoded(t, key)
}

// env is an environment.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		if i := slices.Index(pairs, name); i >= 0 && i%2 == 0 {
			return pairs[i+1]
		}
		return ""
	}
}

// TestSignedTokens: the server's own verifier, with the published key, takes them for two tenants; an issuer that may
// name neither gets nobody in.
func TestSignedTokens(t *testing.T) {
	t.Parallel()
	key := newKey(t, elliptic.P256())
	issuer, set := published(t, key)
	if strings.Contains(string(set), `"d"`) {
		t.Error("the private half is published")
	}
	now := time.Now()
	a, b, err := pipeline.Tokens(env("VERIFY_KEY", key, "VERIFY_ISSUER", issuer.URL()), url, now)
	if err != nil {
		t.Fatal(err)
	}
	for tenant, token := range map[string]string{pipeline.TenantA: a, pipeline.TenantB: b} {
		p, err := verifier(t, issuer, pipeline.TenantA, pipeline.TenantB).Verify(t.Context(), token)
		if err != nil || p.Tenant != tenant || !slices.Equal(slices.Sorted(slices.Values(p.Scopes)), slices.Sorted(slices.Values(scopes.Names()))) {
			t.Errorf("%s: %+v, %v", tenant, p, err)
		}
		if left := p.ExpiresAt.Sub(now); left > time.Hour {
			t.Errorf("%s: the token is good for %v", tenant, left)
		}
		if p, err := verifier(t, issuer, "acme").Verify(t.Context(), token); err == nil {
			t.Errorf("%s: an issuer of other tenants made %+v", tenant, p)
		}
	}
}

func verifier(t *testing.T, issuer *identitytest.Issuer, tenants ...string) *identity.Verifier {
	t.Helper()
	trust := issuer.Trust()
	trust.Tenants = tenants
	v, err := identity.NewVerifier(t.Context(), []identity.Issuer{trust}, identity.VerifierOptions{DefaultAudience: url})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTokens(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	good := newKey(t, elliptic.P256())
	for name, c := range map[string]struct {
		env  []string
		a, b string
		err  string
	}{
		"nothing":             {nil, "", "", ""},
		"given":               {[]string{"TOKEN_A", "a", "TOKEN_B", "b", "VERIFY_KEY", "unused"}, "a", "b", ""},
		"only one":            {[]string{"TOKEN_A", "a"}, "", "", "TOKEN_A and TOKEN_B: want both"},
		"the same":            {[]string{"TOKEN_A", "a", "TOKEN_B", "a"}, "", "", "TOKEN_A and TOKEN_B: want tokens of two tenants"},
		"a key alone":         {[]string{"VERIFY_KEY", good}, "", "", "VERIFY_KEY and VERIFY_ISSUER: want both"},
		"an issuer alone":     {[]string{"VERIFY_ISSUER", "https://a.example"}, "", "", "VERIFY_KEY and VERIFY_ISSUER: want both"},
		"no PEM":              {[]string{"VERIFY_KEY", "hush", "VERIFY_ISSUER", "https://a.example"}, "", "", "VERIFY_KEY: want a private key in PEM"},
		"another kind of key": {[]string{"VERIFY_KEY", encoded(t, weak), "VERIFY_ISSUER", "https://a.example"}, "", "", "VERIFY_KEY: want a PKCS #8 key of the curve P-256"},
		"another curve":       {[]string{"VERIFY_KEY", newKey(t, elliptic.P384()), "VERIFY_ISSUER", "https://a.example"}, "", "", "VERIFY_KEY: want a PKCS #8 key of the curve P-256"},
	} {
		a, b, err := pipeline.Tokens(env(c.env...), url, time.Now())
		if a != c.a || b != c.b || (err == nil) != (c.err == "") || err != nil && !strings.HasPrefix(err.Error(), c.err) {
			t.Errorf("%s: %q, %q, %v", name, a, b, err)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error has the key: %v", name, err)
		}
	}
}
