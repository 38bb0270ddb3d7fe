package app_test

import (
	"context"
	"io"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/libs/scopes"
)

// TestRule33CatalogueAndTable: what is served has its line in the one table of scopes, each
// line is of something that is served, and both name the same scope.
func TestRule33CatalogueAndTable(t *testing.T) {
	t.Parallel()
	var features app.Features
	if err := fx.New(app.Lambda(deployedConfig(t, nil), app.Shipped, io.Discard), fx.Populate(&features)).Err(); err != nil {
		t.Fatal(err)
	}
	table := map[scopes.Line]string{}
	for _, l := range scopes.Table() {
		table[scopes.Line{Kind: l.Kind, Name: l.Name}] = l.Scope
	}
	catalogue := served(t, features)
	for _, l := range catalogue {
		scope, ok := features.Lookup(method(l.Kind), l.Name)
		if want := table[l]; !ok || scope != want || want == "" {
			t.Errorf("%s %s: the server wants %q (%t), the table %q", l.Kind, l.Name, scope, ok, want)
		}
		delete(table, l)
	}
	for l := range table {
		t.Errorf("%s %s is in the table, but nothing serves it", l.Kind, l.Name)
	}
}

// method is the one by which the server looks a line up: templates are not URIs.
func method(k scopes.Kind) string {
	if k == scopes.Resource {
		return "resources/templates/list"
	}
	return string(k)
}

// served asks a server of the features, as a client would, for all it has.
func served(t *testing.T, f app.Features) (lines []scopes.Line) {
	t.Helper()
	me := &mcp.Implementation{Name: "test", Version: "1"}
	here, there := mcp.NewInMemoryTransports()
	server := mcp.NewServer(me, nil)
	f.Register(server)
	if _, err := server.Connect(t.Context(), there, nil); err != nil {
		t.Fatal(err)
	}
	client, err := mcp.NewClient(me, nil).Connect(t.Context(), here, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }() // nothing was promised
	ctx := context.Background()
	for tool, err := range client.Tools(ctx, nil) {
		lines = appendLine(t, lines, err, scopes.Tool, func() string { return tool.Name })
	}
	for prompt, err := range client.Prompts(ctx, nil) {
		lines = appendLine(t, lines, err, scopes.Prompt, func() string { return prompt.Name })
	}
	for template, err := range client.ResourceTemplates(ctx, nil) {
		lines = appendLine(t, lines, err, scopes.Resource, func() string { return template.URITemplate })
	}
	for resource, err := range client.Resources(ctx, nil) {
		lines = appendLine(t, lines, err, scopes.Resource, func() string { return resource.URI })
	}
	return lines
}

func appendLine(t *testing.T, lines []scopes.Line, err error, k scopes.Kind, name func() string) []scopes.Line {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return append(lines, scopes.Line{Kind: k, Name: name()})
}
