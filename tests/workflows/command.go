package workflows

import (
	"regexp"
	"strings"
)

var (
	// makeCall is make with options, variables and targets, each known by its form.
	makeCall = regexp.MustCompile(`^make(?: +` + makeWord.String() + `)+`)
	makeWord = regexp.MustCompile(`(?:-s|[A-Z_][A-Z0-9_]*=(?:"[^"]*"|[\w./-]+)|[a-z][a-z0-9-]*)`)
	// hubCall is gh or git with words. What is in quotes has become x by then.
	hubCall = regexp.MustCompile("^(?:gh|git) [^|&;<>`$()]*")
	// output may follow: into a file, or through tee into one.
	output       = regexp.MustCompile(`^ *(?:\| tee [\w. -]+)?(?:>>? *[\w./]+)?$`)
	substitution = regexp.MustCompile(`\$\(([^()]*)\)`)
	quoted       = regexp.MustCompile(`'[^']*'|"[^"]*"`)
)

// plain reports whether a line is one command that needs no reading: make, gh or git with words, its
// output at most into a file; the value of a variable may be what another make prints. Anything
// longer belongs into a make target, which runs here too.
func plain(line string) bool {
	for _, inner := range substitution.FindAllStringSubmatch(line, -1) {
		if !strings.HasPrefix(inner[1], "make ") || !plain(inner[1]) {
			return false
		}
	}
	if strings.Contains(line, "`") {
		return false
	}
	line = substitution.ReplaceAllString(line, "x")
	call := makeCall.FindString(line)
	line = quoted.ReplaceAllString(line[len(call):], "x")
	if call == "" {
		call = hubCall.FindString(line)
		line = line[len(call):]
	}
	return call != "" && output.MatchString(line)
}

// call is one run of make.
type call struct {
	targets []string
	vars    map[string]string
}

// calls are the runs of make in a plain line, also those whose output is another's value.
func calls(line string) []call {
	var all []call
	for _, inner := range substitution.FindAllStringSubmatch(line, -1) {
		all = append(all, calls(inner[1])...)
	}
	words := makeWord.FindAllString(makeCall.FindString(substitution.ReplaceAllString(line, "x")), -1)
	if len(words) == 0 {
		return all
	}
	c := call{vars: map[string]string{}}
	for _, word := range words[1:] {
		name, value, ok := strings.Cut(word, "=")
		switch {
		case ok:
			c.vars[name] = strings.Trim(value, `"`)
		case word != "-s":
			c.targets = append(c.targets, word)
		}
	}
	return append(all, c)
}
