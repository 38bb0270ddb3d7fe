package conformance

import (
	"testing"

	"leasehold.example/tests/e2e/e2etest"
)

// stack is the production stack as it is deployed, which streams, with the fixtures in place
// of the tools. Its own origin is allowed, because the DNS rebinding scenario wants it to be.
var stack = target{"deployed stack", func(t *testing.T) (string, string) {
	l := e2etest.Listen(t)
	state := e2etest.Prod.With(e2etest.Unthrottled, `leasehold:origins=["http://`+l.Addr().String()+`"]`).State(t)
	o := e2etest.Options(t, e2etest.WithArchive(t, state, "mcp-function", e2etest.Fixtures(t)))
	o.Listener = l
	s := e2etest.Up(t, o)
	token, err := s.Token("acme", "conformance")
	if err != nil {
		t.Fatal(err)
	}
	return s.MCPURL, token
}}
