package program

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A repository with one app and one library; the archive is from noon.
func TestArchives(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	before, after := noon.Add(-time.Hour), noon.Add(time.Hour)
	for name, test := range map[string]struct {
		touched string
		want    string
	}{
		"current":               {"", ""},
		"source of the app":     {"apps/mcp/main.go", "build/mcp.zip is older than apps/mcp/main.go"},
		"source of the library": {"libs/seal/seal.go", "build/mcp.zip is older than libs/seal/seal.go"},
		"embedded file":         {"apps/mcp/page.html", "build/mcp.zip is older than apps/mcp/page.html"},
		"dependencies":          {"apps/mcp/go.sum", "build/mcp.zip is older than apps/mcp/go.sum"},
		"a test":                {"libs/seal/seal_test.go", ""},
		"what a test reads":     {"libs/seal/testdata/x.json", ""},
		"another app":           {"apps/rotator/main.go", ""},
		"missing":               {"-", "build/mcp.zip is not there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			write := func(path, text string, at time.Time) {
				path = filepath.Join(root, path)
				if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(path, at, at); err != nil {
					t.Fatal(err)
				}
			}
			write("apps/mcp/go.mod", "module m\nreplace (\n\tl => ../../libs\n\tx => example.com/x v1.0.0\n)\n", before)
			for _, path := range []string{"apps/mcp/main.go", "libs/go.mod", "libs/seal/seal.go", "apps/rotator/main.go"} {
				write(path, "", before)
			}
			if test.touched != "-" {
				write("build/mcp.zip", "", noon)
			}
			if test.touched != "" {
				write(test.touched, "", after)
			}
			err := checkArchives(root, []string{appServer})
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want+"\n") || !strings.HasSuffix(err.Error(), "run `make lambda`")):
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// Each stack is asked for the archives that it deploys, and each of those has sources here.
func TestArchivesOfStacks(t *testing.T) {
	t.Parallel()
	for edge, want := range map[string]string{EdgeREST: "mcp authorizer rotator auditor", EdgeHTTP: "server rotator auditor"} {
		if got := strings.Join((&Config{Edge: edge}).archives(), " "); got != want {
			t.Errorf("edge %s: %s, want %s", edge, got, want)
		}
	}
	for name, dir := range modules {
		dirs, err := sourceDirs(filepath.Join("..", "..", dir))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, d := range dirs {
			if _, err := os.Stat(filepath.Join(d, "go.mod")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if err := checkArchives(t.TempDir(), (&Config{Edge: EdgeREST, Identity: IdentityCognito}).archives()); err == nil || strings.Count(err.Error(), "is not there") != 5 {
		t.Errorf("got %v", err)
	}
}
