package lambda

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leasehold.example/tests/internal/repo"
)

// maxZip is what an archive may have, in bytes: Lambda loads it for every cold start.
const maxZip = 10_000_000

// TestZip runs `make lambda` in two copies of the tree: the archives are the same, small,
// and hold a static binary for the architecture that was asked for.
func TestZip(t *testing.T) {
	t.Parallel()
	one, two := copyTree(t), copyTree(t)
	archives, again := makeLambda(t, one), makeLambda(t, two)
	for _, name := range []string{"mcp", "server", "authorizer"} {
		if archives[name] == nil {
			t.Errorf("there is no build/%s.zip", name)
		}
	}
	for name, archive := range archives {
		if !bytes.Equal(archive, again[name]) {
			t.Errorf("%s: two builds of one tree differ", name)
		}
		if len(archive) > maxZip {
			t.Errorf("%s has %d bytes, more than %d", name, len(archive), maxZip)
		}
		t.Logf("%s has %d bytes", name, len(archive))
		checkBinary(t, archive, elf.EM_AARCH64)
	}
	for _, archive := range makeLambda(t, one, "GOARCH=amd64") {
		checkBinary(t, archive, elf.EM_X86_64)
	}
}

// copyTree copies what the build needs, so that it leaves the developer's own alone and
// cannot depend on where it is.
func copyTree(t *testing.T) string {
	t.Helper()
	root, dir := repo.Root(t), t.TempDir()
	leave := []string{".git", ".tools", ".data", "build", "node_modules"}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains(leave, d.Name()) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil // a worktree's .git is a file, where SkipDir would mean the rest of its folder
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(dir, rel), 0o750)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, rel), data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// makeLambda returns the archives that `make lambda` builds in dir, by the function's name.
func makeLambda(t *testing.T, dir string, variables ...string) map[string][]byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "make", append([]string{"lambda"}, variables...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make lambda: %v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "build", "*.zip"))
	if err != nil {
		t.Fatal(err)
	}
	archives := map[string][]byte{}
	for _, file := range files {
		if archives[strings.TrimSuffix(filepath.Base(file), ".zip")], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return archives
}

func checkBinary(t *testing.T, archive []byte, machine elf.Machine) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	bootstrap, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	binary, err := elf.NewFile(bytes.NewReader(bootstrap))
	if err != nil {
		t.Fatal(err)
	}
	if binary.Machine != machine {
		t.Errorf("a binary for %v, want %v", binary.Machine, machine)
	}
	if libraries, err := binary.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("needs %q (%v): provided.al2023 promises none", libraries, err)
	}
}
