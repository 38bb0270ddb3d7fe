package docs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leasehold.example/tests/docs"
	"leasehold.example/tests/internal/repo"
)

const fence = "```"

// parse returns the page that a text is, with ~~~ for the fences that a Go string cannot hold.
func parse(text string) docs.Page {
	return docs.Parse("docs/bad.md", []byte(strings.ReplaceAll(text, "~~~", fence)))
}

// TestBadBlocks: what CheckBlock is for is refused, and what it is not for passes.
func TestBadBlocks(t *testing.T) {
	t.Parallel()
	root := repo.Root(t)
	makefiles, err := docs.ReadMakefiles(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, page, want string }{
		{"no language", "~~~\nmake run\n~~~\n", "names no language"},
		{"indented", "Text:\n\n    make run\n", "names no language"},
		{"no rule", "~~~cobol\nDISPLAY\n~~~\n", "no rule for the language cobol"},
		{"a mark misspelt", "<!-- need: aws -->\n~~~sh\ntrue\n~~~\n", "<!-- need --> is no mark"},
		{"a mark of another language", "<!-- stays -->\n~~~json\n1\n~~~\n", "<!-- stays --> is no mark"},
		{"output first", "~~~console\nhello\n~~~\n", "begins with output"},
		{"not a command", "~~~console\n$ if true\n~~~\n", "not a command of bash"},
		{"not a command, and never run", "<!-- needs: aws -->\n~~~sh\naws 'x\n~~~\n", "not a command of bash"},
		{"no such target", "<!-- needs: aws -->\n~~~sh\nmake deplyo STACK=dev\n~~~\n", "no target deplyo"},
		{"no such variable", "~~~console\n$ make preview STAK=dev\n~~~\n", "no variable STAK"},
		{"in a substitution", "~~~console\n$ X=$(make -s tokn)\n~~~\n", "no target tokn"},
		{"run by nothing", "<!-- run by: tests/nothing -->\n~~~sh\nmake up\n~~~\n", "run by tests/nothing"},
		{"run by what does not", "<!-- run by: tests/waf -->\n~~~sh\nmake up\n~~~\n", "does not run make up"},
		{"run by a comment", "<!-- run by: tests/e2e -->\n~~~sh\nmake e2e\n~~~\n", "does not run make e2e"},
		{"run by a message", "<!-- run by: tests/cmd/up -->\n~~~sh\nmake down\n~~~\n", "does not run make down"},
		{"run with something else", "<!-- run by: tests/lambda -->\n~~~sh\nmake lambda GOARCH=amd64\n~~~\n", "does not run make lambda GOARCH=amd64"},
		{"run with something more", "<!-- run by: tests/examples -->\n~~~sh\nmake example\n~~~\n", "does not run make example"},
		{"run with a flag of no test", "<!-- run by: tests/waf -->\n~~~sh\ngo test ./tests/waf -cuont 1\n~~~\n", "does not run go test"},
		{"run with variables", "<!-- run by: tests/lambda -->\n~~~sh\nGOARCH=riscv64 make lambda\n~~~\n", "want commands without redirections"},
		{"run into nothing", "<!-- run by: tests/lambda -->\n~~~sh\nmake lambda >/dev/null\n~~~\n", "want commands without redirections"},
		{"run without a test", "<!-- run by: docs -->\n~~~sh\ngo test ./docs\n~~~\n", "docs does not run go test"},
		{"run by a comment of a script", "<!-- run by: tools/test.sh -->\n~~~sh\nmake test\n~~~\n", "does not run make test"},
		{"typed by nothing", "<!-- typed by: tests/nothing -->\n~~~sh\nmake up\n~~~\n", "typed by tests/nothing"},
		{"typed by what does not read it", "<!-- typed by: tests/examples -->\n~~~sh\nmake up\n~~~\n", "nothing there reads docs/bad.md"},
		{"run by a path elsewhere", "<!-- run by: ../x -->\n~~~sh\nmake up\n~~~\n", "not a path in the repository"},
		{"this test again", "~~~console\n$ CI=true make test\n~~~\n", "would run it again"},
		{"json", "~~~json\n{\"a\":}\n~~~\n", "invalid character"},
		{"yaml", "~~~yaml\na: [\n~~~\n", "yaml:"},
		{"go of nowhere", "~~~go\nx := 1\n~~~\n", "says which file"},
		{"not in the file", "<!-- from: go.work -->\n~~~go\nuse nothing\n~~~\n", "does not hold"},
		{"in another order", "<!-- from: go.work -->\n~~~text\n~~~\n<!-- from: go.work -->\n~~~go\n./libs\n…\n./apps/mcp\n~~~\n", "does not hold"},
		{"a command as text", "~~~text\n$ make run\n~~~\n", "begins with a command"},

		{"good: run by a test", "<!-- run by: tests/lambda -->\n~~~sh\nmake -s lambda\n~~~\n", ""},
		{"good: run by a test, in another place", "<!-- run by: tests/examples -->\n~~~sh\nmake example NAME=go\n~~~\n", ""},
		{"good: run by a script", "<!-- run by: .ci/run -->\n~~~sh\nmake test\n~~~\n", ""},
		{"good: run as these tests are", "<!-- run by: tests/waf -->\n~~~sh\ngo test ./tests/waf -count 1\n~~~\n", ""},
		{"good: several lines", "~~~console\n$ printf '%s\n' \\\n    \"a\nb\"\na\nb\n~~~\n", ""},
		{"good: an excerpt", "<!-- from: go.work -->\n~~~go\nuse (\n// …\n./libs\n~~~\n", ""},
		{"good: a target with a pattern", "~~~sh\nmake .tools/benchstat build/mcp.zip\n~~~\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, b := range parse(tt.page).Blocks {
				if err := docs.CheckBlock(root, makefiles, b); err != nil {
					got = append(got, err.Error())
				}
			}
			if text := strings.Join(got, "\n"); (tt.want == "") != (text == "") || !strings.Contains(text, tt.want) {
				t.Errorf("%q; expected %q", text, tt.want)
			}
		})
	}
	if len(makefiles.CheckSpan("make deplyo")) == 0 || len(makefiles.CheckSpan("CI=true make tset")) == 0 || len(makefiles.CheckSpan("make test")) > 0 {
		t.Error("inline commands of make are not checked")
	}
}

// TestBadLinks: each kind of link that leads nowhere is found.
func TestBadLinks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ link, want string }{
		{"nothing.md", "no file docs/nothing.md"},
		{"../nothing", "no file nothing"},
		{"../../elsewhere", "no file ../elsewhere"},
		{"/docs/deploy.md", "expected a relative link"},
		{"deploy.md#nothing", "no heading of docs/deploy.md"},
		{"#nothing", "no heading of docs/bad.md"},
		{"../go.work#use", "not Markdown"},
		{"http://example.com", "expected https://"},
		{"https:///path", "expected https://"},
		{"https://exa mple.com", "is no address"},
		{"deploy.md#deleting", ""},
		{"../libs/session", ""},
		{"#a-heading-with-code-1", ""},
		{"http://127.0.0.1:8080/mcp", ""},
		{"mailto:a@example.com", ""},
	} {
		t.Run(tt.link, func(t *testing.T) {
			t.Parallel()
			bad := parse("# A heading, with `code`\n\n## A heading with code\n\n[text](<" + tt.link + ">)\n")
			broken, _ := docs.CheckLinks(repo.Root(t), append(pages(t), bad))
			if text := strings.Join(broken, "\n"); (tt.want == "") != (text == "") || !strings.Contains(text, tt.want) {
				t.Errorf("%q; expected %q", text, tt.want)
			}
		})
	}
}

// TestMatch: what a page says is printed is compared, with … for what differs.
func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, want, got, err string }{
		{"not said", "", "anything", ""},
		{"the same", "a\nb\n", "\na  \nb\n\n", ""},
		{"a part of a line", "id … of …\n", "id 12 of x y\n", ""},
		{"lines left out", "a\n…\nd\n", "a\nb\nc\nd\n", ""},
		{"no line left out", "a\n…\nb\n", "a\nb\n", ""},
		{"the rest left out", "a\n…\n", "a\nb\n", ""},
		{"downloads", "a\n", "go: downloading x v1\na\n", ""},
		{"another line", "a\nb\n", "a\nc\n", `line 2 of the output, "b"`},
		{"a line too many", "a\n", "a\nb\n", "more is printed"},
		{"a line before", "b\n", "a\nb\n", `line 1 of the output, "b"`},
		{"… is within one line", "a…c\n", "a\nc\n", `line 1 of the output, "a…c"`},
		{"no pattern", "a.c\n", "abc\n", `line 1`},
		{"nothing printed", "a\n", "", "line 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := docs.Match(tt.want, tt.got)
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%v; expected %q", err, tt.err)
			}
		})
	}
	if !docs.MatchSoFar("a\n", "a\nmore\n") || docs.MatchSoFar("a\nb\n", "a\n") {
		t.Error("what may go on does not match what has come so far")
	}
}

// TestTerminal: a shell keeps its state, tells output from status, and does not hang.
func TestTerminal(t *testing.T) {
	t.Parallel()
	s := docs.NewSandbox(t, t.TempDir(), repo.Root(t), []string{"go.work"}, docs.Makefiles{Assigned: []string{"PATH_OF_MAKE"}})
	term := s.Terminal(t)
	for _, tt := range []struct {
		command, want string
		status        int
	}{
		{"X=1; cd /", "", 0},
		{"echo \"$X $PWD\"", "1 /\n", 0},
		{"printf 'no newline'; false", "no newline\n", 1},
		{"cat; echo err >&2", "err\n", 0}, // nothing to read
		{"false\ntrue", "", 1},            // a line before the last fails
		{"if false; then :; fi\nfalse || true\n! true || true", "", 0},
		{"echo 127.0.0.1:8080 | grep -c :8080$ || echo \"$ADDR\" | grep -c ^127", "0\n1\n", 0},
		{"cd \"$OLDPWD\" && git status --porcelain && git log --format=%s", "clone\n", 0},
	} {
		printed, status, err := term.Run(tt.command)
		if err != nil || status != tt.status || docs.Match(tt.want, printed) != nil || tt.want == "" && strings.TrimSpace(printed) != "" {
			t.Errorf("%s: %q, status %d, %v; expected %q, %d", tt.command, printed, status, err, tt.want, tt.status)
		}
	}
	term.Limit = 50 * time.Millisecond
	if _, _, err := term.Run("sleep 60"); err == nil || !strings.Contains(err.Error(), "not done after") {
		t.Errorf("%v; expected the limit to end the wait", err)
	}
	if err := s.Write("../outside", ""); err == nil {
		t.Error("a page may write outside of the clone")
	}
	if err := s.Write("a/b.go", "package b\n"); err != nil {
		t.Error(err)
	} else if _, err := os.Stat(filepath.Join(s.Dir, "a", "b.go")); err != nil {
		t.Error(err)
	}
}

// TestSettings: what claims to be a stack's is told from other YAML.
func TestSettings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"config:\n  leasehold:region: x\n  aws:region: y\n": 1,
		"leasehold:region: x\nleasehold:tags: {}\n":         2,
		"config:\n  pulumi:autonaming: {}\n":                0,
		"a: b\n":                                            0,
	} {
		settings, err := docs.StackSettings(docs.Block{Lang: "yaml", Text: text})
		if err != nil || len(settings) != want {
			t.Errorf("%q: %v, %v; expected %d settings", text, settings, err, want)
		}
	}
	if _, err := docs.StackSettings(docs.Block{Text: "- a\n"}); err == nil {
		t.Error("a list is taken for settings")
	}
}

// TestCLI: a flag or a command that the help does not have is named.
func TestCLI(t *testing.T) {
	t.Parallel()
	helps := map[string]string{"": "Usage: up, stack", "up": "Usage: --stack --yes", "stack": "Usage: init", "stack init": "Usage: --copy"}
	cli := docs.NewCLI("p", func(words ...string) string {
		for ; len(words) > 0; words = words[:len(words)-1] {
			if help, ok := helps[strings.Join(words, " ")]; ok {
				return help
			}
		}
		return helps[""]
	})
	for script, want := range map[string]string{
		"p up --stack a --yes":         "",
		"p stack init prod --copy=x":   "",
		"echo $(p stack init --nope)":  "p stack init has no flag --nope",
		"p up --copy":                  "p up has no flag --copy",
		"p down":                       "p has no command down",
		"other down --nope":            "",
		"p stack init a | grep --help": "",
	} {
		var got []string
		for _, err := range cli.Check(script) {
			got = append(got, err.Error())
		}
		if text := strings.Join(got, "\n"); text != want {
			t.Errorf("%s: %q; expected %q", script, text, want)
		}
	}
}
