// Package repo finds the files of this repository from within a test.
package repo

import (
	"os"
	"path/filepath"
	"testing"
)

// Root returns the directory that holds go.work. It fails the test when none of the
// working directory's parents does.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("working directory: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.work above the working directory: run the tests inside the repository")
		}
		dir = parent
	}
}
