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

// script runs a script of tools/ in a directory with a fake go (and git) on PATH. files are
// what is there. It returns what was printed, and whether the script passed.
func script(t *testing.T, name, fake string, files map[string]string, environ ...string) (out string, passed bool) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repo.Root(t), "tools", name))
	if err != nil {
		t.Fatal(err)
	}
	dir, bin := t.TempDir(), t.TempDir()
	all := map[string]string{filepath.Join(dir, "tools", name): string(text), filepath.Join(bin, "go"): fake, filepath.Join(bin, "git"): "#!/bin/sh\nls */go.mod\n"}
	for path, content := range files {
		all[filepath.Join(dir, path)] = content
	}
	for path, content := range all {
		executable.Script(t, path, content)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "tools", name))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(environ, "PATH="+bin+":"+os.Getenv("PATH"))...)
	printed, err := cmd.CombinedOutput()
	return strings.ReplaceAll(string(printed), dir, "DIR"), err == nil
}

// fakeFuzz has the fuzzers FuzzA and FuzzB; the second does what HOW says.
const fakeFuzz = `#!/bin/sh
case "$*" in
"list -m"*) pwd ;;
"test -list"*) printf 'FuzzA\nFuzzB\nok  \tm\n' ;;
*^FuzzA*) echo PASS ;;
*) eval "$HOW"; exit 1 ;;
esac
`

// TestFuzz: an input that breaks a fuzzer fails and is named, an end of the time that looks like a failure does
// not (https://go.dev/issue/75804), and a failure without an input is not lost.
func TestFuzz(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, how, only string
		passed          bool
		says            string
	}{
		{"nothing found", "exit 0", ".", true, "2 fuzzers, 5s each\n"},
		{"an input", "mkdir -p m/testdata/fuzz/FuzzB; echo x >m/testdata/fuzz/FuzzB/0a", ".", false, "FAILED: FuzzB: ./m/testdata/fuzz/FuzzB/0a\n"},
		{"the end of the time", "echo '    context deadline exceeded'", ".", true, "no input failed: the time was over"},
		{"an input at the end of the time", "mkdir -p m/testdata/fuzz/FuzzB; echo x >m/testdata/fuzz/FuzzB/0a; echo ' context deadline exceeded'", ".", false, "FuzzB/0a\n"},
		{"no build", "echo 'm_test.go:1: undefined: x'", ".", false, "FAILED without an input, see above: ./m FuzzB\n"},
		{"one of them", "exit 1", "A$", true, "1 fuzzers, 5s each\n"},
		{"none of them", "exit 1", "nothing", false, "0 fuzzers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"m/m_test.go": "func FuzzA(f *testing.F) {}\n", "m/testdata/fuzz/FuzzA/known": ""}
			out, passed := script(t, "fuzz.sh", fakeFuzz, files, "HOW="+tt.how, "FUZZ="+tt.only, "FUZZTIME=5s")
			if passed != tt.passed || !strings.Contains(out, tt.says) || strings.Contains(out, "known") {
				t.Errorf("passed %v, want %v with %q:\n%s", passed, tt.passed, tt.says, out)
			}
		})
	}
}

// fakeVersions knows of three dependencies what ANSWER says of the last.
const fakeVersions = `#!/bin/sh -f
case "$*" in
*-u*) printf 'example.org/a v1.0.0 %s\nexample.org/b v1.0.0 %s\nexample.org/c v1.0.0 %s\n' $ANSWERS ;;
*) printf 'example.org/a\nexample.org/b\nexample.org/c\n' ;;
esac
`

// TestOutdated always passes, and says so when it could not know.
func TestOutdated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, answers, has, lacks string }{
		{"a newer one", "v1.1.0", "example.org/a", "not known"},
		{"one that is refused", "v1.1.0 ?", "not known: the module proxy does not say", "NOT CHECKED"},
		{"no proxy", "? ? ?", "NOT CHECKED", "example.org"},
		{"nothing newer", "", "module ", "example.org"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, passed := script(t, "outdated.sh", fakeVersions, map[string]string{"m/go.mod": "module m\n"}, "ANSWERS="+tt.answers)
			if !passed || !strings.Contains(out, tt.has) || strings.Contains(out, tt.lacks) {
				t.Errorf("passed %v:\n%s", passed, out)
			}
		})
	}
}
