package identity_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	it "leasehold.example/libs/identity/identitytest"

	"leasehold.example/libs/identity"
)

// Rule 13: keys that an issuer publishes but that must not verify anything.
func TestUnfitPublishedKeys(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	withMember := func(name string, value any) func(map[string]any) {
		return func(m map[string]any) { m[name] = value }
	}
	keep := func(map[string]any) {}
	for name, c := range map[string]struct {
		key    *it.Key
		change func(map[string]any)
	}{
		"rule 13 use enc":         {it.NewKey(t, "ES256"), withMember("use", "enc")},
		"rule 13 use unknown":     {it.NewKey(t, "ES256"), withMember("use", "tls")},
		"rule 13 RSA of 1024":     {&it.Key{ID: "small", Alg: "RS256", Use: "sig", Private: small}, keep},
		"key_ops without verify":  {it.NewKey(t, "ES256"), withMember("key_ops", []string{"deriveKey"})},
		"private part published":  {it.NewKey(t, "ES256"), withMember("d", "AQ")},
		"alg of another family":   {it.NewKey(t, "ES256"), withMember("alg", "ES384")},
		"point not on the curve":  {it.NewKey(t, "ES256"), withMember("x", "AQ")},
		"curve we do not have":    {it.NewKey(t, "ES256"), withMember("crv", "secp256k1")},
		"symmetric":               {it.NewKey(t, "ES256"), func(m map[string]any) { m["kty"], m["k"] = "oct", "AQ" }},
		"RSA without a modulus":   {it.NewKey(t, "RS256"), withMember("n", "")},
		"RSA exponent of nothing": {it.NewKey(t, "RS256"), withMember("e", "AA")},
		"rule 13 no kid":          {it.NewKey(t, "ES256"), withMember("kid", "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			iss := it.NewIssuer(t, "https://a.example")
			jwk := c.key.JWK(t)
			c.change(jwk)
			raw, err := json.Marshal(jwk)
			if err != nil {
				t.Fatal(err)
			}
			iss.PublishRaw(string(raw))
			v := verifierOf(t, iss)
			wantProblem(t, v, iss.Token(it.SignedBy(c.key)), identity.InvalidToken)
			mustVerify(t, v, iss.Token()) // the good key beside it still counts
		})
	}
}

// Rule 13: the key fits the algorithm in type and curve. JWKs often have no `alg` that would
// tell, and golang-jwt does not look at the curve.
func TestKeyFitsAlgorithm(t *testing.T) {
	t.Parallel()
	families := map[string][]string{
		"RS256": {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
		"ES256": {"ES256"}, "ES384": {"ES384"}, "ES512": {"ES512"}, "EdDSA": {"EdDSA"},
	}
	for of, fitting := range families {
		public := it.NewKey(t, of).Public()
		for _, alg := range slices.Concat([]string{"none", "HS256", ""}, slices.Concat(slices.Collect(maps.Values(families))...)) {
			if got, want := identity.Fits(public, alg), slices.Contains(fitting, alg); got != want {
				t.Errorf("rule 13: a key for %s fits %s: %v", of, alg, got)
			}
		}
	}
	if identity.Fits([]byte("secret"), "HS256") {
		t.Error("rule 13: a secret fits")
	}
}

// The curve matters: golang-jwt verifies an ES512 token with a P-256 key, if it is let.
func TestES512WithP256Key(t *testing.T) {
	t.Parallel()
	iss := it.NewIssuer(t, "https://a.example")
	k := it.NewKey(t, "ES256")
	k.Unlabelled = true
	iss.PublishOnly(k)
	signed := iss.Token(it.SignedBy(k), it.Header("alg", "ES512"))
	signed = signed[:strings.LastIndex(signed, ".")]
	digest := sha512.Sum512([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, k.Private.(*ecdsa.PrivateKey), digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := append(r.FillBytes(make([]byte, 66)), s.FillBytes(make([]byte, 66))...)
	token := signed + "." + base64.RawURLEncoding.EncodeToString(signature)
	v := verifierOf(t, iss, func(i *identity.Issuer) { i.Algorithms = []string{"ES256", "ES512"} })
	mustVerify(t, v, iss.Token(it.SignedBy(k)))
	wantProblem(t, v, token, identity.InvalidToken)
}

func TestKeysThatShareAKid(t *testing.T) {
	t.Parallel()
	iss := it.NewIssuer(t, "https://a.example")
	twin := it.NewKey(t, "ES256")
	twin.ID = iss.SigningKey().ID
	iss.Publish(twin)
	v := verifierOf(t, iss)
	wantProblem(t, v, iss.Token(), identity.InvalidToken)
	wantProblem(t, v, iss.Token(it.ForgedBy(twin)), identity.InvalidToken)
}

// The certificate URL of a published key is as little followed as that of a token.
func TestJWKWithCertificateURLIsNotFollowed(t *testing.T) {
	t.Parallel()
	iss, attacker := it.NewIssuer(t, "https://a.example"), it.NewIssuer(t, "https://evil.example")
	k := it.NewKey(t, "ES256")
	jwk := k.JWK(t)
	jwk["x5u"], jwk["x5c"] = "https://evil.example/cert", []string{"no certificate"}
	raw, err := json.Marshal(jwk)
	if err != nil {
		t.Fatal(err)
	}
	iss.PublishRaw(string(raw))
	v := newVerifier(t, []identity.Issuer{iss.Trust()}, iss, attacker)
	mustVerify(t, v, iss.Token(it.SignedBy(k)))
	if attacker.Requests("") != 0 {
		t.Error("rule 13: x5u of a key was followed")
	}
}

func FuzzVerify(f *testing.F) {
	iss := it.NewIssuer(f, "https://a.example")
	v := verifierOf(f, iss)
	good := iss.Token()
	f.Add(good)
	f.Add(iss.Token(it.RawHeader(`{"alg":"none"}`)))
	f.Add("..")
	f.Add(strings.Repeat(".", 100))
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := v.Verify(t.Context(), token); err == nil && token != good {
			t.Errorf("a token that nobody signed is good: %q", token)
		}
	})
}

func FuzzParseKeys(f *testing.F) {
	for _, alg := range []string{"ES256", "RS256", "EdDSA"} {
		k := it.NewKey(f, alg)
		raw, err := json.Marshal(map[string]any{"keys": []any{k.JWK(f)}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"keys":null}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"k","n":"AQ","e":"_____________w"}]}`))
	f.Fuzz(func(_ *testing.T, document []byte) { _, _ = identity.ParseKeys(document) })
}
