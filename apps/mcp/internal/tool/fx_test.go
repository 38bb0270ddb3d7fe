package tool_test

import (
	"slices"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/apps/mcp/internal/tool/shipped"
	"leasehold.example/apps/mcp/internal/tool/tooltest"
	"leasehold.example/libs/scopes"
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
		tool.Module, shipped.Module,
		fx.Populate(&catalog),
	)
	app.RequireStart().RequireStop()

	want := map[string]string{}
	for _, l := range scopes.Table() {
		if l.Kind == scopes.Tool {
			want[l.Name] = l.Scope
		}
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
	if got, want := catalog.Scopes(), scopes.Names(); !slices.Equal(got, want) {
		t.Errorf("Scopes() = %q, want %q", got, want)
	}
}
