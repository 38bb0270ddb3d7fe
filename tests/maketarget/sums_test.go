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

// TestSums: what a job deploys is what another built, by a digest that does not travel with it.
func TestSums(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, build string)
		digest string // empty takes that of `make sums`
		want   string // of the error; empty is none
	}{
		{name: "as built"},
		{name: "an archive was replaced", change: func(t *testing.T, build string) { write(t, build, "mcp.zip", "other") }, want: "are not those"},
		{name: "an archive is missing", change: func(t *testing.T, build string) { remove(t, build, "mcp.zip") }, want: "are not those"},
		{name: "an archive was added", change: func(t *testing.T, build string) { write(t, build, "other.zip", "") }, want: "are not those"},
		{name: "a list of contents was replaced", change: func(t *testing.T, build string) { write(t, build, "mcp.cdx.json", "{}") }, want: "are not those"},
		{name: "a list of contents was added", change: func(t *testing.T, build string) { write(t, build, "rotator.cdx.json", "{}") }, want: "are not those"},
		{
			name: "archive and sums were replaced", want: "is not the one with the digest",
			change: func(t *testing.T, build string) {
				write(t, build, "mcp.zip", "other")
				run(t, filepath.Dir(build), "sums")
			},
		},
		{name: "another digest", digest: "0123", want: "is not the one with the digest 0123"},
		{name: "no digest", digest: " ", want: "say which sums"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := sumsTree(t)
			build := filepath.Join(dir, "build")
			out, err := run(t, dir, "sums")
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			output, err := os.ReadFile(filepath.Join(dir, "output"))
			if err != nil || string(output) != out {
				t.Errorf("the workflow is told %q, %v, and the terminal %q", output, err, out)
			}
			digest := strings.TrimPrefix(strings.TrimSpace(out), "digest=")
			if tt.digest != "" {
				digest = tt.digest
			}
			if tt.change != nil {
				tt.change(t, build)
			}
			out, err = run(t, dir, "sums-check", "DIGEST="+digest)
			if (err == nil) != (tt.want == "") || !strings.Contains(out, tt.want) {
				t.Errorf("%v, want an error with %q:\n%s", err, tt.want, out)
			}
		})
	}
}

// sumsTree is a directory with the targets, two archives and what one of them consists of.
func sumsTree(t *testing.T) string {
	t.Helper()
	root, dir := repo.Root(t), t.TempDir()
	for _, path := range []string{"Makefile", "tools/make/pipeline.mk", "tools/sums.sh"} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		executable.Script(t, filepath.Join(dir, filepath.FromSlash(path)), string(text))
	}
	write(t, filepath.Join(dir, "build"), "mcp.zip", "one")
	write(t, filepath.Join(dir, "build"), "rotator.zip", "two")
	write(t, filepath.Join(dir, "build"), "mcp.cdx.json", "what one consists of")
	return dir
}

func run(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "make", append([]string{"-s"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GITHUB_OUTPUT="+filepath.Join(dir, "output"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}
