// Command lambda is the Lambda authorizer in front of the MCP server, on provided.al2023. It
// reads nothing but its environment, which docs/configuration.md lists.
package main

import "leasehold.example/apps/authorizer/internal/app"

func main() { app.RunLambda() }
