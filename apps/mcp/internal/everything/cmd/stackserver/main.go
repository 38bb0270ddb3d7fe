// Command stackserver is cmd/server, as the Lambda Web Adapter starts it, for a deployed
// stack that runs on one machine. It is built for tests only.
package main

import (
	"os"

	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/app/local"
	"leasehold.example/apps/mcp/internal/everything/loopback"
)

func main() { os.Exit(local.Run(os.Args[1:], fx.Options(app.Shipped, loopback.Stack()))) }
