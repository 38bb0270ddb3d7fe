package app_test

import (
	"io"
	"testing"

	"go.uber.org/fx"

	"leasehold.example/apps/authorizer/internal/app"
	"leasehold.example/apps/authorizer/internal/authorizer"
	"leasehold.example/apps/mcp/config"
)

// TestWiring: nothing is missing, making it needs no network, and the time for which API
// Gateway reuses answers decides who judges scopes.
func TestWiring(t *testing.T) {
	t.Parallel()
	for cache, want := range map[string]bool{"": false, "0s": false, "5m": true} {
		c, err := config.LoadAuthorizer(map[string]string{
			config.EnvPublicURL: "https://mcp.example/mcp", config.EnvAuthorizerCache: cache,
			config.EnvIssuers: `[{"issuer":"https://issuer.example","tenant":"acme"}]`,
		})
		if err != nil {
			t.Fatal(err)
		}
		var a *authorizer.Authorizer
		parts := fx.New(app.Lambda(c, io.Discard), fx.Populate(&a))
		if err := parts.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a.Cached != want {
			t.Errorf("with %q: cached is %t", cache, a.Cached)
		}
		if err := parts.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
