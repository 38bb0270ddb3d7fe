package preview_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform/offline"
	"leasehold.example/stacks/preview"
)

var stackFiles = map[string]string{
	"Pulumi.yaml":      "name: leasehold",
	"Pulumi.dev.yaml":  "config: {leasehold:memory: 256}",
	"Pulumi.prod.yaml": "config: {leasehold:level: mandatory}",
	"Pulumi.bad.yaml":  "config: {leasehold:fails: 'true'}",
}

// loadSample binds the sample to a stack, as main binds the real program.
func loadSample(o offline.Options) (preview.Program, error) {
	s := newSample()
	if o.Config["leasehold:memory"] == "256" {
		s.memory = 256
	}
	p := preview.Program{Run: s.deploy, Warnings: []string{"mind the gap"}}
	if o.Config["leasehold:fails"] != "" {
		p.Run = func(*pulumi.Context) error { return errors.New("the table cannot be made") }
	}
	p.Check = func(*offline.Graph) ([]preview.Finding, error) {
		if level := o.Config["leasehold:level"]; level != "" {
			return []preview.Finding{{Policy: "tags", Level: level, Message: "no owner"}}, nil
		}
		return nil, nil
	}
	return p, nil
}

func command(t *testing.T, dir string, args ...string) (out, complaint string, status int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := preview.Command{Load: loadSample, Dir: dir, Out: &stdout, Err: &stderr}
	status = c.Main(t.Context(), args)
	return stdout.String(), stderr.String(), status
}

func TestCommand(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args      []string
		status    int
		out       string
		complaint string
	}{
		"a stack":             {[]string{"-stack", "dev"}, 0, "mind the gap", ""},
		"a mandatory finding": {[]string{"-stack", "prod"}, 1, "mandatory tags the stack: no owner", ""},
		"another stack":       {[]string{"-stack", "dev", "-against", "prod"}, 0, "memorySize: 512 → 256", ""},
		"json":                {[]string{"-stack", "dev", "-format", "json"}, 0, `"memorySize": 256`, ""},
		"mermaid":             {[]string{"-stack", "dev", "-format", "mermaid"}, 0, "flowchart LR", ""},
		"markdown":            {[]string{"-stack", "dev", "-format", "markdown"}, 0, "<!-- leasehold-preview: leasehold/dev -->", ""},
		"the program fails":   {[]string{"-stack", "bad"}, 1, "", "preview: the program of stack bad failed: the table cannot be made"},
		"no stack":            {nil, 2, "", `preview: no stack ""; there is bad, dev, prod`},
		"unknown stack":       {[]string{"-stack", "prd"}, 2, "", `preview: no stack "prd"; there is bad, dev, prod`},
		"unknown format":      {[]string{"-stack", "dev", "-format", "xml"}, 2, "", `preview: no format "xml"; there is text, markdown, json and mermaid`},
		"unknown flag":        {[]string{"-stick", "dev"}, 2, "", "flag provided but not defined"},
		"an argument":         {[]string{"-stack", "dev", "prod"}, 2, "", `preview: unexpected argument "prod"`},
		"against nothing":     {[]string{"-stack", "dev", "-against", "--output=x"}, 2, "", `preview: "--output=x" is neither a stack (bad, dev, prod) nor a commit that git knows`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, complaint, status := command(t, write(t, stackFiles), tt.args...)
			if status != tt.status || !strings.Contains(out, tt.out) || !strings.Contains(complaint, tt.complaint) {
				t.Errorf("status %d, want %d\nout: %s\nwant: %s\ncomplaint: %s\nwant: %s", status, tt.status, out, tt.out, complaint, tt.complaint)
			}
			if tt.out == "" && out != "" {
				t.Errorf("printed %s", out)
			}
		})
	}
}

// repository is a git repository with a first commit without a preview ("old") and a second
// whose preview prints the report (HEAD), beside a count of how often it ran.
func repository(t *testing.T, report, count string) (dir string) {
	t.Helper()
	dir = write(t, stackFiles)
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	git("init", "-q")
	git("add", ".")
	git("commit", "-q", "-m", "old")
	git("tag", "old")
	main := `package main
import ("os"; "strings")
func main() {
	f, err := os.OpenFile("` + count + `", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil { panic(err) }
	f.WriteString("x")
	if strings.Join(os.Args[1:], " ") != "-stack dev -format json" { os.Exit(2) }
	os.Stdout.WriteString(` + "`" + report + "`" + `)
	os.Exit(1)
}`
	for name, text := range map[string]string{"go.mod": "module x\n\ngo 1.26\n", "stacks/cmd/preview/main.go": main} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git("add", ".")
	git("commit", "-q", "-m", "new")
	return dir
}

// TestRule47AgainstACommit: a commit is built once, in a worktree that does not stay; its
// JSON is kept. A commit whose policies found something is compared all the same.
func TestRule47AgainstACommit(t *testing.T) {
	t.Parallel()
	s := newSample()
	s.memory = 128
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(s.reportOf(t, "dev", nil).JSON())); err != nil {
		t.Fatal(err)
	}
	count := filepath.Join(t.TempDir(), "count")
	dir := repository(t, compact.String(), count)
	for range 2 {
		out, complaint, status := command(t, dir, "-stack", "dev", "-against", "HEAD")
		if status != 0 || !strings.Contains(out, "memorySize: 128 → 256") || !strings.Contains(out, "(HEAD)") {
			t.Fatalf("status %d\n%s\n%s", status, out, complaint)
		}
	}
	if runs, err := os.ReadFile(count); err != nil || string(runs) != "x" {
		t.Errorf("the commit ran %d times (%v), want once", len(runs), err)
	}
	cmd := exec.Command("git", "worktree", "list", "--porcelain")
	cmd.Dir = dir
	if out, err := cmd.Output(); err != nil || strings.Count(string(out), "worktree ") != 1 {
		t.Errorf("worktrees left over (%v):\n%s", err, out)
	}
}

func TestAgainstACommitRefuses(t *testing.T) {
	t.Parallel()
	dir := repository(t, "no JSON", filepath.Join(t.TempDir(), "count"))
	for ref, want := range map[string]string{
		"old":  "has no stacks/cmd/preview: it is from before there were previews",
		"HEAD": "prints no JSON that this one can read",
	} {
		if out, complaint, status := command(t, dir, "-stack", "dev", "-against", ref); status != 1 || out != "" || !strings.Contains(complaint, want) {
			t.Errorf("%s: status %d, complaint %q, want %q; printed %q", ref, status, complaint, want, out)
		}
	}
}
