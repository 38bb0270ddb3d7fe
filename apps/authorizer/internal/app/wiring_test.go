package app_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"go.uber.org/fx"

	"leasehold.example/apps/authorizer/internal/app"
	"leasehold.example/apps/authorizer/internal/authorizer"
	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/observe/metric"
)

// TestWiring: nothing is missing, making it needs no network, the time for which API
// Gateway reuses answers decides who judges scopes, and each event leaves metrics of its stage.
func TestWiring(t *testing.T) {
	t.Parallel()
	for cache, want := range map[string]bool{"": false, "0s": false, "5m": true} {
		c, err := config.LoadAuthorizer(map[string]string{
			config.EnvPublicURL: "https://mcp.example/mcp", config.EnvAuthorizerCache: cache,
			config.EnvIssuers: `[{"issuer":"https://issuer.example","tenant":"acme"}]`, config.EnvStage: "test",
		})
		if err != nil {
			t.Fatal(err)
		}
		var a *authorizer.Authorizer
		var log bytes.Buffer
		parts := fx.New(app.Lambda(c, &log), fx.Populate(&a))
		if err := parts.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a.Cached != want {
			t.Errorf("with %q: cached is %t", cache, a.Cached)
		}
		if _, err := lambda.NewHandler(a.Authorize).Invoke(t.Context(), []byte("{}")); err == nil {
			t.Error("nobody was let in")
		}
		var line struct {
			AWS            json.RawMessage `json:"_aws"`
			Service, Stage string
			Requests       int
		}
		if err := json.Unmarshal(log.Bytes(), &line); err != nil || len(line.AWS) == 0 ||
			line.Service != metric.ServiceAuthorizer || line.Stage != "test" || line.Requests != 1 {
			t.Errorf("%v in %s", err, log.String())
		}
		if err := parts.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
