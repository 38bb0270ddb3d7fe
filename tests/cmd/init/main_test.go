package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leasehold.example/tests/internal/need"
	"leasehold.example/tests/internal/repo"
)

// world is a small repository with the files that init cannot do without.
type world struct {
	t   *testing.T
	dir string
}

func newWorld(t *testing.T) world {
	t.Helper()
	need.Program(t, "git")
	w := world{t, t.TempDir()}
	w.write("libs/go.mod", "module {m}/libs\n")
	w.write("Pulumi.yaml", "name: {n}\n")
	w.write("README.md", "# {T}\n\nWhat it is.\n\n## Run {T}\n")
	w.write("SECURITY.md", contactHole+"\n")
	w.write(".github/CODEOWNERS", "* "+ownerHole+"\n")
	w.git("init", "-q")
	w.commit()
	return w
}

func (w world) write(name, content string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(written.Replace(content)), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w world) read(name string) string {
	w.t.Helper()
	content, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(content)
}

func (w world) git(args ...string) string {
	w.t.Helper()
	args = append([]string{"-C", w.dir, "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"}, args...)
	out, err := exec.CommandContext(w.t.Context(), "git", args...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return string(out)
}

func (w world) commit() {
	w.t.Helper()
	w.git("add", "-A")
	w.git("commit", "-q", "-m", "x")
}

// init runs the command and returns what it printed, or its error.
func (w world) init(args ...string) string {
	w.t.Helper()
	var out bytes.Buffer
	if err := run(w.t.Context(), w.dir, args, &out); err != nil {
		return err.Error()
	}
	return out.String()
}

var arguments = []string{"-module", "github.com/acme/mcp", "-name", "acme-mcp"}

func TestInit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := w.init(arguments...)
	for _, want := range []string{"Renamed to github.com/acme/mcp, named acme-mcp: 3 files.", "Nothing is committed", "with OWNER=", "with CONTACT="} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if got := w.read("libs/go.mod") + w.read("Pulumi.yaml"); got != "module github.com/acme/mcp/libs\nname: acme-mcp\n" {
		t.Errorf("got %q", got)
	}
	status := w.git("status", "--porcelain")
	const nothing = "Nothing to change: this is github.com/acme/mcp, named acme-mcp.\n"
	if got := w.init(arguments...); got != nothing {
		t.Errorf("the second time: %s", got)
	}
	if got := w.git("status", "--porcelain"); got != status {
		t.Errorf("the second time changes\n%s", got)
	}
	w.commit()
	more := slices.Concat(arguments, []string{"-owner", "@acme/platform", "-contact", "security@acme.example"})
	w.init(more...)
	if got := w.read("SECURITY.md") + w.read(".github/CODEOWNERS"); got != "Or write to <security@acme.example>.\n* @acme/platform\n" {
		t.Errorf("got %q", got)
	}
	if got := w.init(more...); got != nothing {
		t.Errorf("the fourth time: %s", got)
	}
	w.commit()
	status = w.git("status", "--porcelain")
	const (
		owner   = "Left as it is: OWNER, which is set already: .github/CODEOWNERS is where to change it\n"
		contact = "Left as it is: CONTACT, which is set already: SECURITY.md is where to change it\n"
	)
	for _, tt := range []struct {
		want  string
		other []string
	}{
		{owner + contact, []string{"-owner", "@globex", "-contact", "https://globex.example"}},
		{owner, []string{"-owner", "@acme", "-contact", "security@acme.example"}}, // the beginning of the one that is set
		{contact, []string{"-contact", "acme.example@security.acme"}},
	} {
		if got := w.init(slices.Concat(arguments, tt.other)...); got != nothing+tt.want {
			t.Errorf("%q: %s", tt.other, got)
		}
	}
	if got := w.git("status", "--porcelain"); got != status {
		t.Errorf("another owner changes\n%s", got)
	}
}

// TestLaterChanges takes over what the repository has since, as docs/your-own.md says: git merge
// upstream/main, then make init again.
func TestLaterChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("a.md", "first\n\n{n}\n\nlast\n")
	w.commit()
	w.git("branch", "upstream")
	w.init(arguments...)
	w.commit()
	w.git("checkout", "-q", "upstream")
	w.write("a.md", "first\n\n{n}\n\nlast of {T}\n")
	w.write("libs/new.go", "package libs\n\nimport _ \"{m}/libs/seal\"\n")
	w.commit()
	w.git("checkout", "-q", "-")
	w.git("merge", "-q", "upstream", "-m", "x")
	if out := w.init(arguments...); !strings.Contains(out, "Renamed to github.com/acme/mcp, named acme-mcp: 2 files.") {
		t.Errorf("got %s", out)
	}
	if got := w.read("a.md") + w.read("libs/new.go"); got != "first\n\nacme-mcp\n\nlast of acme-mcp\n"+
		"package libs\n\nimport _ \"github.com/acme/mcp/libs/seal\"\n" {
		t.Errorf("got %s", got)
	}
}

// TestLeftovers: what has no rule stays, and init says where it is.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("a.unheard-of", "one\n{n}\n")
	w.write("b.md", "{n}er\n{V}_TABLE {V}\n")
	w.write("go.sum", "{m}/libs v1\n")
	w.write("docs/your-own.md", "{T}\n")
	w.commit()
	out := w.init(arguments...)
	var left []string
	for line := range strings.Lines(out) {
		if rest, ok := strings.CutPrefix(line, "Left as it is: "); ok {
			left = append(left, strings.TrimSpace(rest))
		}
	}
	if got, want := strings.Join(left, " "), "a.unheard-of:2 b.md:1 b.md:2 go.sum:1"; got != want {
		t.Errorf("left are %q, want %q", got, want)
	}
	if got := w.read("docs/your-own.md"); got != oldTitle+"\n" {
		t.Errorf("the page about renaming says %q", got)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	const clean = "want a tree without changes: commit or stash them (git status lists them); after a make init that was interrupted, git restore . takes its changes back"
	for name, test := range map[string]struct {
		prepare func(w world)
		want    string
	}{
		"a changed file": {func(w world) { w.write("README.md", "# {T}\n") }, clean},
		"a new file":     {func(w world) { w.write("new.md", "{n}\n") }, clean},
		"interrupted":    {func(w world) { w.write("Pulumi.yaml", "name: acme-mcp\n") }, clean},
		"another name": {func(w world) {
			w.write("Pulumi.yaml", "name: globex\n")
			w.commit()
		}, "this is " + oldModule + ", named globex, already. A second name is not given: go back to the commit before the first make init, or to a fresh clone"},
		"Go that is none": {func(w world) {
			w.write("a.go", "package a\n\nvar {n} = \"{n}\n")
			w.commit()
		}, "a.go: 3:17: string literal not terminated"},
		"not the root": {
			func(w world) {
				w.git("rm", "-q", "--cached", "Pulumi.yaml")
				os.Remove(filepath.Join(w.dir, "Pulumi.yaml"))
			},
			"want the root of the repository: openat Pulumi.yaml: no such file or directory",
		},
		"no repository": {
			func(w world) { os.RemoveAll(filepath.Join(w.dir, ".git")) },
			"want a clone made with git, so that what is changed can be seen and taken back: git ls-files: fatal: not a git repository",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.prepare(w)
			readme := w.read("README.md")
			got, _, _ := strings.Cut(w.init(arguments...), " (or any ") // what Git says then depends on the file system
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if w.read("README.md") != readme {
				t.Error("a file is changed")
			}
		})
	}
}

// TestInterrupted: the error says what to do, and that works.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tree, err := openTree(t.Context(), w.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.root.Close()
	p, err := newPlan(tree, acme)
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.replace(p.files[0]); err != nil { // and no more
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.write(gone, tree); err == nil || !strings.HasPrefix(err.Error(), "interrupted: ") {
		t.Errorf("got %v", err)
	}
	if got := w.init(arguments...); !strings.Contains(got, "git restore .") {
		t.Errorf("got %s", got)
	}
	w.git("restore", ".")
	if got := w.init(arguments...); !strings.HasPrefix(got, "Renamed") {
		t.Errorf("got %s", got)
	}
}

// TestEveryFileHasAKind fails for a new kind of file. Say in kind.go whether it is rewritten. Whose
// tree is renamed may have files of any kind.
func TestEveryFileHasAKind(t *testing.T) {
	t.Parallel()
	need.Program(t, "git")
	root := repo.Root(t)
	tree, err := openTree(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.root.Close()
	if tree.module != oldModule {
		return
	}
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
	if len(names) < 500 {
		t.Errorf("%d files", len(names))
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // removed, and not committed
		}
		if err != nil {
			t.Fatal(err)
		}
		k := kindOf(name, content)
		if k == unknown {
			t.Errorf("%s has no kind", name)
		}
		if hasNUL := bytes.IndexByte(content, 0) >= 0; hasNUL != (k == binary) {
			t.Errorf("%s is one of the %s, but has zero bytes: %t", name, k, hasNUL)
		}
		if strings.Contains(strings.ToLower(name), oldName) {
			t.Errorf("%s has the name in its path, which init does not change", name)
		}
	}
}
