// Command tools is cmd/lambda, with an issuer on loopback in place of the configured ones:
// the shipped tools behind a token that a test can have. It is built for tests only.
package main

import (
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/everything/issuer"
)

func main() { app.RunLambda(fx.Options(app.Shipped, issuer.Loopback)) }
