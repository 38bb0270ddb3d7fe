// Package loopback lets a binary that is built for tests trust a token issuer on loopback.
// The shipped one cannot be told to: what is read from the environment never sets
// identity.Issuer.InsecureLoopback.
package loopback

import (
	"fmt"
	"os"

	"github.com/caarlos0/env/v11"
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/identity"
)

// Issuer puts the issuer that the environment variable TEST_ISSUER names in the place of the
// configured ones. It names any tenant, in the claim "tenant".
var Issuer = fx.Decorate(func([]identity.Issuer) []identity.Issuer {
	return []identity.Issuer{{Issuer: os.Getenv("TEST_ISSUER"), TenantClaim: "tenant", InsecureLoopback: true}}
})

// Stack lets the binary run with the environment of a deployed stack whose public URL and
// issuers have been moved to 127.0.0.1 (docs/e2e.md): it changes the environment of this
// process into one that the shipped code loads, and returns what brings those back.
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
