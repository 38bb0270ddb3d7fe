package archives

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// repository is one with two apps and a library, and an archive with its record.
type repository struct {
	t    *testing.T
	root string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	r := repository{t, t.TempDir()}
	r.write("apps/mcp/go.mod", "module m\nreplace (\n\tl => ../../libs\n\tx => example.com/x v1.0.0\n)\n")
	for _, path := range []string{"apps/mcp/main.go", "libs/go.mod", "libs/seal/seal.go", "apps/rotator/main.go", "build/mcp.zip"} {
		r.write(path, path)
	}
	made, err := Make(r.root, Server)
	if err != nil {
		t.Fatal(err)
	}
	record, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	r.write("build/mcp.zip.json", string(record))
	return r
}

func (r repository) write(path, text string) {
	r.t.Helper()
	path = filepath.Join(r.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		written, removed string
		want             string
	}{
		"current":                {"", "", ""},
		"source of the app":      {"apps/mcp/main.go", "", "build/mcp.zip is made of other sources than those in apps/mcp"},
		"source of the library":  {"libs/seal/seal.go", "", "build/mcp.zip is made of other sources than those in libs"},
		"a new file":             {"libs/seal/new.go", "", "build/mcp.zip is made of other sources than those in libs"},
		"a file less":            {"", "libs/seal/seal.go", "build/mcp.zip is made of other sources than those in libs"},
		"embedded file":          {"apps/mcp/page.html", "", "build/mcp.zip is made of other sources than those in apps/mcp"},
		"dependencies":           {"apps/mcp/go.sum", "", "build/mcp.zip is made of other sources than those in apps/mcp"},
		"a test":                 {"libs/seal/seal_test.go", "", ""},
		"what a test reads":      {"libs/seal/testdata/x.json", "", ""},
		"what an editor left":    {"libs/seal/.seal.go.swp", "", ""},
		"another app":            {"apps/rotator/main.go", "", ""},
		"another archive":        {"build/mcp.zip", "", "build/mcp.zip is not the archive of its record build/mcp.zip.json"},
		"no archive":             {"", "build/mcp.zip", "build/mcp.zip is not there"},
		"no record":              {"", "build/mcp.zip.json", "build/mcp.zip is there without its record build/mcp.zip.json"},
		"a record that is none":  {"build/mcp.zip.json", "", "build/mcp.zip.json: "},
		"no sources to compare":  {"", "apps/mcp/go.mod", "sources: "},
		"no sources of the libs": {"", "libs", "sources: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t)
			if test.written != "" {
				r.write(test.written, "another")
			}
			if test.removed != "" {
				if err := os.RemoveAll(filepath.Join(r.root, test.removed)); err != nil {
					t.Fatal(err)
				}
			}
			err := Check(r.root, []string{Server})
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want) || !strings.HasSuffix(err.Error(), "run `make lambda`")):
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// A download and a checkout give every file a time of its own, in any order.
func TestTimesSayNothing(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	for i, path := range []string{"build/mcp.zip", "build/mcp.zip.json", "apps/mcp/main.go", "libs/seal/seal.go"} {
		at := time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC)
		if err := os.Chtimes(filepath.Join(r.root, path), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := Check(r.root, []string{Server}); err != nil {
		t.Error(err)
	}
}

// Each archive has sources here.
func TestSources(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	for name, module := range modules {
		dirs, err := sourceDirs(root, module)
		if err != nil || len(dirs) < 2 {
			t.Errorf("%s: %q, %v", name, dirs, err)
		}
		for _, d := range dirs {
			if _, err := os.Stat(filepath.Join(root, d, "go.mod")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
