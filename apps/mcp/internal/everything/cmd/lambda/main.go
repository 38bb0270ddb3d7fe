// Command lambda is cmd/lambda with the fixtures of the MCP conformance suite in place of
// the tools, and an issuer on loopback in place of the configured ones. It is built for
// tests only.
package main

import (
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/everything"
	"leasehold.example/apps/mcp/internal/everything/issuer"
)

func main() { app.RunLambda(fx.Options(everything.Module, issuer.Loopback)) }
