// Command stack is cmd/lambda for a deployed stack that runs on one machine. It is built for
// tests only.
package main

import (
	"leasehold.example/apps/authorizer/internal/app"
	"leasehold.example/apps/authorizer/internal/loopback"
)

func main() { app.RunLambda(loopback.Stack()) }
