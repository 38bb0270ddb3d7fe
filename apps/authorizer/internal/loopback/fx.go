// Package loopback lets a binary that is built for tests trust a token issuer on loopback.
// The shipped one cannot be told to: what is read from the environment never sets
// identity.Issuer.InsecureLoopback.
package loopback

import (
	"os"

	"go.uber.org/fx"

	"leasehold.example/libs/identity"
)

// Issuer puts the issuer that the environment variable TEST_ISSUER names in the place of the
// configured ones. It names any tenant, in the claim "tenant".
var Issuer = fx.Decorate(func([]identity.Issuer) []identity.Issuer {
	return []identity.Issuer{{Issuer: os.Getenv("TEST_ISSUER"), TenantClaim: "tenant", InsecureLoopback: true}}
})
