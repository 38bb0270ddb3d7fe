package conformance

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Minimum is the least number of passed checks of each scenario that a revision requires.
type Minimum map[string]int

// ReadMinimums reads lines of "revision scenario count"; # starts a comment.
func ReadMinimums(r io.Reader) (map[string]Minimum, error) {
	all := map[string]Minimum{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var revision, scenario string
		var n int
		if _, err := fmt.Sscanf(line, "%s %s %d", &revision, &scenario, &n); err != nil || n < 1 {
			return nil, fmt.Errorf("minimum %q: want a revision, a scenario and a count above 0", line)
		}
		if all[revision] == nil {
			all[revision] = Minimum{}
		}
		all[revision][scenario] = n
	}
	return all, lines.Err()
}

// Problems says where the report falls short: a required scenario that did not run,
// failed, or passed fewer checks than it must. Scenarios listed in expected may fail
// and are not counted. Scenarios that the revision does not require are left alone.
func (m Minimum) Problems(report Report, expected []string) []string {
	var problems []string
	for scenario, least := range m {
		if slices.Contains(expected, scenario) {
			continue
		}
		got, ran := report[scenario]
		switch {
		case !ran:
			problems = append(problems, scenario+": did not run")
		case len(got.Failed) > 0:
			problems = append(problems, fmt.Sprintf("%s: failed %q", scenario, got.Failed))
		case got.Passed < least:
			problems = append(problems, fmt.Sprintf("%s: %d checks passed, want at least %d", scenario, got.Passed, least))
		}
	}
	slices.SortFunc(problems, cmp.Compare[string])
	return problems
}

// ReadExpected reads the scenarios of an --expected-failures file, which is YAML of the
// form that the suite documents: "server:" and a list of "- scenario".
func ReadExpected(r io.Reader) ([]string, error) {
	var names []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "- "); ok {
			names = append(names, name)
		}
	}
	return names, lines.Err()
}
