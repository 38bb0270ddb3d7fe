package metric_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"

	"leasehold.example/libs/observe/metric"
)

// TestAll: every constant that names a metric is described once, in words, and CloudWatch
// accepts its name. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func TestAll(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[A-Z][A-Za-z]{0,62}$`)
	seen := map[string]bool{}
	for _, m := range metric.All() {
		if seen[m.Name] || !name.MatchString(m.Name) {
			t.Errorf("%q is there twice, or no name of a metric", m.Name)
		}
		seen[m.Name] = true
		if m.Unit != metric.Count && m.Unit != metric.Milliseconds {
			t.Errorf("%s: unit %q", m.Name, m.Unit)
		}
		if !strings.HasSuffix(m.Help, ".") || len(m.Services) == 0 {
			t.Errorf("%s lacks a sentence or a service", m.Name)
		}
		if found, ok := metric.Find(m.Name); !ok || found.Name != m.Name {
			t.Errorf("%s is not found", m.Name)
		}
	}
	for _, constant := range names(t) {
		if !seen[constant] {
			t.Errorf("%s is not among All", constant)
		}
		delete(seen, constant)
	}
	if len(seen) > 0 {
		t.Errorf("All has what no constant names: %v", seen)
	}
	if _, ok := metric.Find("Nothing"); ok {
		t.Error("a metric that does not exist is found")
	}
}

// TestCallersKeepTheirHands: who changes what All returned changes a copy.
func TestCallersKeepTheirHands(t *testing.T) {
	t.Parallel()
	metric.All()[0].Name = "Other"
	if metric.All()[0].Name != metric.Requests {
		t.Error("All hands out its own slice")
	}
}

// names are the constants of the group that begins with Requests, each of which has its
// own name as value.
func names(t *testing.T) (all []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "metric.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		if group.Specs[0].(*ast.ValueSpec).Names[0].Name != "Requests" {
			continue
		}
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			literal, ok := value.Values[0].(*ast.BasicLit)
			if !ok || literal.Value != `"`+value.Names[0].Name+`"` {
				t.Errorf("%s has another value than its name", value.Names[0].Name)
			}
			all = append(all, value.Names[0].Name)
		}
	}
	if len(all) == 0 {
		t.Fatal("no constants found")
	}
	return all
}
