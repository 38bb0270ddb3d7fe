// Package app wires the Lambda authorizer.
package app

import (
	"context"
	"io"
	"log/slog"

	"go.uber.org/fx"

	"leasehold.example/apps/authorizer/internal/authorizer"
	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/bearer"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/scopes"
)

// Lambda is the function; it provides the *authorizer.Authorizer. fx itself is silent: what
// it returns says enough.
func Lambda(c config.Config, log io.Writer) fx.Option {
	return fx.Options(fx.NopLogger, fx.Supply(c), fx.Provide(
		func() *slog.Logger { return observe.NewLogger(log, c.LogLevel) },
		func() []identity.Issuer { return c.Issuers },
		newVerifier, newChallenger, newAuthorizer,
	))
}

// newVerifier is the server's: a token that passes here passes there. Fetches of keys end
// when the application stops.
func newVerifier(lc fx.Lifecycle, c config.Config, issuers []identity.Issuer, log *slog.Logger) (*identity.Verifier, error) {
	ctx, cancel := context.WithCancel(context.Background())
	lc.Append(fx.StopHook(cancel))
	return identity.NewVerifier(ctx, issuers, identity.VerifierOptions{DefaultAudience: c.PublicURL, Logger: log})
}

func newChallenger(c config.Config) (*bearer.Challenger, error) {
	return bearer.NewChallenger(bearer.Config{
		ResourceURL: c.PublicURL, MetadataURL: c.MetadataURL, BaseScopes: c.BaseScopes, KnownScopes: scopes.Names(),
	})
}

func newAuthorizer(c config.Config, v *identity.Verifier, challenges *bearer.Challenger, log *slog.Logger) *authorizer.Authorizer {
	return authorizer.New(authorizer.Config{
		Verifier: v, Challenges: challenges, Cached: c.AuthorizerCache > 0, Logger: log,
	})
}
