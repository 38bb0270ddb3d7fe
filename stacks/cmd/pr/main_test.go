package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A step may have had outputs before.
func TestOutput(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "output")
	for _, name := range []string{"first", "url"} {
		if err := output(file, name, "https://example.com/mcp"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if want := "first=https://example.com/mcp\nurl=https://example.com/mcp\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if err := output("", "url", "x"); err != nil {
		t.Errorf("outside a workflow: %v", err)
	}
}

// Without bounds, or without a pull request, nothing is begun.
func TestUsage(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"no command": nil, "no number": {"up"}, "too much": {"down", "1", "2"}} {
		if err := run(t.Context(), "preview", 1, time.Hour, args); err == nil || !strings.HasPrefix(err.Error(), "want -settings") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := run(t.Context(), "preview", 0, time.Hour, []string{"up", "1"}); err == nil || !strings.HasPrefix(err.Error(), "want -settings") {
		t.Errorf("no limit: %v", err)
	}
}
