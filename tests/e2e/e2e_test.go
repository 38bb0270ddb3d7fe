package e2e_test

import (
	"testing"

	"leasehold.example/tests/e2e/e2etest"
)

// TestCheck: each kind of stack runs as it is deployed.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]e2etest.Kind{"dev": e2etest.Dev, "prod with a domain": e2etest.Prod, "edge http": e2etest.HTTP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := e2etest.Up(t, e2etest.Options(t, kind.State(t)))
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}
