package conformance

import (
	"net/http/httptest"
	"os"
	"testing"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/tests/internal/deployed"
	"leasehold.example/tests/runtimeapi"
)

func TestMain(m *testing.M) { os.Exit(deployed.Main(m)) }

// function is the Lambda binary behind a REST API that buffers. It has several processes, as
// the suite sends requests at the same time, and sessions are in none of them. The edge's
// own origin is allowed, because the DNS rebinding scenario wants it to be.
var function = target{"Lambda function", func(t *testing.T) (string, string) {
	server := httptest.NewUnstartedServer(nil)
	t.Cleanup(server.Close)
	f := deployed.Start(t, deployed.Everything, deployed.Options{
		Instances: 4, Env: []string{config.EnvAllowedOrigins + "=http://" + server.Listener.Addr().String()},
	})
	server.Config.Handler = f.Edge(runtimeapi.RESTAPI)
	server.Start()
	return server.URL + "/mcp", f.Token()
}}
