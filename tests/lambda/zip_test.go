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
	"testing"

	"leasehold.example/tests/internal/repo"
)

// maxZip is what the archive may have, in bytes: Lambda loads it for every cold start.
const maxZip = 10_000_000

// TestZip runs `make lambda` in two copies of the tree: the archives are the same, small,
// and hold a static binary for the architecture that was asked for.
func TestZip(t *testing.T) {
	t.Parallel()
	one, two := copyTree(t), copyTree(t)
	archive := makeLambda(t, one)
	if !bytes.Equal(archive, makeLambda(t, two)) {
		t.Error("two builds of one tree differ")
	}
	if len(archive) > maxZip {
		t.Errorf("the archive has %d bytes, more than %d", len(archive), maxZip)
	}
	t.Logf("the archive has %d bytes", len(archive))
	checkBinary(t, archive, elf.EM_AARCH64)
	checkBinary(t, makeLambda(t, one, "GOARCH=amd64"), elf.EM_X86_64)
}

// copyTree copies what the build needs, so that it leaves the developer's own alone and
// cannot depend on where it is.
func copyTree(t *testing.T) string {
	t.Helper()
	root, dir := repo.Root(t), t.TempDir()
	leave := []string{".git", ".tools", ".leasehold", "build", "node_modules"}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains(leave, d.Name()) {
			return filepath.SkipDir
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

// makeLambda returns the archive that `make lambda` builds in dir.
func makeLambda(t *testing.T, dir string, variables ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "make", append([]string{"lambda"}, variables...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make lambda: %v\n%s", err, out)
	}
	archive, err := os.ReadFile(filepath.Join(dir, "build", "mcp.zip"))
	if err != nil {
		t.Fatal(err)
	}
	return archive
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
