package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"go.uber.org/fx"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/authn"
	"leasehold.example/apps/mcp/internal/mcphttp"
	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/apps/mcp/internal/tool/notebook"
	"leasehold.example/apps/mcp/internal/tool/sessionvalues"
	"leasehold.example/apps/mcp/internal/tool/shipped"
	"leasehold.example/libs/seal"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
	"leasehold.example/libs/telemetry"
)

// Shipped are the features of the shipped binaries.
var Shipped = fx.Options(
	tool.Module, shipped.Module,
	fx.Provide(
		toolOptions,
		func(c *tool.Catalog) Features { return c },
		// What the tools use of the registry, each by an interface of its own.
		fx.Annotate(func(r *session.Registry) *session.Registry { return r },
			fx.As(new(notebook.Registry)), fx.As(new(sessionvalues.Registry))),
	),
)

// Common is what every binary has, whatever it stores in and listens to.
var Common = fx.Options(
	authn.Module, mcphttp.Module,
	fx.Provide(
		newImplementation, newKeyring, newSealer, newAuditor, newRegistry,
		verifierOptions, authnConfig, newServer, newOrigins, endpointConfig, newPseudonyms, newSignals, Routes,
		func(lc fx.Lifecycle, c config.Config, log *slog.Logger) (*telemetry.Telemetry, error) {
			t, err := newTelemetry(c, log)
			lc.Append(fx.StopHook(t.Shutdown))
			return t, err
		},
	),
	// A tool that calls an API on behalf of its caller provides it; no shipped one does.
	fx.Decorate(func(c mcphttp.Config, o struct {
		fx.In

		Exchange mcphttp.Exchange `optional:"true"`
	},
	) mcphttp.Config {
		c.Exchange = o.Exchange
		return c
	}),
)

// Base is the configuration and the log. fx itself is silent: what it returns says enough.
func Base(c config.Config, log io.Writer) fx.Option {
	return fx.Options(fx.NopLogger, fx.Supply(c), fx.Provide(func() *slog.Logger { return newLogger(c, log) }))
}

// deployed is what runs on AWS.
var deployed = fx.Options(Common, fx.Provide(loadAWS, newDynamoStore, newSecret, deployedIssuers),
	fx.Supply(Hosts(nil), Metrics(true)))

// Lambda is the function of features. It provides a Function.
func Lambda(c config.Config, features fx.Option, log io.Writer) fx.Option {
	return fx.Options(Base(c, log), deployed, features, fx.Provide(newFunction))
}

// Container is the server of features on net/http, with everything else as on Lambda: for
// containers, and for the Lambda Web Adapter.
func Container(c config.Config, features fx.Option, log io.Writer) fx.Option {
	return fx.Options(Base(c, log), deployed, features, Serving,
		fx.Provide(func() (Listener, error) { return Listen(context.Background(), c.ListenAddr) }))
}

// Serving starts the server last and stops it first, in time for what it still answers.
var Serving = fx.Options(
	fx.Provide(newHTTPServer),
	fx.Invoke(func(lc fx.Lifecycle, s *http.Server, l Listener, stop fx.Shutdowner, log *slog.Logger) {
		lc.Append(fx.Hook{
			OnStart: func(context.Context) error {
				go serve(s, l, func(err error) {
					log.Error("the server ended", "error", err)
					_ = stop.Shutdown(fx.ExitCode(1)) // fails only when it is stopping already
				})
				return nil
			},
			OnStop: s.Shutdown,
		})
	}),
)

// Scopes are all that the shipped features need, for who mints tokens.
func Scopes(c config.Config) ([]string, error) {
	var features Features
	app := fx.New(Base(c, io.Discard), Shipped, fx.Populate(&features), fx.Provide(
		newSealer, newKeyring, newPseudonyms, newAuditor, newRegistry,
		func() session.Store { return memstore.New() },
		func() seal.Source { return nil },
	))
	if err := app.Err(); err != nil {
		return nil, err
	}
	return features.Scopes(), nil
}
