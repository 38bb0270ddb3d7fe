package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/stacks/engine"
	"leasehold.example/stacks/internal/need"
)

func TestMain(m *testing.M) {
	engine.Main()
	os.Exit(m.Run())
}

// What is deployed has to be in the history of what is to be deployed.
func TestRun(t *testing.T) {
	t.Parallel()
	clone := newClone(t)
	first, second := clone.commit("first"), clone.commit("second")
	clone.git("switch", "-qc", "other", first)
	other := clone.commit("other")
	update := func(commit string) record { return record{"update", map[string]string{"git.head": commit}} }
	for name, tt := range map[string]struct {
		head    string
		history []record
		want    string // of the error; empty is none
	}{
		"never deployed":            {head: first},
		"the next commit":           {head: second, history: []record{update(first)}},
		"the same again":            {head: second, history: []record{update(second), update(first)}},
		"an older one":              {head: first, history: []record{update(second), update(first)}, want: "which is older"},
		"of another branch":         {head: other, history: []record{update(second)}, want: second + " is deployed"},
		"over one that nobody has":  {head: second, history: []record{update(strings.Repeat("a", 40))}, want: "this clone does not know it"},
		"a refresh of an older one": {head: first, history: []record{{"refresh", map[string]string{"git.head": first}}, update(second)}, want: second + " is deployed"},
		"an option for Git":         {head: second, history: []record{update("--help")}, want: "is not in the stack's history"},
		"no commit":                 {head: second, history: []record{{"update", nil}, update(first)}, want: "is not in the stack's history"},
		"no update":                 {head: second, history: []record{{"refresh", nil}}, want: "is not in the stack's history"},
	} {
		clone.git("checkout", "-q", tt.head)
		history, err := json.Marshal(tt.history)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		err = run(t.Context(), clone.dir, strings.NewReader(string(history)), &out)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if (err == nil) != strings.Contains(out.String(), "deployed") {
			t.Errorf("%s: it says %q", name, out.String())
		}
	}
	if err := run(t.Context(), clone.dir, strings.NewReader(""), &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("no history: %v", err)
	}
}

// Pulumi notes the commit that it deploys, as run reads it.
func TestPulumiNotesTheCommit(t *testing.T) {
	t.Parallel()
	options, err := engine.Workspace(engine.Options{CLI: need.Pulumi(t), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	clone := newClone(t)
	first := clone.commit("first")
	stack, err := auto.UpsertStackInlineSource(t.Context(), "prod", "project", func(*pulumi.Context) error { return nil }, append(options,
		auto.WorkDir(clone.dir), auto.Project(workspace.Project{Name: tokens.PackageName("project"), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}))...)
	if err != nil {
		t.Fatal(err)
	}
	check := func() error {
		t.Helper()
		history, err := stack.History(t.Context(), 100, 1)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(history)
		if err != nil {
			t.Fatal(err)
		}
		return run(t.Context(), clone.dir, strings.NewReader(string(text)), &strings.Builder{})
	}
	if err := check(); err != nil {
		t.Errorf("before the first update: %v", err)
	}
	second := clone.commit("second")
	if _, err := stack.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := check(); err != nil {
		t.Errorf("the deployed commit: %v", err)
	}
	clone.git("checkout", "-q", first)
	if err := check(); err == nil || !strings.Contains(err.Error(), second+" is deployed") {
		t.Errorf("an older one: %v", err)
	}
}

// clone is a repository of Git.
type clone struct {
	t   *testing.T
	dir string
}

func newClone(t *testing.T) clone {
	t.Helper()
	c := clone{t, t.TempDir()}
	c.git("init", "-q")
	return c
}

func (c clone) git(args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "git", append([]string{"-C", c.dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit makes one, and returns its hash.
func (c clone) commit(message string) string {
	c.t.Helper()
	c.git("commit", "-q", "--allow-empty", "-m", message)
	return c.git("rev-parse", "HEAD")
}
