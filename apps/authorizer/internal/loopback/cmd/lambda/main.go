// Command lambda is cmd/lambda with an issuer on loopback in place of the configured ones.
// It is built for tests only.
package main

import (
	"leasehold.example/apps/authorizer/internal/app"
	"leasehold.example/apps/authorizer/internal/loopback"
)

func main() { app.RunLambda(loopback.Issuer) }
