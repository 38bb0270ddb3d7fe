// Command server is the MCP server on net/http. With -local it is the one of `make run`:
// on loopback, with an embedded store and a local issuer. Without, it is configured by its
// environment as the Lambda function is, for containers and the Lambda Web Adapter.
package main

import (
	"os"

	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/app/local"
)

func main() { os.Exit(local.Run(os.Args[1:], app.Shipped)) }
