package whoami_test

import (
	"testing"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/apps/mcp/internal/tool/tooltest"
	"leasehold.example/apps/mcp/internal/tool/whoami"
)

func TestTool(t *testing.T) {
	t.Parallel()
	alice := tooltest.Principal("acme", "alice", "a:b", "mcp:basic")
	client := tooltest.Connect(t, tooltest.Catalog(t, whoami.New()...), tooltest.Legacy,
		func() *tool.Call { return tooltest.Call(alice, tooltest.Legacy) }, nil)
	got, isError := client.Tool("whoami", `{}`)
	want := `{"tenant":"acme","subject":"alice","issuer":"https://issuer.example","scopes":["a:b","mcp:basic"]}`
	if isError || got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if text, isError := client.Tool("whoami", `{"tenant":"other"}`); !isError {
		t.Errorf("an argument is accepted: %s", text)
	}
}
