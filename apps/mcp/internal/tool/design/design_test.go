package design_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/apps/mcp/internal/tool/design"
	"leasehold.example/apps/mcp/internal/tool/tooltest"
)

func TestPrompt(t *testing.T) {
	t.Parallel()
	alice := tooltest.Principal("acme", "alice", "mcp:basic")
	client := tooltest.Connect(t, tooltest.Catalog(t, design.New()...), tooltest.Modern,
		func() *tool.Call { return tooltest.Call(alice, tooltest.Modern) }, nil)
	get := func(arguments map[string]string) (*mcp.GetPromptResult, error) {
		return client.GetPrompt(t.Context(), &mcp.GetPromptParams{
			Name: "generate_serverless_design_prompt", Arguments: arguments,
		})
	}
	// Braces in the requirements stay as they are.
	got, err := get(map[string]string{"design_requirements": "orders; {requirements} %s"})
	if err != nil {
		t.Fatal(err)
	}
	text := got.Messages[0].Content.(*mcp.TextContent).Text
	if got.Messages[0].Role != "user" || !strings.HasSuffix(text, "Requirements:\norders; {requirements} %s\n") {
		t.Errorf("got %q", text)
	}
	for name, arguments := range map[string]map[string]string{
		"missing": nil, "too long": {"design_requirements": strings.Repeat("x", 20_001)},
	} {
		_, err := get(arguments)
		if wire, ok := errors.AsType[*jsonrpc.Error](err); !ok || wire.Code != jsonrpc.CodeInvalidParams {
			t.Errorf("%s: %v", name, err)
		}
	}
}
