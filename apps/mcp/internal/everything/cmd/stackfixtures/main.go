// Command stackfixtures is command stack with the conformance suite's fixtures in place of
// the tools.
package main

import (
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/everything"
	"leasehold.example/apps/mcp/internal/everything/loopback"
)

func main() { app.RunLambda(fx.Options(everything.Module, loopback.Stack())) }
