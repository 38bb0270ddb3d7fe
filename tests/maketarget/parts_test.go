package maketarget

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"leasehold.example/tests/internal/repo"
)

// TestPartsAreThere: targets that select tests by name select these, in each package. go test passes when it finds
// none, so a test with another name would leave its part of the check out, unseen.
func TestPartsAreThere(t *testing.T) {
	t.Parallel()
	root := repo.Root(t)
	for file, targets := range map[string]map[string]string{
		"tools/make/delivery.mk": {
			"./tests/clients": "TestClients", "./tests/conformance": "TestShipped", "./tests/isolation": "TestIsolation",
		},
		"Makefile": {
			"./tests/clients": "TestDeployedClients", "./tests/conformance": "TestConformance", "./tests/signin": "TestDeployed",
			"./apps/mcp/internal/app": "TestLoad", "./apps/authorizer/internal/authorizer": "TestLoad",
		},
	} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, command := range selection.FindAllStringSubmatch(string(text), -1) {
			for _, pkg := range strings.Fields(command[2]) {
				got[pkg] = strings.Join(selected(t, filepath.Join(root, pkg), command[1]), " ")
			}
		}
		if !maps.Equal(got, targets) {
			t.Errorf("%s selects %q, want %q", file, got, targets)
		}
	}
}

// selection is -run and its packages, behind it.
var selection = regexp.MustCompile(`-run '([^']+)'((?: \./\S+)+)`)

// selected are the tests of a package that a pattern of the Makefile matches, without regard to subtests.
func selected(t *testing.T, dir, pattern string) []string {
	t.Helper()
	pattern = regexp.MustCompile(`/\w+`).ReplaceAllString(strings.ReplaceAll(pattern, "$$", "$"), "")
	match := regexp.MustCompile(pattern)
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no tests, %v", dir, err)
	}
	var names []string
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") && match.MatchString(f.Name.Name) {
				names = append(names, f.Name.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}
