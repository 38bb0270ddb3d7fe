package docs

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"leasehold.example/tests/internal/makefiles"
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

// wordsAreAll reports whether calls leaves nothing out.
func wordsAreAll(script string) bool {
	file, err := syntax.NewParser().Parse(strings.NewReader(script), "")
	if err != nil {
		return false
	}
	left := false
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Stmt:
			left = left || len(n.Redirs) > 0
		case *syntax.CallExpr:
			left = left || len(n.Assigns) > 0
		}
		return true
	})
	return !left
}

// Makefiles are the targets and variables that `make` knows here.
type Makefiles makefiles.Files

var (
	makeArg  = regexp.MustCompile(`^([A-Z][A-Z0-9_]*)=`)
	makeSpan = regexp.MustCompile(`^([A-Z][A-Z0-9_]*=\S+ )*make( |$)`)
)

// ReadMakefiles reads those of the repository under root.
func ReadMakefiles(root string) (Makefiles, error) {
	files, err := makefiles.Read(root)
	return Makefiles(files), err
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
				if !m.Words[v[1]] {
					unknown = append(unknown, fmt.Errorf("make knows no variable %s: %s", v[1], strings.Join(words, " ")))
				}
			} else if !strings.HasPrefix(word, "-") && !makefiles.Files(m).Target(word) {
				unknown = append(unknown, fmt.Errorf("make has no target %s: %s", word, strings.Join(words, " ")))
			}
		}
	}
	return unknown
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
