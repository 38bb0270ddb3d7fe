package docs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Command is what a reader types, and what the page says it prints.
type Command struct {
	Text string
	Want string // with … for what differs; empty: the page does not say
}

// Commands reads a block of commands. In a console block each begins after a `$ ` and goes on until
// the shell has all of it; what follows is its output. A block of sh is one command.
func Commands(b Block) ([]Command, error) {
	if b.Lang == "sh" {
		return []Command{{Text: b.Text}}, parseShell(b.Text)
	}
	var found []Command
	for line := range strings.Lines(b.Text) {
		text, begins := strings.CutPrefix(line, "$ ")
		last := len(found) - 1
		switch {
		case begins:
			found = append(found, Command{Text: text})
		case last < 0:
			return nil, errors.New("begins with output: expected a command after `$ `")
		case open(found[last].Text) && found[last].Want == "":
			found[last].Text += line
		default:
			found[last].Want += line
		}
	}
	for _, c := range found {
		if err := parseShell(c.Text); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// open reports whether the shell would wait for more.
func open(text string) bool {
	_, err := syntax.NewParser().Parse(strings.NewReader(text), "")
	return syntax.IsIncomplete(err) || strings.HasSuffix(text, "\\\n")
}

func parseShell(text string) error {
	if _, err := syntax.NewParser().Parse(strings.NewReader(text), ""); err != nil {
		return fmt.Errorf("%q is not a command of bash: %w", text, err)
	}
	return nil
}

// calls returns the words of each command in a script, as they are written.
func calls(script string) [][]string {
	file, err := syntax.NewParser().Parse(strings.NewReader(script), "")
	if err != nil {
		return nil
	}
	var found [][]string
	syntax.Walk(file, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			var words []string
			for _, w := range call.Args {
				words = append(words, script[w.Pos().Offset():w.End().Offset()])
			}
			found = append(found, words)
		}
		return true
	})
	return found
}

// Makefiles are the targets and variables that `make` knows here.
type Makefiles struct {
	targets  []string // with % as make has it
	words    map[string]bool
	Assigned []string // variables that the Makefile assigns, and exports in part
}

var (
	ruleLine   = regexp.MustCompile(`(?m)^([^\s#:=][^:=\n]*):(?:[^=]|$)`)
	assignment = regexp.MustCompile(`(?m)^(?:override |export )*([A-Z][A-Z0-9_]*)\s*(?:\?|:)?=`)
	upperWord  = regexp.MustCompile(`\b[A-Z][A-Z0-9_]+\b`)
	makeArg    = regexp.MustCompile(`^([A-Z][A-Z0-9_]*)=`)
	makeSpan   = regexp.MustCompile(`^([A-Z][A-Z0-9_]*=\S+ )*make( |$)`)
)

// ReadMakefiles reads the Makefile and its parts; the scripts that their recipes call may read more variables.
func ReadMakefiles(root string) (Makefiles, error) {
	m := Makefiles{words: map[string]bool{"CI": true}}
	for _, pattern := range []string{"Makefile", "tools/make/*.mk", "tools/*.sh"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return m, err
		}
		for _, path := range paths {
			src, err := os.ReadFile(path)
			if err != nil {
				return m, err
			}
			m.add(string(src), filepath.Ext(path) != ".sh")
		}
	}
	return m, nil
}

func (m *Makefiles) add(src string, rules bool) {
	for _, word := range upperWord.FindAllString(src, -1) {
		m.words[word] = true
	}
	if !rules {
		return
	}
	for _, r := range ruleLine.FindAllStringSubmatch(src, -1) {
		m.targets = append(m.targets, strings.Fields(r[1])...)
	}
	for _, a := range assignment.FindAllStringSubmatch(src, -1) {
		m.Assigned = append(m.Assigned, a[1])
	}
}

// Check returns one error for each target and variable in the script's calls of make that there is not.
func (m Makefiles) Check(script string) []error {
	var unknown []error
	for _, words := range calls(script) {
		if words[0] != "make" {
			continue
		}
		for _, word := range words[1:] {
			if v := makeArg.FindStringSubmatch(word); v != nil {
				if !m.words[v[1]] {
					unknown = append(unknown, fmt.Errorf("make knows no variable %s: %s", v[1], strings.Join(words, " ")))
				}
			} else if !strings.HasPrefix(word, "-") && !m.target(word) {
				unknown = append(unknown, fmt.Errorf("make has no target %s: %s", word, strings.Join(words, " ")))
			}
		}
	}
	return unknown
}

func (m Makefiles) target(word string) bool {
	return slices.ContainsFunc(m.targets, func(target string) bool {
		before, after, pattern := strings.Cut(target, "%")
		return word == target || pattern && strings.HasPrefix(word, before) && strings.HasSuffix(word, after)
	})
}

// CheckSpan is Check for inline code, which is a command of make or is not looked at.
func (m Makefiles) CheckSpan(text string) []error {
	if !makeSpan.MatchString(text) {
		return nil
	}
	if err := parseShell(text); err != nil {
		return []error{err}
	}
	return m.Check(text)
}
