// Command stack is cmd/lambda for a deployed stack that runs on one machine. It is built for
// tests only.
package main

import (
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/everything/loopback"
)

func main() { app.RunLambda(fx.Options(app.Shipped, loopback.Stack())) }
