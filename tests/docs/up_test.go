package docs_test

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold.example/libs/session/dynamostore/dynamotest"
	"leasehold.example/tests/docs"
	"leasehold.example/tests/internal/local"
	"leasehold.example/tests/internal/need"
	"leasehold.example/tests/internal/repo"
)

// upTime is what a command here may take, and less than go test gives the package.
const upTime = 5 * time.Minute

// read returns a page.
func read(t *testing.T, path string) docs.Page {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(repo.Root(t), path))
	if err != nil {
		t.Fatal(err)
	}
	return docs.Parse(path, src)
}

// typed returns the commands that a page says a test types, which must be those that it knows, by their words.
func typed(t *testing.T, p docs.Page, by string, known ...string) map[string]docs.Command {
	t.Helper()
	found := map[string]docs.Command{}
	for _, b := range p.Blocks {
		if b.Marks["typed by"] != by {
			continue
		}
		commands, err := docs.Commands(b)
		if err != nil {
			t.Fatalf("%s: %v", b.At(), err)
		}
		for _, c := range commands {
			text, _, _ := strings.Cut(c.Text, " #")
			found[strings.TrimSpace(text)] = c
		}
	}
	for _, k := range known {
		if _, ok := found[k]; !ok {
			t.Errorf("%s has no %s that %s types", p.Path, k, by)
		}
	}
	if len(found) != len(known) {
		t.Fatalf("%s has %d commands that %s types; expected %q", p.Path, len(found), by, known)
	}
	return found
}

// times are in the sample as they were once.
var times = regexp.MustCompile(` +\d+m?s `)

// TestUp types `make up STACK=dev`, calls what it starts, and ends it with `make down`. What it prints is what
// the README shows.
func TestUp(t *testing.T) {
	t.Parallel()
	need.Pulumi(t)
	need.Program(t, "curl")
	dynamotest.Endpoint(t) // make up starts one of its own, of what this one is of
	const by, up, down = "tests/docs/up_test.go", "make up STACK=dev", "make down"
	sample := typed(t, read(t, "README.md"), by, up)[up]
	typed(t, read(t, "docs/e2e.md"), by, up, down, "make e2e")
	addr := local.FreeAddr(t)
	s := start(t, addr, sample.Text)
	s.until(t, "STATUS ")
	url, token := s.field(t, "MCP URL"), s.field(t, "A token")
	res, err := http.Post(url, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if _ = res.Body.Close(); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %s", res.Status)
	}
	call := exec.CommandContext(t.Context(), "bash", "-c", strings.Replace(firstCall(t), "http://127.0.0.1:8080/mcp", url, 1))
	call.Env = append(os.Environ(), "TOKEN="+token)
	if answer := output(t, call); !strings.Contains(answer, `"structuredContent":{"sum":5}`) {
		t.Errorf("the first call: %s", answer)
	}
	s.until(t, "200 ")
	want := times.ReplaceAllString(strings.ReplaceAll(sample.Want, "127.0.0.1:8090", addr), "… ")
	if err := docs.Match(want, s.printed); err != nil {
		t.Errorf("README.md, %s: %v", up, err)
	}
	output(t, typist(t, down))
	for s.lines.Scan() { // until it has ended
	}
	if err := s.wait(); err != nil {
		t.Errorf("%s ends with %v", up, err)
	}
	if res, err := http.Get(url); err == nil {
		_ = res.Body.Close()
		t.Errorf("after %s: %s", down, res.Status)
	}
}

// TestEndToEnd types `make e2e`, and has the tests listed that the suite runs by itself.
func TestEndToEnd(t *testing.T) {
	t.Parallel()
	need.Pulumi(t)
	need.Program(t, "gcc") // it demands the race detector
	dynamotest.Endpoint(t)
	cmd := typist(t, "make e2e")
	cmd.Env = append(cmd.Env, "GOFLAGS=-list=.")
	names, tests := "", map[string]string{} // by package, as ./tests/e2e
	for line := range strings.Lines(output(t, cmd)) {
		if pkg, ok := strings.CutPrefix(line, "ok  \t"); ok {
			tests["."+pkg[strings.Index(pkg, "/"):strings.LastIndex(pkg, "\t")]], names = names, ""
		} else {
			names += line
		}
	}
	if !strings.Contains(tests["./tests/e2e"], "TestCheck\n") {
		t.Errorf("make e2e lists %q", tests)
	}
	recipe := regexp.MustCompile(`-run '([^']+)'(.*)`).FindStringSubmatch(output(t, typist(t, "make -n e2e")))
	if recipe == nil {
		t.Fatal("make e2e selects no tests of other packages")
	}
	alternatives := regexp.MustCompile(`/[^|]*`).ReplaceAllString(recipe[1], "") // subtests are not listed
	for _, pkg := range strings.Fields(recipe[2]) {
		if !regexp.MustCompile(alternatives).MatchString(tests[pkg]) {
			t.Errorf("make e2e: -run '%s' selects nothing of %s, which has\n%s", recipe[1], pkg, tests[pkg])
		}
	}
}

// firstCall is the README's, with curl.
func firstCall(t *testing.T) string {
	t.Helper()
	for _, b := range read(t, "README.md").Blocks {
		commands, _ := docs.Commands(b) // TestBlocks has said what is wrong
		for _, c := range commands {
			if strings.HasPrefix(c.Text, "curl ") {
				return c.Text
			}
		}
	}
	t.Fatal("README.md has no call with curl")
	return ""
}

// typist is a command in this repository, with what a reader's environment has.
func typist(t *testing.T, command string) *exec.Cmd {
	t.Helper()
	makefiles, err := docs.ReadMakefiles(repo.Root(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), upTime)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "bash", "-c", command)
	cmd.Dir, cmd.Env = repo.Root(t), docs.ReadersEnv(makefiles)
	docs.OwnGroup(cmd)
	return cmd
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}

// running is a command that goes on.
type running struct {
	cmd     *exec.Cmd
	wait    func() error
	lines   *bufio.Scanner
	printed string
}

// start starts it, with its address in place of the default one. It has ended when the test has.
func start(t *testing.T, addr, command string) *running {
	t.Helper()
	cmd := typist(t, command)
	cmd.Env = append(cmd.Env, "ADDR="+addr)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := &running{cmd: cmd, wait: sync.OnceValue(cmd.Wait), lines: bufio.NewScanner(out)}
	t.Cleanup(func() { _ = r.wait() }) // the end of the test's context has asked it to end
	return r
}

// until reads until a line begins so.
func (r *running) until(t *testing.T, prefix string) {
	t.Helper()
	for r.lines.Scan() {
		r.printed += r.lines.Text() + "\n"
		if strings.HasPrefix(r.lines.Text(), prefix) {
			return
		}
	}
	t.Fatalf("%s: ended, %v, without a line that begins with %q:\n%s", r.cmd, r.wait(), prefix, r.printed)
}

// field is what was printed behind a name.
func (r *running) field(t *testing.T, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^  ` + name + ` +(\S+)$`).FindStringSubmatch(r.printed)
	if m == nil {
		t.Fatalf("no %s in\n%s", name, r.printed)
	}
	return m[1]
}
