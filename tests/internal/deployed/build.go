package deployed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"leasehold.example/tests/internal/repo"
)

// builds are the executables of this process, so that each is linked once.
var builds struct {
	mu   sync.Mutex
	dir  string
	made map[string]string
}

// Build compiles a main package as the Makefile does, but for this machine, and returns
// the executable. It stays until the end of Main.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	root := repo.Root(t)
	builds.mu.Lock()
	defer builds.mu.Unlock()
	if made, ok := builds.made[pkg]; ok {
		return made
	}
	made, err := build(root, pkg)
	if err != nil {
		t.Fatal(err)
	}
	builds.made[pkg] = made
	return made
}

func build(root, pkg string) (string, error) {
	if builds.dir == "" {
		dir, err := os.MkdirTemp("", "deployed")
		if err != nil {
			return "", err
		}
		builds.dir, builds.made = dir, map[string]string{}
	}
	dir, err := os.MkdirTemp(builds.dir, "function")
	if err != nil {
		return "", err
	}
	out := filepath.Join(dir, "bootstrap")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", out, pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if msg, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", pkg, err, msg)
	}
	return out, nil
}

// Main runs the tests of a package that builds something, and removes what was built. It
// returns the exit code.
func Main(m *testing.M) (code int) {
	defer func() {
		if err := os.RemoveAll(builds.dir); err != nil { // nothing built, nothing removed
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	return m.Run()
}
