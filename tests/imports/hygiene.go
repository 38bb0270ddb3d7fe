package imports

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
)

// maxLines is the longest that a Go file may be.
const maxLines = 450

// forbidden is text that no file may hold. The patterns are written so that this file
// does not match them itself.
var forbidden = []struct {
	name    string
	pattern *regexp.Regexp
}{
	{"a path of one machine", regexp.MustCompile(`(^|[\s"'=:(])/(work|root|home|Users)/[\w.]`)},
	{"the address of a package registry", regexp.MustCompile(
		`(registry\.(npmjs|yarnpkg)|(proxy|sum)\.golang|repo1?\.maven(\.apache)?|deb\.debian|files\.pythonhosted|static\.crates)\.(org|io|com)\b`)},
	{"a conflict marker", regexp.MustCompile(`(?m)^(<{7}|>{7}) `)},
}

// maySkip are the files that may skip a test, with the reason.
var maySkip = map[string]string{
	"tests/internal/need/need.go":                       "the one place that knows what CI requires",
	"stacks/internal/need/need.go":                      "as tests/internal/need, for a module that cannot import it",
	"libs/privatefile/privatefile_test.go":              "Windows has no file modes",
	"libs/session/sessiontest/property.go":              "a rapid.T, whose Skip discards an example",
	"libs/session/dynamostore/dynamotest/dynamotest.go": "as need, for a module that cannot import it: TEST_REQUIRE_DYNAMODB=1 fails",
}

// skips matches the three methods on the names that tests give a testing.TB.
var skips = regexp.MustCompile(`\b(t|b|f|tb)\.Skip(f|Now)?\(`)

// Unclean returns one line for each rule that a file's text breaks. Binary files and the
// checksums of Go modules have none to break.
func Unclean(rel string, text []byte) []string {
	if bytes.IndexByte(text, 0) >= 0 || path.Base(rel) == "go.sum" || path.Base(rel) == "go.work.sum" {
		return nil
	}
	var found []string
	for _, f := range forbidden {
		if m := f.pattern.Find(text); m != nil {
			found = append(found, fmt.Sprintf("%s holds %s: %q", rel, f.name, m))
		}
	}
	if path.Base(rel) == "package-lock.json" && bytes.Contains(text, []byte(`"resolved":`)) {
		found = append(found, rel+` records where packages came from: npm reads omit-lockfile-registry-resolved from .npmrc`)
	}
	if path.Ext(rel) == ".go" {
		found = append(found, uncleanGo(rel, text)...)
	}
	return found
}

func uncleanGo(rel string, text []byte) []string {
	var found []string
	if n := bytes.Count(text, []byte("\n")); n > maxLines {
		found = append(found, fmt.Sprintf("%s has %d lines, more than %d", rel, n, maxLines))
	}
	if skip := skips.Find(text); skip != nil && maySkip[rel] == "" {
		found = append(found, fmt.Sprintf("%s skips a test by itself (%s…): use tests/internal/need, or give the reason in maySkip", rel, skip))
	}
	return found
}
