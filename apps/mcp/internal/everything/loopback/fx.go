// Package loopback lets a binary that is built for tests run with the environment of a
// deployed stack whose public URL and issuers have been moved to 127.0.0.1 (docs/e2e.md).
// The shipped binaries refuse that environment.
package loopback

import (
	"fmt"
	"os"

	"github.com/caarlos0/env/v11"
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/identity"
)

// Stack changes the environment of this process into one that the shipped code loads, and
// returns what brings the addresses on 127.0.0.1 back. It is no fx.Module: there it would
// hold for the module only.
func Stack() fx.Option {
	environ := env.ToMap(os.Environ())
	restore := config.HideLoopback(environ)
	for _, name := range []string{config.EnvPublicURL, config.EnvMetadataURL, config.EnvIssuers} {
		if value, ok := environ[name]; ok {
			if err := os.Setenv(name, value); err != nil {
				return fx.Error(fmt.Errorf("loopback: %w", err))
			}
		}
	}
	return fx.Options(
		fx.Decorate(restore),
		fx.Decorate(func(c config.Config, _ []identity.Issuer) []identity.Issuer { return c.Issuers }),
	)
}
