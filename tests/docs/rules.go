package docs

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The marks that a block may have.
const (
	needs   = "needs"    // what the commands cannot run without here, such as aws: they are only parsed
	runBy   = "run by"   // a file or directory of tests that runs the commands, word by word
	typedBy = "typed by" // a file or directory of tests that reads the page and types the commands
	stays   = "stays"    // the last command goes on until the page ends
	fails   = "fails"    // the last command fails, and that is what the page says
	file    = "file"     // the block is written there, in the clone
	from    = "from"     // the block is an excerpt of this file
)

var allowed = map[string][]string{
	"console": {needs, runBy, typedBy, stays, fails},
	"sh":      {needs, runBy, typedBy, file, from},
	"go":      {file, from},
	"json":    {file, from},
	"yaml":    {file, from},
	"mermaid": {},
	"text":    {},

	"javascript": {file, from},
	"python":     {file, from},
	"typescript": {file, from},
}

// CheckBlock checks what can be seen without running anything: that there is a rule for the
// language, that the marks are known to it, and that the text is in the language.
func CheckBlock(root string, m Makefiles, b Block) error {
	known, ok := allowed[b.Lang]
	if b.Lang == "" {
		return errors.New("names no language: expected a fence with one, ```text if it is none")
	}
	if !ok {
		return fmt.Errorf("no rule for the language %s: tests/docs/rules.go has those there are", b.Lang)
	}
	for key := range b.Marks {
		if !slices.Contains(known, key) {
			return fmt.Errorf("<!-- %s --> is no mark of a block of %s: expected one of %q", key, b.Lang, known)
		}
	}
	if source, ok := b.Marks[from]; ok {
		return checkExcerpt(root, source, b.Text)
	}
	switch b.Lang {
	case "console", "sh":
		return checkCommands(root, m, b)
	case "json":
		var v any
		return json.Unmarshal([]byte(b.Text), &v)
	case "yaml":
		var v any
		return yaml.Unmarshal([]byte(b.Text), &v)
	case "go":
		if b.Marks[file] == "" {
			return errors.New("a block of go says which file it is, <!-- file: PATH -->, or of which tested file it is an excerpt, <!-- from: PATH -->")
		}
	case "text":
		if strings.HasPrefix(b.Text, "$ ") {
			return errors.New("begins with a command: expected ```console")
		}
	}
	return nil
}

func checkCommands(root string, m Makefiles, b Block) error {
	commands, err := Commands(b)
	if err != nil {
		return err
	}
	by, elsewhere := b.Marks[runBy]
	reader, read := b.Marks[typedBy]
	for _, c := range commands {
		if !elsewhere && !read && strings.Contains(strings.Join(slices.Concat(calls(c.Text)...), " ")+" ", "make test ") {
			return errors.New("make test runs this test, which would run it again: expected <!-- run by: .ci/run -->")
		}
		if unknown := m.Check(c.Text); len(unknown) > 0 {
			return errors.Join(unknown...)
		}
		if elsewhere {
			if err := checkRunBy(root, by, c.Text); err != nil {
				return err
			}
		}
	}
	if read {
		return checkTypedBy(root, reader, b.Page)
	}
	return nil
}

// checkExcerpt wants the lines in the file, as they are but for their indentation; a line of … or // …
// leaves some out.
func checkExcerpt(root, source, excerpt string) error {
	if !filepath.IsLocal(source) {
		return fmt.Errorf("from %s: not a path in the repository", source)
	}
	text, err := os.ReadFile(filepath.Join(root, source))
	if err != nil {
		return fmt.Errorf("from %s: %w", source, err)
	}
	rest := flat(string(text))
	for _, part := range ellipsis.Split(flat(excerpt), -1) {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return fmt.Errorf("%s does not hold, in this order:\n%s", source, part)
		}
		rest = after
	}
	return nil
}

var (
	ellipsis = regexp.MustCompile(`(?m)^(?:(?://|#) ?)?…\n`)
	leading  = regexp.MustCompile(`(?m)^[ \t]+`)
)

func flat(text string) string { return leading.ReplaceAllString(text, "") }

// StackSettings returns the settings of a stack that a block of yaml holds, or nil: what has the
// program's prefix, under config as in a stack's file or by itself.
func StackSettings(b Block) (map[string]any, error) {
	var document map[string]any
	if err := yaml.Unmarshal([]byte(b.Text), &document); err != nil {
		return nil, fmt.Errorf("expected a map: %w", err)
	}
	if config, ok := document["config"].(map[string]any); ok {
		document = config
	}
	settings := map[string]any{}
	for key, value := range document {
		if strings.HasPrefix(key, "leasehold:") {
			settings[key] = value
		}
	}
	if len(settings) == 0 {
		return nil, nil
	}
	return settings, nil
}

// Runs reports whether the test does what the block says: run it, write it, or ask the program.
func Runs(p Page, b Block) bool {
	switch b.Lang {
	case "console", "sh":
		return p.Needs == "" && !slices.ContainsFunc([]string{runBy, typedBy, needs, from}, b.has)
	case "yaml":
		if settings, err := StackSettings(b); err == nil && settings != nil {
			return true
		}
	case "javascript", "python", "typescript":
		_, excerpt := b.Marks[from]
		return !excerpt
	}
	_, written := b.Marks[file]
	return written
}
