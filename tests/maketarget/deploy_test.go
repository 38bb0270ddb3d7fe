package maketarget

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"leasehold.example/tests/internal/executable"
	"leasehold.example/tests/internal/repo"
)

// fakeGo makes the file after -o: a preview that ends with PREVIEW, and anything else empty.
const fakeGo = `#!/bin/sh
while [ "$1" != -o ]; do shift; done
mkdir -p "$(dirname "$2")"
printf '#!/bin/sh\necho "findings of $2"\nexit "$PREVIEW"\n' > "$2"
chmod +x "$2"
`

// fakePulumi says how it was called.
const fakePulumi = `#!/bin/sh
echo "pulumi $*"
`

// TestDeployStopsOnMandatoryFindings: the preview's status decides whether `pulumi up` is run, and its findings are shown.
func TestDeployStopsOnMandatoryFindings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, preview string
		deployed      bool
	}{
		{"nothing mandatory", "0", true},
		{"a mandatory finding", "1", false},
		{"no such stack", "2", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := newTree(t).make("PREVIEW="+tt.preview, "deploy", "STACK=acme")
			if (err == nil) != tt.deployed || strings.Contains(out, "pulumi up --stack acme\n") != tt.deployed {
				t.Errorf("%v:\n%s", err, out)
			}
			if !strings.Contains(out, "findings of acme") {
				t.Errorf("the preview is not shown:\n%s", out)
			}
		})
	}
}

// TestDeployOfAPipeline: nobody is asked, and what a job before built is not built again, wherever it was put.
func TestDeployOfAPipeline(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"build", "downloaded"} {
		tree := newTree(t)
		for _, name := range []string{"mcp.zip", "mcp.zip.json"} {
			tree.write(filepath.Join(dir, name), "of the job before", 0o600)
		}
		out, err := tree.make("CI=true", "deploy", "STACK=acme", "ARCHIVES="+dir)
		if err != nil || !strings.Contains(out, "pulumi up --stack acme --yes --non-interactive\n") {
			t.Errorf("%s: %v:\n%s", dir, err, out)
		}
		for _, name := range []string{"mcp.zip", "mcp.zip.json"} {
			if text, err := os.ReadFile(filepath.Join(tree.dir, "build", name)); err != nil || string(text) != "of the job before" {
				t.Errorf("%s: %s is %q, %v", dir, name, text, err)
			}
		}
		if _, err := os.Stat(filepath.Join(tree.dir, "build", "server.zip")); err == nil {
			t.Errorf("%s: the functions are built", dir)
		}
	}
	if out, err := newTree(t).make("CI=true", "deploy", "STACK=acme", "ARCHIVES=nowhere"); err == nil || strings.Contains(out, "pulumi up") {
		t.Errorf("without archives: %v:\n%s", err, out)
	}
}

// tree is a repository with nothing but the Makefile and its part for deliveries.
type tree struct {
	t        *testing.T
	dir, bin string
}

func newTree(t *testing.T) tree {
	t.Helper()
	tr := tree{t, t.TempDir(), t.TempDir()}
	for _, path := range []string{"Makefile", "tools/make/delivery.mk"} {
		text, err := os.ReadFile(filepath.Join(repo.Root(t), path))
		if err != nil {
			t.Fatal(err)
		}
		tr.write(path, string(text), 0o600)
	}
	for name, text := range map[string]string{"go": fakeGo, "pulumi": fakePulumi} {
		executable.Script(t, filepath.Join(tr.bin, name), text)
	}
	return tr
}

// addParts adds the other parts of the Makefile.
func (tr tree) addParts() {
	tr.t.Helper()
	parts, err := filepath.Glob(filepath.Join(repo.Root(tr.t), "tools", "make", "*.mk"))
	if err != nil || len(parts) == 0 {
		tr.t.Fatal(parts, err)
	}
	for _, path := range parts {
		text, err := os.ReadFile(path)
		if err != nil {
			tr.t.Fatal(err)
		}
		tr.write(filepath.Join("tools", "make", filepath.Base(path)), string(text), 0o600)
	}
}

func (tr tree) write(path, text string, mode os.FileMode) {
	tr.t.Helper()
	path = filepath.Join(tr.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		tr.t.Fatal(err)
	}
}

// make runs it with one variable more, and returns all that is printed.
func (tr tree) make(variable string, args ...string) (string, error) {
	cmd := exec.CommandContext(tr.t.Context(), "make", append([]string{"-s"}, args...)...)
	cmd.Dir = tr.dir
	cmd.Env = append(os.Environ(), "PATH="+tr.bin+":"+os.Getenv("PATH"), "CI=", "PREVIEW=0", variable)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// TestSweepIsToldWhatIsOpen: an OPEN that somebody forgot would destroy the stack of every pull request.
func TestSweepIsToldWhatIsOpen(t *testing.T) {
	t.Parallel()
	for _, variable := range []string{"PREVIEW=0", "OPEN="} {
		out, err := newTree(t).make(variable, "pr-sweep")
		if err == nil || !strings.Contains(out, "say which pull requests are open") {
			t.Errorf("without OPEN, %s: %v:\n%s", variable, err, out)
		}
	}
	for _, open := range []string{"OPEN=", "OPEN=12 14"} {
		if out, err := newTree(t).make("PREVIEW=0", "pr-sweep", open); err != nil {
			t.Errorf("%s: %v:\n%s", open, err, out)
		}
	}
}
