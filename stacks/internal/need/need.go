// Package need says what a test of this module cannot run without. It is what
// tests/internal/need is to the module tests, which this one cannot import.
package need

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Pulumi returns the Pulumi command line that `make .tools/pulumi` builds. Without it the
// test is skipped; with CI=true or TEST_REQUIRE_ALL=1 it fails.
func Pulumi(t testing.TB) (path string) {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("need: no path of the sources")
	}
	path = filepath.Join(filepath.Dir(file), "..", "..", "..", ".tools", "pulumi")
	if _, err := os.Stat(path); err != nil {
		missing(t, os.Getenv, "no Pulumi command line: run `make .tools/pulumi` (three minutes, once)")
	}
	return path
}

// missing skips the test, or fails it where nothing may be left out.
func missing(t testing.TB, getenv func(string) string, what string) {
	t.Helper()
	if getenv("CI") == "true" || getenv("TEST_REQUIRE_ALL") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}
