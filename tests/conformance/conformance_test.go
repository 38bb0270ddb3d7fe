package conformance

import (
	"flag"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leasehold.example/tests/internal/local"
	"leasehold.example/tests/internal/need"
)

var update = flag.Bool("update", false, "print what each scenario passed, in the form of testdata/minimum.txt")

// target is a server to judge. start returns the address of its MCP endpoint and a
// token that opens it; the test's end stops it.
type target struct {
	name  string
	start func(t *testing.T) (address, token string)
}

var targets = []target{
	{"http server", func(t *testing.T) (string, string) {
		s := local.Start(t, local.Everything)
		return s.MCP(), s.Token(t, "acme", "conformance")
	}},
	function,
	stack,
}

// revisions are the frozen requirement sets of the suite, with the number of scenarios
// that each requires and the failures that may be expected.
var revisions = []struct {
	name      string
	scenarios int
	expected  string
}{
	{"2026-07-28", 37, ""},
	{"2025-11-25", 30, "testdata/expected-failures.yaml"},
}

func TestConformance(t *testing.T) {
	t.Parallel()
	suite := installed(t)
	for _, tg := range targets {
		t.Run(tg.name, func(t *testing.T) {
			t.Parallel()
			address := behind(t, tg.start)
			for _, rev := range revisions {
				t.Run(rev.name, func(t *testing.T) {
					judge(t, suite, Run{
						URL: address, Revision: rev.name, ExpectedFailures: rev.expected, Dir: t.TempDir(),
					})
				})
			}
		})
	}
}

func installed(t *testing.T) Suite {
	t.Helper()
	node := need.Node(t)
	return Suite{Node: node.Bin, Script: filepath.Join(node.Modules, "@modelcontextprotocol", "conformance", "dist", "index.js")}
}

// behind starts a target, and returns the address of a proxy that adds its token.
func behind(t *testing.T, start func(*testing.T) (address, token string)) string {
	t.Helper()
	address, token := start(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("address %q: %v", address, err)
	}
	proxy := httptest.NewServer(Bearer(&url.URL{Scheme: u.Scheme, Host: u.Host}, token))
	t.Cleanup(proxy.Close)
	return proxy.URL + u.Path
}

func judge(t *testing.T, suite Suite, run Run) {
	t.Helper()
	report, err := suite.Do(t.Context(), run)
	if err != nil {
		t.Error(err)
	}
	if *update {
		fmt.Print(lines(run.Revision, report))
	}
	expected := expectedFailures(t, run.ExpectedFailures)
	for _, problem := range minimums(t, "minimum.txt")[run.Revision].Problems(report, expected) {
		t.Error(problem)
	}
}

func lines(revision string, report Report) string {
	var b strings.Builder
	for _, scenario := range slices.Sorted(maps.Keys(report)) {
		fmt.Fprintf(&b, "%s %s %d\n", revision, scenario, report[scenario].Passed)
	}
	return b.String()
}

func minimums(t *testing.T, file string) map[string]Minimum {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	all, err := ReadMinimums(f)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func expectedFailures(t *testing.T, file string) []string {
	t.Helper()
	if file == "" {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	names, err := ReadExpected(f)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestScope holds the size of what is judged: every required scenario has a minimum,
// and only the four server-to-client ones may fail.
func TestScope(t *testing.T) {
	t.Parallel()
	may := []string{"elicitation-sep1034-defaults", "elicitation-sep1330-enums", "tools-call-elicitation", "tools-call-sampling"}
	all := minimums(t, "minimum.txt")
	for _, rev := range revisions {
		if got := len(all[rev.name]); got != rev.scenarios {
			t.Errorf("%s: minimums for %d scenarios, want %d", rev.name, got, rev.scenarios)
		}
		for _, name := range expectedFailures(t, rev.expected) {
			if !slices.Contains(may, name) {
				t.Errorf("%s: %s may not be an expected failure", rev.name, name)
			}
		}
	}
}
