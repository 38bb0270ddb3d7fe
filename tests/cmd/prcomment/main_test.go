package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"leasehold.example/tests/internal/executable"
	"leasehold.example/tests/internal/repo"
)

// hostile is text of a tree that wants to be Markdown: to end the block it is in, to hide the
// rest, to mention people, to close a fold.
const hostile = "x\n```\n@everyone\n````\n~~~\n</details>\n<!--\n@everyone\n[x](https://example.org/@everyone)\n# @everyone\r\n\x1b[31m@everyone\u0085@everyone\n"

// fakePreview prints STACK.md to standard output, STACK.err to standard error, and exits with STACK.status;
// STACK.args is how it was called.
const fakePreview = `#!/bin/sh
echo "$*" > "$2.args"
cat "$2.md"
cat "$2.err" >&2
exit "$(cat "$2.status")"
`

// tree is a repository with one commit that has the stack dev, and previews of dev and prod.
func tree(t *testing.T, files map[string]string) command {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{
		"preview": fakePreview, "Pulumi.dev.yaml": "", "dev.md": preview("dev"), "dev.err": "", "dev.status": "0",
		"prod.md": preview("prod"), "prod.err": "", "prod.status": "0",
	}
	for name, content := range files {
		all[name] = content
	}
	for name, content := range all {
		executable.Script(t, filepath.Join(dir, name), content)
	}
	for _, args := range [][]string{
		{"init", "-q"},
		{"add", "Pulumi.dev.yaml"},
		{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "commit", "-qm", "base"},
	} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return command{dir: dir, preview: "preview", against: "HEAD"}
}

// preview has the form of stacks/preview/testdata/full.md.
func preview(stack string) string {
	return "<!-- leasehold-preview: leasehold/" + stack + " -->\n## Preview of `" + stack + "`\n\n### Policy findings: none\n" +
		"\n<details>\n<summary>Differences of " + stack + "</summary>\n\n| Resource |\n|---|\n| `a` |\n\n</details>\n" +
		"\n<details>\n<summary>Resources of " + stack + "</summary>\n\n```\n</details>\n@everyone\n```\n</details>\n"
}

func TestComment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		files map[string]string
		fails string
		has   []string
		lacks []string
	}{
		{"all well", nil, "", []string{"## Preview of `dev`", "## Preview of `prod`", "Differences of prod"}, []string{"leasehold-preview", "Coverage", "Benchmarks"}},
		{"a mandatory finding", map[string]string{"prod.status": "1"}, "prod", []string{"## Preview of `dev`", "Differences of prod"}, nil},
		{"no preview", map[string]string{"dev.md": "", "dev.err": hostile, "dev.status": "1"}, "dev", []string{"## No preview of ` dev `", "## Preview of `prod`"}, nil},
		{"coverage", map[string]string{"build/cover.txt": "module statements run coverage\nlibs 10 9 90.0%\n"}, "", []string{"libs 10 9 90.0%"}, nil},
		{
			"coverage and its base",
			map[string]string{"build/cover.txt": "libs 10 9 90.0%\napps 1 1 100.0%\n", "build/cover-base.txt": "libs 10 8 80.5%\n"},
			"",
			[]string{"90.0%      +9.5", "100.0%       new"},
			nil,
		},
		{"nothing significant", map[string]string{"build/bench-compare.txt": "table\nno difference is significant\n"}, "", []string{"No difference is significant.", "table"}, nil},
		{
			"a slower one",
			map[string]string{"build/bench-compare.txt": "table\nsignificant: Call-2 sec/op +12.00% (p=0.002)\n"},
			"",
			[]string{"Significant differences: 1", "Call-2 sec/op +12.00% (p=0.002)\n```\n"},
			[]string{"No difference is"},
		},
		{"hostile figures", map[string]string{"build/cover.txt": hostile, "build/bench-compare.txt": "significant: " + hostile}, "", []string{"All figures"}, nil},
		{
			"hostile coverage beside its base",
			map[string]string{"build/cover.txt": "```\n</details>@everyone 1 1 1%\n", "build/cover-base.txt": hostile},
			"",
			[]string{"new"},
			nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			err := tree(t, tt.files).run(t.Context(), &out, []string{"dev", "prod"})
			if (err != nil) != (tt.fails != "") || err != nil && !strings.HasSuffix(err.Error(), ": "+tt.fails) {
				t.Errorf("error %v, want %q", err, tt.fails)
			}
			check(t, out.String())
			for _, want := range tt.has {
				if !strings.Contains(out.String(), want) {
					t.Errorf("lacks %q:\n%s", want, out.String())
				}
			}
			for _, bad := range tt.lacks {
				if strings.Contains(out.String(), bad) {
					t.Errorf("has %q:\n%s", bad, out.String())
				}
			}
		})
	}
}

// TestAgainst: a stack that the commit has is compared with it, a new one with nothing, and a
// commit that is none is for the preview to refuse.
func TestAgainst(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ against, dev, prod string }{
		{"HEAD", " -against HEAD", ""},
		{"", "", ""},
		{"no-such-commit", " -against no-such-commit", " -against no-such-commit"},
	} {
		t.Run(tt.against, func(t *testing.T) {
			t.Parallel()
			c := tree(t, nil)
			c.against = tt.against
			if err := c.run(t.Context(), &strings.Builder{}, []string{"dev", "prod"}); err != nil {
				t.Fatal(err)
			}
			for stack, want := range map[string]string{"dev": tt.dev, "prod": tt.prod} {
				args, err := os.ReadFile(filepath.Join(c.dir, stack+".args"))
				if want = "-stack " + stack + " -format markdown" + want + "\n"; err != nil || string(args) != want {
					t.Errorf("called with %q, %v; want %q", args, err, want)
				}
			}
		})
	}
}

// TestCut: too much of anything still gives one valid comment that says what is not in it, and
// a section that is small stays whole.
func TestCut(t *testing.T) {
	t.Parallel()
	row := strings.Repeat("é", 100)
	table := "| Finding |\n|---|\n" + strings.Repeat("| "+row+" |\n", 1000)
	code := "```\n" + strings.Repeat("@everyone "+row+"\n", 1000) + "```"
	for _, tt := range []struct {
		name    string
		dev     string // beside the preview of prod, which is small
		figures string
		has     []string
		lacks   []string
	}{
		{"a long fold", "## dev\n" + section{folds: []fold{{"Long", code}, {"Short", "all of it"}}}.String(), "", []string{"Left out", "- Long", "all of it"}, nil},
		{"long findings", "## dev\n\n" + table + section{folds: []fold{{"Short", "all of it"}}}.String(), "", []string{"The rest is left out", "- Short"}, []string{"all of it"}},
		{"one endless line", "## dev\n\n" + strings.Repeat("x", 100_000) + "\n", "", []string{"## dev", "The rest is left out"}, nil},
		{"long figures", preview("dev"), strings.Repeat("significant: @everyone "+row+"\n", 1000), []string{"Differences of dev", "The rest is left out"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"dev.md": tt.dev}
			if tt.figures != "" {
				files["build/bench-compare.txt"] = tt.figures
			}
			var out strings.Builder
			if err := tree(t, files).run(t.Context(), &out, []string{"dev", "prod"}); err != nil {
				t.Fatal(err)
			}
			check(t, out.String())
			for _, want := range append(tt.has, "Resources of prod") {
				if !strings.Contains(out.String(), want) {
					t.Errorf("lacks %q", want)
				}
			}
			for _, bad := range tt.lacks {
				if strings.Contains(out.String(), bad) {
					t.Errorf("has %q", bad)
				}
			}
		})
	}
}

// TestFoundAgain: the workflow looks for the first line, and for nobody else's comment.
func TestFoundAgain(t *testing.T) {
	t.Parallel()
	workflow, err := os.ReadFile(filepath.Join(repo.Root(t), ".github", "workflows", "pull-request.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `select(.user.login == "github-actions[bot]" and (.body | startswith("` + Marker + `")))`; !strings.Contains(string(workflow), want) {
		t.Errorf("pull-request.yml does not have %s", want)
	}
}

// check holds a comment against what GitHub takes, and against a reader of CommonMark: who is
// mentioned is mentioned in code, and every fold that is opened is closed.
func check(t *testing.T, comment string) {
	t.Helper()
	if !strings.HasPrefix(comment, Marker+"\n") || len(comment) > 65_536 {
		t.Errorf("%d bytes that begin with %.40q", len(comment), comment)
	}
	if strings.ContainsFunc(comment, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
		t.Error("a control character, which a terminal or a parser may act on")
	}
	source := []byte(comment)
	open := 0
	err := ast.Walk(goldmark.DefaultParser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan, *ast.FencedCodeBlock:
			return ast.WalkSkipChildren, nil
		case *ast.HTMLBlock:
			html := string(n.Lines().Value(source))
			open += strings.Count(html, "<details>") - strings.Count(html, "</details>")
			if open < 0 || open > 1 || strings.Contains(html, "@") {
				return ast.WalkStop, fmt.Errorf("%d folds are open behind %q", open, html)
			}
		case *ast.Text:
			if value := string(n.Value(source)); strings.Contains(value, "@") {
				return ast.WalkStop, fmt.Errorf("outside of code: %q", value)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil || open != 0 {
		t.Errorf("%v, %d folds are open\n%s", err, open, comment[:min(len(comment), 4000)])
	}
}
