package imports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leasehold.example/tests/internal/repo"
)

func TestHygiene(t *testing.T) {
	t.Parallel()
	root := repo.Root(t)
	files := 0
	if err := walk(root, func(rel string) error {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(rel)))
		if err != nil {
			return err
		}
		files++
		for _, line := range Unclean(rel, text) {
			t.Error(line)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if files < 40 {
		t.Errorf("only %d files found", files)
	}
	for rel := range maySkip {
		if _, err := os.Stat(filepath.Join(root, rel)); err != nil {
			t.Errorf("maySkip is stale: %v", err)
		}
	}
}

func TestUnclean(t *testing.T) {
	t.Parallel()
	// Put together here, or this file would break the rules that it tests.
	var (
		machine  = "/" + "work/main/libs"
		home     = "/" + "root/.cache"
		registry = "registry." + "npmjs.org"
		skip     = "\tt." + "Skip(\"later\")\n"
		conflict = strings.Repeat("<", 7) + " HEAD\n"
	)
	tests := []struct {
		name, rel, text string
		found           int
	}{
		{"plain", "README.md", "Run `make test`.\n", 0},
		{"a path of this machine", "Makefile", "cd " + machine, 1},
		{"a path in quotes", "a.go", "const p = \"" + home + "\"\n", 1},
		{"a URL's path that only ends so", "a.go", "// https://example.com" + machine + "\n", 0},
		{"a registry", "package-lock.json", registry, 1},
		{"a lock with addresses", "tests/node/package-lock.json", `"resolved": "x"`, 1},
		{"a lock without", "tests/node/package-lock.json", `"integrity": "x"`, 0},
		{"the same word elsewhere", "notes.json", `"resolved": "x"`, 0},
		{"a conflict", "a.md", conflict, 1},
		{"a skip", "libs/a_test.go", skip, 1},
		{"a skip with a reason", "tests/internal/need/need.go", skip, 0},
		{"a long file", "a.go", strings.Repeat("\n", maxLines+1), 1},
		{"a file just short enough", "a.go", strings.Repeat("\n", maxLines), 0},
		{"a long text", "a.md", strings.Repeat("\n", maxLines+1), 0},
		{"checksums", "go.sum", registry, 0},
		{"a binary", "a.zip", "\x00" + registry, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Unclean(tt.rel, []byte(tt.text)); len(got) != tt.found {
				t.Errorf("found %q, want %d", got, tt.found)
			}
		})
	}
}
