package authn

import (
	"context"

	"go.uber.org/fx"

	"leasehold.example/libs/identity"
)

// Module provides the *identity.Verifier, from []identity.Issuer and
// identity.VerifierOptions, and the *Authenticator, from a Config whose Verifier it fills
// in. Fetches of keys end when the application stops.
var Module = fx.Module("authn", fx.Provide(
	func(lc fx.Lifecycle, issuers []identity.Issuer, o identity.VerifierOptions) (*identity.Verifier, error) {
		ctx, cancel := context.WithCancel(context.Background())
		lc.Append(fx.StopHook(cancel))
		return identity.NewVerifier(ctx, issuers, o)
	},
	func(c Config, v *identity.Verifier) (*Authenticator, error) {
		c.Verifier = v
		return New(c)
	},
))
