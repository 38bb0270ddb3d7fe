// Package scopes says which OAuth scope each tool, prompt and resource needs: once, for the
// server that enforces it, for the authorizer in front of it, and for the infrastructure
// that creates the scopes (RULES 33). It imports nothing but the standard library.
package scopes

import (
	"path"
	"slices"
	"strings"
)

// The scopes. A new one gets a line in All as well.
const (
	Basic          = "mcp:basic"
	NotebookDelete = "notebook:delete"
	NotebookRead   = "notebook:read"
	NotebookWrite  = "notebook:write"
	SessionRead    = "session:read"
	SessionWrite   = "session:write"
)

// table has a line for everything that can be called, got or read. Who adds a tool, a prompt
// or a resource adds its line here; a test of apps/mcp compares the table with what the
// server has.
var table = []Line{
	{Tool, "math", Basic},
	{Tool, "notebook_append", NotebookWrite},
	{Tool, "notebook_delete", NotebookDelete},
	{Tool, "notebook_open", NotebookWrite},
	{Tool, "notebook_read", NotebookRead},
	{Tool, "session_get", SessionRead},
	{Tool, "session_open", SessionWrite},
	{Tool, "session_set", SessionWrite},
	{Tool, "whoami", Basic},

	{Prompt, "generate_serverless_design_prompt", Basic},

	{Resource, "users://{user_id}/profile", Basic},
}

// All returns every scope that a line of the table needs, sorted by name.
func All() []Scope {
	return []Scope{
		{Basic, "Use the tools that keep nothing, and read your own profile"},
		{NotebookDelete, "Delete your notebooks"},
		{NotebookRead, "Read your notebooks"},
		{NotebookWrite, "Open notebooks and write into them"},
		{SessionRead, "Read the values of your sessions"},
		{SessionWrite, "Open sessions and store values in them"},
	}
}

// Scope is an OAuth scope of this server.
type Scope struct {
	// Name is a scope-token (RFC 6749 section 3.3).
	Name string
	// Description tells people what they allow: 1 to 256 characters, as Amazon Cognito
	// demands (https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResourceServerScopeType.html).
	Description string
}

// Names returns the names of All.
func Names() []string {
	var names []string
	for _, s := range All() {
		names = append(names, s.Name)
	}
	return names
}

// Kind is a kind of line, named after the JSON-RPC method by which it is used.
type Kind string

// The kinds. A resource's name is its URI template, whose expressions are plain {variables}.
const (
	Tool     Kind = "tools/call"
	Prompt   Kind = "prompts/get"
	Resource Kind = "resources/read"
)

// Line says which scope something needs.
type Line struct {
	Kind        Kind
	Name, Scope string
}

// Table returns all lines.
func Table() []Line { return slices.Clone(table) }

// Of returns the scope in the line of kind and name; empty when there is no such line,
// which the server's catalogue refuses.
func Of(kind Kind, name string) string {
	for _, l := range table {
		if l.Kind == kind && l.Name == name {
			return l.Scope
		}
	}
	return ""
}

// Lookup returns the scope that a request needs: method is its JSON-RPC method, name the
// tool, the prompt or the URI that it names. ok is false for every other method, and for
// names that no line has or matches.
func Lookup(method, name string) (scope string, ok bool) {
	for _, l := range table {
		if string(l.Kind) != method {
			continue
		}
		if l.Name == name && l.Kind != Resource || l.Kind == Resource && matches(l.Name, name) {
			return l.Scope, true
		}
	}
	return "", false
}

// matches reports whether uri is one of the template's, whose variables hold no slash.
func matches(template, uri string) bool {
	var pattern strings.Builder
	for rest := template; rest != ""; {
		literal, after, found := strings.Cut(rest, "{")
		pattern.WriteString(literal)
		if found {
			pattern.WriteByte('*')
			_, after, _ = strings.Cut(after, "}")
		}
		rest = after
	}
	ok, err := path.Match(pattern.String(), uri)
	return ok && err == nil
}
