// Command container is cmd/server, with an issuer on loopback in place of the configured
// ones: the shipped tools behind a token that a test can have. It is built for tests only.
package main

import (
	"os"

	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/app/local"
	"leasehold.example/apps/mcp/internal/everything/issuer"
)

func main() { os.Exit(local.Run(os.Args[1:], fx.Options(app.Shipped, issuer.Loopback))) }
