package docs

import (
	"fmt"
	"regexp"
	"strings"
)

// Match returns an error that names the first line of want that does not come, or nil. In want, … stands
// for the rest of its line or any part of it, and on a line of its own for any number of lines. Blank
// lines at both ends and at the ends of lines do not count; nor does what the Go command says of downloads.
func Match(want, got string) error {
	if strings.TrimSpace(want) == "" {
		return nil
	}
	lines, printed := tidy(want), tidy(got)
	if matches(lines, printed, false) {
		return nil
	}
	for n := 1; n <= len(lines); n++ {
		if !matches(lines[:n], printed, true) {
			return fmt.Errorf("line %d of the output, %q, does not come; printed:\n%s", n, lines[n-1], got)
		}
	}
	return fmt.Errorf("more is printed than the page says:\n%s", got)
}

// MatchSoFar is Match for a command that goes on: more may come.
func MatchSoFar(want, got string) bool {
	return strings.TrimSpace(want) == "" || matches(tidy(want), tidy(got), true)
}

func matches(want, got []string, open bool) bool {
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	for _, line := range want {
		if strings.TrimSpace(line) == "…" {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + `\n`)
	}
	if !open {
		pattern.WriteString(`\z`)
	}
	return regexp.MustCompile(pattern.String()).MatchString(strings.Join(got, "\n") + "\n")
}

func tidy(text string) []string {
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "go: downloading ") {
			kept = append(kept, strings.TrimRight(line, " \r\n"))
		}
	}
	return strings.Split(strings.Trim(strings.Join(kept, "\n"), "\n"), "\n")
}
