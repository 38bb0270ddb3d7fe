// Command lambda is cmd/lambda with the fixtures of the MCP conformance suite in place of
// the tools. It is built for tests only.
package main

import (
	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/everything"
)

func main() { app.RunLambda(everything.Module) }
