// Package target is the server that `make verify` names, or one on this machine.
package target

import (
	"os"
	"testing"
	"time"

	"leasehold.example/tests/internal/local"
	"leasehold.example/tests/pipeline"
)

// URLVariable has the address of the MCP endpoint of a deployed server. Without it the tests run the
// shipped server here.
const URLVariable = "VERIFY_URL"

// Target is a server with people of two tenants.
type Target struct {
	URL    string // of the MCP endpoint
	TokenA string
	TokenB string
}

// Get returns the server that the environment names, with the tokens that it has; a missing one fails the
// test. Otherwise it starts the shipped one until the test ends.
func Get(t testing.TB) Target {
	t.Helper()
	url := os.Getenv(URLVariable)
	if url == "" {
		s := local.Start(t, local.Shipped)
		return Target{s.MCP(), s.Token(t, pipeline.TenantA, "pipeline"), s.Token(t, pipeline.TenantB, "pipeline")}
	}
	a, b, err := pipeline.Tokens(os.Getenv, url, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if a == "" {
		t.Fatal("no tokens: want TOKEN_A and TOKEN_B, or VERIFY_KEY and VERIFY_ISSUER")
	}
	return Target{url, a, b}
}
