package docs_test

import (
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"leasehold.example/tests/docs"
	"leasehold.example/tests/internal/need"
	"leasehold.example/tests/internal/repo"
)

// documentation returns the pages that people read: all but testdata.
func documentation(t testing.TB) []docs.Page {
	t.Helper()
	return slices.DeleteFunc(pages(t), func(p docs.Page) bool { return strings.Contains(p.Path, "testdata/") })
}

// TestBlocks: every block of code is what it says it is, and every command of make, in a block or in a
// sentence, has a target and variables.
func TestBlocks(t *testing.T) {
	t.Parallel()
	root := repo.Root(t)
	makefiles, err := docs.ReadMakefiles(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range documentation(t) {
		for _, b := range p.Blocks {
			if err := docs.CheckBlock(root, makefiles, b); err != nil {
				t.Errorf("%s: %v", b.At(), err)
			}
		}
		for _, s := range p.Spans {
			for _, err := range makefiles.CheckSpan(s.Text) {
				t.Errorf("%s:%d: %v", p.Path, s.Line, err)
			}
		}
	}
}

// TestPulumi: the commands of pulumi that only an account can run have subcommands and flags that the CLI has.
func TestPulumi(t *testing.T) {
	t.Parallel()
	need.Pulumi(t)
	cli := docs.NewCLI("pulumi", func(words ...string) string {
		// Its status says nothing: help is no error, whatever it is asked for.
		out, _ := exec.CommandContext(t.Context(), filepath.Join(repo.Root(t), ".tools", "pulumi"), append(words, "--help")...).CombinedOutput()
		return string(out)
	})
	for _, p := range documentation(t) {
		for _, b := range p.Blocks {
			if b.Lang != "console" && b.Lang != "sh" {
				continue
			}
			commands, _ := docs.Commands(b) // TestBlocks has said what is wrong
			for _, c := range commands {
				for _, err := range cli.Check(c.Text) {
					t.Errorf("%s: %v", b.At(), err)
				}
			}
		}
		for _, s := range p.Spans {
			for _, err := range cli.Check(s.Text) {
				t.Errorf("%s:%d: %v", p.Path, s.Line, err)
			}
		}
	}
}

// TestCommands types what the pages say into a shell in a clean clone, page by page, and compares
// what is printed with what the page shows.
func TestCommands(t *testing.T) {
	root := repo.Root(t)
	makefiles, err := docs.ReadMakefiles(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := sandboxDir(t)
	for _, p := range documentation(t) {
		if !slices.ContainsFunc(p.Blocks, func(b docs.Block) bool { return docs.Runs(p, b) }) {
			continue
		}
		t.Run(p.Path, func(t *testing.T) { // one after the other: there is one sandbox
			for _, b := range p.Blocks {
				if err := docs.CheckBlock(root, makefiles, b); err != nil {
					t.Fatalf("%s: %v", b.At(), err)
				}
			}
			s := docs.NewSandbox(t, dir, root, files(t, root), makefiles)
			r := reader{Sandbox: s, terminal: s.Terminal(t), packages: map[string]bool{}}
			for _, b := range p.Blocks {
				if docs.Runs(p, b) {
					r.follow(t, b)
				}
			}
			for _, dir := range slices.Sorted(maps.Keys(r.packages)) {
				r.run(t, p.Path, "go test ./"+dir)
			}
		})
	}
}

// sandboxDir is where clones are until the test ends.
func sandboxDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(repo.Root(t), docs.SandboxDir)
	t.Cleanup(func() {
		if !t.Failed() { // else it is there to be looked at
			_ = os.RemoveAll(dir)
		}
	})
	return dir
}

// reader does what a page says.
type reader struct {
	*docs.Sandbox
	terminal *docs.Terminal
	packages map[string]bool // directories that got Go files
	preview  bool            // has been built
}

func (r *reader) follow(t *testing.T, b docs.Block) {
	t.Helper()
	if rel := file(b); rel != "" {
		if err := r.Write(rel, b.Text); err != nil {
			t.Fatalf("%s: %v", b.At(), err)
		}
		r.syntax(t, b, rel)
		return
	}
	if b.Lang == "yaml" {
		r.settings(t, b)
		return
	}
	commands, err := docs.Commands(b)
	if err != nil {
		t.Fatalf("%s: %v", b.At(), err)
	}
	for i, c := range commands {
		_, goesOn := b.Marks["stays"]
		_, fails := b.Marks["fails"]
		last := i == len(commands)-1
		if goesOn && last {
			r.Stay(t, c)
			return
		}
		printed, status, err := r.terminal.Run(c.Text)
		if err == nil {
			err = docs.Match(r.Shown(c.Want), printed)
		}
		if err != nil || (status != 0) != (fails && last) {
			t.Fatalf("%s: %s: status %d, %v; printed:\n%s", b.At(), c.Text, status, err, printed)
		}
	}
}

func (r *reader) run(t *testing.T, at, command string) {
	t.Helper()
	if printed, status, err := r.terminal.Run(command); err != nil || status != 0 {
		t.Fatalf("%s: %s: status %d, %v; printed:\n%s", at, command, status, err, printed)
	}
}

// file is where a block is written: where it says, or anywhere if its language's interpreter is to look at it.
func file(b docs.Block) string {
	extensions := map[string]string{"javascript": ".mjs", "python": ".py", "typescript": ".mts"}
	if extension := extensions[b.Lang]; extension != "" && b.Marks["file"] == "" {
		return "build/block" + extension
	}
	return b.Marks["file"]
}

// syntax looks at a file that the page gives whole, with what the language's own tests here use. Go's are
// compiled at the end, when all files of a package are there.
func (r *reader) syntax(t *testing.T, b docs.Block, rel string) {
	t.Helper()
	switch b.Lang {
	case "go":
		r.packages[path.Dir(rel)] = true
	case "python":
		r.run(t, b.At(), need.Python(t).Bin+" -m py_compile "+rel)
	case "javascript", "typescript": // this Node.js drops the types by itself
		r.run(t, b.At(), need.Node(t).Bin+" --check "+rel)
	}
}

// settings asks the program itself whether a stack may have them, beside those that every stack must have.
func (r *reader) settings(t *testing.T, b docs.Block) {
	t.Helper()
	settings, err := docs.StackSettings(b)
	if err != nil {
		t.Fatalf("%s: %v", b.At(), err)
	}
	whole := map[string]any{
		"leasehold:accountId": "111122223333", "leasehold:region": "eu-central-1",
		"leasehold:tags": map[string]any{"owner": "platform-team", "costCentre": "example"},
	}
	maps.Copy(whole, settings)
	text, err := yaml.Marshal(map[string]any{"config": whole})
	if err != nil {
		t.Fatalf("%s: %v", b.At(), err)
	}
	if err := r.Write("Pulumi.page.yaml", string(text)); err != nil {
		t.Fatal(err)
	}
	if !r.preview {
		r.run(t, b.At(), "go build -o build/local/preview ./stacks/cmd/preview")
		r.preview = true
	}
	r.run(t, b.At(), "build/local/preview -stack page")
}
