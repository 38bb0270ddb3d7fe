// Package need says what a test cannot run without.
//
// It is the one place of this module that skips (a DynamoDB table comes from
// libs/session/dynamostore/dynamotest, which does the same for its store). On a person's machine a missing tool skips the tests
// that need it, each with one line; with CI=true or TEST_REQUIRE_ALL=1 it fails them, so that
// a green run in CI never hides a part that was not run.
package need

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"leasehold.example/tests/internal/repo"
)

// NodeTools are the Node.js that tests/node pins and the packages beside it.
type NodeTools struct {
	Bin     string // the node binary
	Dir     string // tests/node, where the scripts are
	Modules string // tests/node/node_modules
}

// Node returns the pinned Node.js, which `make node` installs with npm.
func Node(t testing.TB) NodeTools {
	t.Helper()
	dir := filepath.Join(repo.Root(t), "tests", "node")
	n := NodeTools{Dir: dir, Modules: filepath.Join(dir, "node_modules")}
	n.Bin = filepath.Join(n.Modules, ".bin", "node")
	if _, err := os.Stat(n.Bin); err != nil {
		missing(t, os.Getenv, "the Node.js packages are not installed: run `make node` (it needs npm)")
	}
	return n
}

// Chromium returns a browser that chromedp can drive: Chromium or Chrome.
func Chromium(t testing.TB) (bin string) {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if bin, err := exec.LookPath(name); err == nil {
			return bin
		}
	}
	missing(t, os.Getenv, "no Chromium: install the package chromium, or Chrome")
	return ""
}

// Pulumi wants the engine that makes states: .tools/pulumi, which `make .tools/pulumi` builds.
func Pulumi(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(repo.Root(t), ".tools", "pulumi")); err != nil {
		missing(t, os.Getenv, "no Pulumi CLI: run `make .tools/pulumi`, which takes minutes the first time")
	}
}

// Program returns the path of a program that `make run` tells people to use.
func Program(t testing.TB, name string) (bin string) {
	t.Helper()
	bin, err := exec.LookPath(name)
	if err != nil {
		missing(t, os.Getenv, "no "+name+": install it")
	}
	return bin
}

// missing skips the test, or fails it where nothing may be left out.
func missing(t testing.TB, getenv func(string) string, what string) {
	t.Helper()
	if getenv("CI") == "true" || getenv("TEST_REQUIRE_ALL") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}
