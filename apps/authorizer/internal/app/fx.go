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
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/scopes"
)

// Lambda is the function; it provides the *authorizer.Authorizer. fx itself is silent: what
// it returns says enough.
func Lambda(c config.Config, log io.Writer) fx.Option {
	return fx.Options(fx.NopLogger, fx.Supply(c), fx.Provide(
		func() *slog.Logger {
			return observe.NewLogger(log, c.LogLevel, observe.Whose(metric.ServiceAuthorizer, observe.Version(version), c.Stage)...)
		},
		func() []identity.Issuer { return c.Issuers },
		newVerifier, newChallenger, newSignals, newAuthorizer,
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

// version is the authorizer's, in its log where Lambda gives it none.
const version = "0.1.0"

// newSignals have no pseudonyms: the key of those is the server's.
func newSignals(c config.Config, log *slog.Logger) *observe.Signals {
	return observe.NewSignals(log, nil, observe.Options{
		Service: metric.ServiceAuthorizer, Stage: c.Stage, Sample: c.LogSample, Metrics: true,
	})
}

func newAuthorizer(
	c config.Config, v *identity.Verifier, challenges *bearer.Challenger, s *observe.Signals, log *slog.Logger,
) *authorizer.Authorizer {
	return authorizer.New(authorizer.Config{
		Verifier: v, Challenges: challenges, Cached: c.AuthorizerCache > 0, Logger: log, Signals: s,
	})
}
