package metric_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leasehold.example/libs/observe/metric"
)

var update = flag.Bool("update", false, "write the tables of docs/operate-signals.md")

// TestDocumentation: the tables of docs/operate-signals.md are made from this package, so that
// they cannot drift. What stands around them is written by hand.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "..", "docs", "operate-signals.md")
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := got
	for name, table := range map[string]string{"fields": fields(), "metrics": metrics()} {
		want = replaced(t, want, name, table)
	}
	if bytes.Equal(got, want) {
		return
	}
	if !*update {
		t.Fatalf("%s is not what the package says; run `go test ./observe/metric -run TestDocumentation -update` in libs", path)
	}
	if err := os.WriteFile(path, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

// replaced puts table between the marks called name.
func replaced(t *testing.T, text []byte, name, table string) []byte {
	t.Helper()
	begin, end := "<!-- "+name+": made by libs/observe/metric -->\n", "<!-- end of "+name+" -->\n"
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("the marks of %s are missing", name)
	}
	return []byte(before + begin + table + end + after)
}

func fields() string {
	var b strings.Builder
	b.WriteString("\n| Field | |\n|---|---|\n")
	for _, f := range metric.Fields() {
		_, _ = fmt.Fprintf(&b, "| `%s` | %s |\n", f.Name, f.Help)
	}
	return b.String() + "\n"
}

func metrics() string {
	var b strings.Builder
	b.WriteString("\n| Metric | Unit | Services | |\n|---|---|---|---|\n")
	for _, m := range metric.All() {
		_, _ = fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Name, m.Unit, strings.Join(m.Services, ", "), m.Help)
	}
	return b.String() + "\n"
}
