package signin

import (
	"os/exec"
	"testing"

	"leasehold.example/tests/e2e"
	"leasehold.example/tests/e2e/e2etest"
	"leasehold.example/tests/internal/local"
)

// TestDeployed has the official SDK go from a bare 401 of a deployed stack to a tool call,
// with nothing but the stack's URL and a browser: the challenge leads through the stage's
// path to the metadata, and that to the issuer, which is the local sign-in here. A REST API's
// one static challenge asks for all scopes at once; behind an HTTP API the server's own
// comes through (rules 33 and 46).
func TestDeployed(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]e2etest.Kind{"dev": e2etest.Dev, "prod with a domain": e2etest.Prod, "edge http": e2etest.HTTP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := e2etest.Options(t, kind.State(t))
			o.Listener = e2etest.Listen(t)
			audience, err := e2e.MCPURL(o.State, o.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			bin := local.Build(t, local.Shipped)
			addr := local.FreeAddr(t)
			issuer := local.Launch(t, addr, exec.Command(bin, "-local", "-addr", addr, "-data", t.TempDir(), "-audience", audience))
			o.Issuer = issuer.URL
			stack := e2etest.Up(t, o)
			alice := newPerson(t, issuer, "acme/alice")
			alice.mcp = stack.MCPURL
			if name == "edge http" {
				alice.stepUp(t, modern)
				return
			}
			session := alice.connect(t, modern)
			var opened struct{ Notebook string }
			call(t, session, "notebook_open", map[string]any{"title": "Groceries"}, &opened)
			if opened.Notebook == "" || alice.asked.Load() != 1 {
				t.Errorf("asked %d times, opened %q", alice.asked.Load(), opened.Notebook)
			}
		})
	}
}
