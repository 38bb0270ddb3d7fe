// Command lambda is the MCP server as an AWS Lambda function on provided.al2023. It reads
// nothing but its environment, which docs/configuration.md lists.
package main

import "leasehold.example/apps/mcp/internal/app"

func main() { app.RunLambda(app.Shipped) }
