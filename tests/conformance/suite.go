// Package conformance runs the official MCP conformance suite against a server behind
// its token, and holds what the suite reports to a written minimum.
//
// The suite prints a tick for "0 passed, 0 failed", so its own verdict is not enough:
// testdata/minimum.txt names every scenario that a revision requires, with the least
// number of checks that must have passed in it.
package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// Suite is an installed @modelcontextprotocol/conformance.
type Suite struct {
	Node   string // the node binary
	Script string // the package's dist/index.js
}

// Run is one run of the suite: the requirements of a revision against a URL.
type Run struct {
	URL              string
	Revision         string // "2026-07-28"
	ExpectedFailures string // a file for --expected-failures; empty when every failure is one
	Dir              string // an empty directory for the results
}

// Counts are the checks of one scenario, by result: how many passed, and which failed
// with what message. Warnings and notes are not counted.
type Counts struct {
	Passed int
	Failed []string
}

// Report holds the counts of each scenario that ran.
type Report map[string]Counts

// Do runs the suite. The error is the suite's own verdict (unexpected failures, or
// expected ones that no longer fail) with what it printed; the report is complete even then.
func (s Suite) Do(ctx context.Context, r Run) (Report, error) {
	args := []string{s.Script, "server", "--url", r.URL, "--requirements", r.Revision, "--output-dir", r.Dir}
	if r.ExpectedFailures != "" {
		args = append(args, "--expected-failures", r.ExpectedFailures)
	}
	cmd := exec.CommandContext(ctx, s.Node, args...)
	out, verdict := cmd.CombinedOutput()
	if verdict != nil {
		verdict = fmt.Errorf("conformance suite: %w\n%s", verdict, summary(out))
	}
	report, err := readReport(r.Dir)
	if err != nil {
		return nil, fmt.Errorf("%w (the suite printed: %s)", err, out)
	}
	return report, verdict
}

// summary drops the progress lines before the suite's table.
func summary(out []byte) []byte {
	if i := bytes.Index(out, []byte("=== SUMMARY ===")); i >= 0 {
		return out[i:]
	}
	return out
}

// resultDir is how the suite names a scenario's results: server-<scenario>-<time>.
var resultDir = regexp.MustCompile(`^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$`)

func readReport(dir string) (Report, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "checks.json"))
	if err != nil {
		return nil, err
	}
	report := Report{}
	for _, file := range files {
		m := resultDir.FindStringSubmatch(filepath.Base(filepath.Dir(file)))
		if m == nil {
			return nil, fmt.Errorf("results of an unknown form: %s", file)
		}
		if report[m[1]], err = readChecks(file); err != nil {
			return nil, err
		}
	}
	return report, nil
}

func readChecks(file string) (Counts, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Counts{}, err
	}
	var checks []struct {
		ID           string `json:"id"`
		Status       string `json:"status"`
		ErrorMessage string `json:"errorMessage"`
	}
	if err := json.Unmarshal(data, &checks); err != nil {
		return Counts{}, fmt.Errorf("%s: %w", file, err)
	}
	var c Counts
	for _, check := range checks {
		switch check.Status {
		case "SUCCESS":
			c.Passed++
		case "FAILURE":
			c.Failed = append(c.Failed, check.ID+": "+check.ErrorMessage)
		}
	}
	return c, nil
}
