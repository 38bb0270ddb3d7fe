package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"leasehold.example/tests/internal/repo"
)

// sources are the files that the command reads, as small as they can be. Those of the repository
// are tried in tests/rename.
var sources = map[string]string{
	"libs/go.mod": "module github.com/acme/mcp/libs\n",
	shippedFx: `package shipped

import (
	"go.uber.org/fx"

	"github.com/acme/mcp/apps/mcp/internal/tool/design"
	"github.com/acme/mcp/apps/mcp/internal/tool/math"
)

var Module = fx.Options(
	design.Module,
	math.Module,
)
`,
	scopesFile: `package scopes

// The scopes.
const (
	Basic        = "mcp:basic"
	NotebookRead = "notebook:read"
)

var table = []Line{
	{Tool, "math", Basic},
	{Tool, "notebook_open", NotebookRead},

	{Prompt, "design", Basic},
}

func All() []Scope {
	return []Scope{
		{Basic, "Use what keeps nothing"},
		{NotebookRead, "Read your notebooks"},
	}
}
`,
}

// world is a directory with sources.
func world(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range sources {
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// added are the lines that a file has more than its source, each with the one before it. Columns do not count.
func added(t *testing.T, dir, name string) string {
	t.Helper()
	after, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	squeeze := func(line string) string { return strings.Join(strings.Fields(line), " ") }
	old := strings.Split(sources[name], "\n")
	var lines []string
	previous := ""
	for line := range strings.SplitSeq(string(after), "\n") {
		line = squeeze(line)
		if len(old) > 0 && line == squeeze(old[0]) {
			old = old[1:]
		} else {
			lines = append(lines, previous+" > "+line)
		}
		previous = line
	}
	if len(old) > 0 {
		t.Errorf("%s lost %q", name, old)
	}
	return strings.Join(lines, "\n")
}

// TestRegistration: each file gets the lines of the tool, in their places, and nothing else.
func TestRegistration(t *testing.T) {
	t.Parallel()
	const at = "github.com/acme/mcp/apps/mcp/internal/tool/"
	for name, test := range map[string]struct{ scope, shipped, scopes string }{
		"archive": {
			"", ` > "` + at + "archive\"\nvar Module = fx.Options( > archive.Module,",
			`var table = []Line{ > {Tool, "archive", Basic},`,
		},
		"zebra": {
			"", `"` + at + `math" > "` + at + "zebra\"\nmath.Module, > zebra.Module,",
			`{Tool, "notebook_open", NotebookRead}, > {Tool, "zebra", Basic},`,
		},
		"e_1_f": {
			"notebook:read", `"` + at + `design" > "` + at + "e1f\"\ndesign.Module, > e1f.Module,",
			`var table = []Line{ > {Tool, "e_1_f", NotebookRead},`,
		},
		"notebook_list": {
			"list-all:read", `"` + at + `math" > "` + at + "notebooklist\"\nmath.Module, > notebooklist.Module,",
			`const ( > ListAllRead = "list-all:read"
{Tool, "math", Basic}, > {Tool, "notebook_list", ListAllRead},
return []Scope{ > {ListAllRead, "Use the tool notebook_list"},`,
		},
		"nothing": {
			"mcp:more", `"` + at + `math" > "` + at + "nothing\"\nmath.Module, > nothing.Module,",
			`Basic = "mcp:basic" > McpMore = "mcp:more"
{Tool, "notebook_open", NotebookRead}, > {Tool, "nothing", McpMore},
{Basic, "Use what keeps nothing"}, > {McpMore, "Use the tool nothing"},`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := world(t)
			if err := run(dir, name, test.scope, io.Discard); err != nil {
				t.Fatal(err)
			}
			if got := added(t, dir, shippedFx); got != test.shipped {
				t.Errorf("%s:\n%s\nwant\n%s", shippedFx, got, test.shipped)
			}
			if got := added(t, dir, scopesFile); got != test.scopes {
				t.Errorf("%s:\n%s\nwant\n%s", scopesFile, got, test.scopes)
			}
			if files, err := os.ReadDir(filepath.Join(dir, tools, packageOf(name))); err != nil || len(files) != 3 {
				t.Errorf("%v, %v", files, err)
			}
			if err := run(dir, name, test.scope, io.Discard); err == nil || !strings.Contains(err.Error(), "exists") {
				t.Errorf("the second time: %v", err)
			}
		})
	}
}

// TestScopeTwins: two scopes whose Go name is one.
func TestScopeTwins(t *testing.T) {
	t.Parallel()
	dir := world(t)
	if err := run(dir, "first", "a-b:c", io.Discard); err != nil {
		t.Fatal(err)
	}
	err := run(dir, "second", "a:b-c", io.Discard)
	if err == nil || !strings.Contains(err.Error(), "SCOPE: want a scope whose Go name, ABC, is not taken") {
		t.Errorf("got %v", err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	const (
		wantName  = "NAME: want 1 to 40 lower-case letters and digits, words joined by underscores, a letter first, such as list_invoices; "
		wantOther = "NAME: want a name that Go or the tool's own files have no other meaning for, got "
		wantScope = "SCOPE: want up to 40 characters such as invoices:read, lower-case words joined by hyphens on both sides of a colon; got "
	)
	for name, test := range map[string]struct{ name, scope, want string }{
		"no name":         {"", "", wantName + "it is not set"},
		"a hyphen":        {"list-invoices", "", wantName + `got "list-invoices"`},
		"a dot":           {"list.invoices", "", wantName + `got "list.invoices"`},
		"a capital":       {"Invoices", "", wantName + `got "Invoices"`},
		"a digit first":   {"1st", "", wantName + `got "1st"`},
		"two underscores": {"a__b", "", wantName + `got "a__b"`},
		"a path":          {"../math", "", wantName + `got "../math"`},
		"long":            {strings.Repeat("a", 41), "", wantName + `got "` + strings.Repeat("a", 41) + `"`},
		"a keyword":       {"func", "", wantOther + `"func"`},
		"a keyword apart": {"fu_nc", "", wantOther + `"fu_nc"`},
		"predeclared":     {"string", "", wantOther + `"string"`},
		"imported":        {"scopes", "", wantOther + `"scopes"`},
		"in the test":     {"t", "", wantOther + `"t"`},
		"its principal":   {"alice", "", wantOther + `"alice"`},
		"never built":     {"documentation", "", wantOther + `"documentation"`},
		"a directory":     {"shipped", "", "NAME: want a name that is not taken: apps/mcp/internal/tool/shipped exists"},
		"in the table":    {"notebook_open", "", "libs/scopes/scopes.go: NAME: want a name that is not taken: the table has notebook_open"},
		"scope and name":  {"A", "read", wantName + `got "A"` + "\n" + wantScope + `"read"`},
		"a long scope":    {"a", "a:" + strings.Repeat("b", 39), wantScope + `"a:` + strings.Repeat("b", 39) + `"`},
		"a scope's space": {"a", "a:b c", wantScope + `"a:b c"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := world(t)
			got := ""
			if err := run(dir, test.name, test.scope, io.Discard); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if lines := added(t, dir, shippedFx) + added(t, dir, scopesFile); lines != "" {
				t.Errorf("written are %s", lines)
			}
		})
	}
}

// TestTracked: Git would leave out what .gitignore has, and the server would not build elsewhere.
func TestTracked(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"coverage", "coverage_report", "build", "dist"} {
		cmd := exec.CommandContext(t.Context(), "git", "-C", repo.Root(t), "check-ignore", "--verbose", "--no-index", path.Join(tools, packageOf(name), "fx.go"))
		if out, err := cmd.Output(); err == nil {
			t.Errorf("%s is ignored: %s", name, out)
		} else if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
			t.Fatal(err)
		}
	}
}

// TestUnknownForm: a file that somebody wrote in another way is not guessed at.
func TestUnknownForm(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"no list":     "package shipped\n\nimport \"go.uber.org/fx\"\n\nvar All = fx.Options()\n",
		"another one": "package shipped\n\nvar Module = []int{}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := world(t)
			if err := os.WriteFile(filepath.Join(dir, shippedFx), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := run(dir, "invoices", "", io.Discard); err == nil || !strings.Contains(err.Error(), "add the lines by hand") {
				t.Errorf("got %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, tools, "invoices")); err == nil {
				t.Error("files are written")
			}
		})
	}
}
