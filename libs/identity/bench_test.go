package identity_test

import (
	"testing"

	"leasehold.example/libs/identity"
	it "leasehold.example/libs/identity/identitytest"
)

// BenchmarkVerify is the price of a token: remembered, and seen for the first time.
func BenchmarkVerify(b *testing.B) {
	iss := it.NewIssuer(b, "https://a.example")
	v := verifierOf(b, iss)
	b.Run("remembered", func(b *testing.B) {
		token := iss.Token(it.Scopes("math:add", "notebook:read", "notebook:write"))
		b.ReportAllocs()
		for b.Loop() {
			mustVerify(b, v, token)
		}
	})
	for _, alg := range []string{"ES256", "RS256"} {
		b.Run("first "+alg, func(b *testing.B) {
			k := it.NewKey(b, alg)
			iss.PublishOnly(k)
			iss.SignWith(k)
			// Two tokens in turn through a cache of one: each is always new.
			v := newVerifierWith(b, identity.VerifierOptions{CacheSize: 1}, []identity.Issuer{iss.Trust()}, iss)
			one, two := iss.Token(), iss.Token(it.Subject("user-2"))
			b.ReportAllocs()
			for b.Loop() {
				mustVerify(b, v, one)
				one, two = two, one
			}
		})
	}
}
