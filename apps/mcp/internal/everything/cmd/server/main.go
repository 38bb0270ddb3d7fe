// Command server is cmd/server with the fixtures of the MCP conformance suite in place of
// the tools. It is built for tests only.
package main

import (
	"os"

	"leasehold.example/apps/mcp/internal/app/local"
	"leasehold.example/apps/mcp/internal/everything"
)

func main() { os.Exit(local.Run(os.Args[1:], everything.Module)) }
