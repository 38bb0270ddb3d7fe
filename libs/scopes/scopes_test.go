package scopes_test

import (
	"regexp"
	"slices"
	"testing"

	"leasehold.example/libs/scopes"
)

// TestRule33OneTable: what is described is what is needed, no line is there twice, and the
// templates are of the kind that Lookup understands.
func TestRule33OneTable(t *testing.T) {
	t.Parallel()
	var needed []string
	seen := map[scopes.Line]bool{}
	template := regexp.MustCompile(`^[a-z]+://([A-Za-z0-9/._-]|\{[a-z_]+\})+$`)
	for _, l := range scopes.Table() {
		needed = append(needed, l.Scope)
		key := scopes.Line{Kind: l.Kind, Name: l.Name}
		if seen[key] {
			t.Errorf("%s %s is there twice", l.Kind, l.Name)
		}
		seen[key] = true
		if l.Kind == scopes.Resource && !template.MatchString(l.Name) {
			t.Errorf("%s has more than plain variables", l.Name)
		}
	}
	slices.Sort(needed)
	if needed = slices.Compact(needed); !slices.Equal(scopes.Names(), needed) {
		t.Errorf("described are %q, needed are %q", scopes.Names(), needed)
	}
	for _, s := range scopes.All() {
		if s.Description == "" || len(s.Description) > 256 {
			t.Errorf("%s: a description of %d characters", s.Name, len(s.Description))
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	tests := []struct{ method, name, want string }{
		{"tools/call", "math", scopes.Basic},
		{"tools/call", "notebook_delete", scopes.NotebookDelete},
		{"prompts/get", "generate_serverless_design_prompt", scopes.Basic},
		{"resources/read", "users://user-1/profile", scopes.Basic},
		{"resources/read", "users://%2F%2A/profile", scopes.Basic},
		{"resources/read", "users://a/b/profile", ""},
		{"resources/read", "users://a/profile/", ""},
		{"resources/read", "math", ""},
		{"tools/call", "users://{user_id}/profile", ""},
		{"tools/call", "Math", ""},
		{"tools/call", "", ""},
		{"tools/list", "math", ""},
		{"", "math", ""},
	}
	for _, tt := range tests {
		if got, ok := scopes.Lookup(tt.method, tt.name); got != tt.want || ok != (tt.want != "") {
			t.Errorf("Lookup(%q, %q) = %q, %t; want %q", tt.method, tt.name, got, ok, tt.want)
		}
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	for _, l := range scopes.Table() {
		if got := scopes.Of(l.Kind, l.Name); got != l.Scope {
			t.Errorf("Of(%s, %s) = %q, want %q", l.Kind, l.Name, got, l.Scope)
		}
	}
	if got := scopes.Of(scopes.Prompt, "math"); got != "" {
		t.Errorf("a tool's name is a prompt's, with %q", got)
	}
	scopes.Table()[0].Scope = "changed"
	if scopes.Table()[0].Scope == "changed" {
		t.Error("the table can be changed from outside")
	}
}
