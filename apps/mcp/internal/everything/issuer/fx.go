// Package issuer lets a binary that is built for tests trust a token issuer on loopback.
// The shipped binaries cannot be told to: what is read from the environment never sets
// identity.Issuer.InsecureLoopback.
package issuer

import (
	"os"

	"go.uber.org/fx"

	"leasehold.example/libs/identity"
)

// Variable is the environment variable with the issuer's URL. Absent, the binary does not
// start.
const Variable = "TEST_ISSUER"

// Loopback puts the issuer that Variable names in the place of the configured ones. It
// names any tenant, in the claim "tenant". It is no fx.Module: there it would hold for the
// module only.
var Loopback = fx.Decorate(func([]identity.Issuer) []identity.Issuer {
	return []identity.Issuer{{
		Issuer: os.Getenv(Variable), TenantClaim: "tenant", Advertised: true, InsecureLoopback: true,
	}}
})
