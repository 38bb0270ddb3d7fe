package tool_test

import (
	"slices"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/apps/mcp/internal/tool/design"
	"leasehold.example/apps/mcp/internal/tool/math"
	"leasehold.example/apps/mcp/internal/tool/notebook"
	"leasehold.example/apps/mcp/internal/tool/profile"
	"leasehold.example/apps/mcp/internal/tool/sessionvalues"
	"leasehold.example/apps/mcp/internal/tool/tooltest"
	"leasehold.example/apps/mcp/internal/tool/whoami"
	"leasehold.example/libs/session"
)

// The modules make a catalog of all that is shipped, each entry under its scope and fit
// for clients: TypeScript's refuse a whole listing over one property that is no object.
func TestModules(t *testing.T) {
	t.Parallel()
	o, _ := tooltest.Options(t)
	var catalog *tool.Catalog
	app := fxtest.New(t, fx.NopLogger,
		fx.Supply(o, tooltest.Registry(t, session.Options{})),
		tool.Module, design.Module, math.Module, notebook.Module, profile.Module, sessionvalues.Module, whoami.Module,
		fx.Populate(&catalog),
	)
	app.RequireStart().RequireStop()

	want := map[string]string{
		"math": "mcp:basic", "whoami": "mcp:basic",
		"session_open": "session:write", "session_get": "session:read", "session_set": "session:write",
		"notebook_open": "notebook:write", "notebook_append": "notebook:write",
		"notebook_read": "notebook:read", "notebook_delete": "notebook:delete",
	}
	client := tooltest.Connect(t, catalog, tooltest.Modern, func() *tool.Call { return nil }, nil)
	list, err := client.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Tools) != len(want) {
		t.Errorf("%d tools, want %d", len(list.Tools), len(want))
	}
	for _, listed := range list.Tools {
		if scope, ok := catalog.Lookup("tools/call", listed.Name); !ok || scope != want[listed.Name] {
			t.Errorf("%s has scope %q, want %q", listed.Name, scope, want[listed.Name])
		}
		for _, schema := range []any{listed.InputSchema, listed.OutputSchema} {
			properties, _ := schema.(map[string]any)["properties"].(map[string]any)
			for name, p := range properties {
				if _, ok := p.(map[string]any); !ok {
					t.Errorf("%s: property %s is %v", listed.Name, name, p)
				}
			}
		}
	}
	for method, name := range map[string]string{
		"prompts/get": "generate_serverless_design_prompt", "resources/templates/list": "users://{user_id}/profile",
	} {
		if scope, ok := catalog.Lookup(method, name); !ok || scope != "mcp:basic" {
			t.Errorf("%s has scope %q", name, scope)
		}
	}
	scopes := []string{"mcp:basic", "notebook:delete", "notebook:read", "notebook:write", "session:read", "session:write"}
	if got := catalog.Scopes(); !slices.Equal(got, scopes) {
		t.Errorf("Scopes() = %q, want %q", got, scopes)
	}
}
