package imports

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"

	"leasehold.example/tests/internal/repo"
)

func TestTree(t *testing.T) {
	t.Parallel()
	files, err := ReadTree(repo.Root(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d Go files found", len(files))
	}
	for _, line := range Check(files) {
		t.Error(line)
	}
}

// TestCheck breaks each rule once, and keeps each once in the way that is closest to breaking it.
func TestCheck(t *testing.T) {
	t.Parallel()
	const (
		fx     = "go.uber.org/fx"
		pulumi = "github.com/pulumi/pulumi/sdk/v3/go/pulumi"
		sdk    = "github.com/modelcontextprotocol/go-sdk/mcp"
		aws    = "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	)
	tests := []struct {
		path, imported string
		broken         int
	}{
		{"libs/session/store.go", sdk, 1},
		{"libs/session/store.go", "github.com/mark3labs/mcp-go/server", 1},
		{"libs/session/store_test.go", sdk, 1},
		{"libs/session/fx.go", fx, 1},
		{"libs/session/store.go", fx, 2},
		{"libs/session/store.go", pulumi, 2},
		{"libs/session/store.go", aws, 0},
		{"libs/session/store.go", ours + "apps/mcp/config", 1},
		{"apps/mcp/internal/app/app.go", fx, 1},
		{"apps/mcp/internal/app/app.go", "go.uber.org/fx/fxevent", 1},
		{"apps/mcp/internal/app/app.go", "go.uber.org/fxsomethingelse", 0},
		{"apps/mcp/internal/app/fx.go", fx, 0},
		{"apps/mcp/internal/app/app_test.go", fx, 0},
		{"apps/mcp/cmd/lambda/main.go", fx, 0},
		{"apps/mcp/internal/app/fx.go", ours + "apps/mcp/internal/example/onbehalf", 1},
		{"apps/mcp/internal/example/cmd/server/main.go", ours + "apps/mcp/internal/example/onbehalf", 0},
		{"apps/mcp/internal/tool/invoices/invoices_test.go", ours + "apps/mcp/internal/example/standin", 0},
		{"apps/mcp/config/config.go", aws, 1},
		{"apps/mcp/config/config_test.go", sdk, 1},
		{"apps/mcp/config/config.go", "github.com/caarlos0/env/v11", 0},
		{"apps/mcp/internal/app/app.go", ours + "platform/api", 1},
		{"apps/mcp/internal/app/app.go", ours + "platformless", 0},
		{"apps/mcp/internal/app/app.go", ours + "apps/mcp/internal/everything", 1},
		{"apps/mcp/internal/everything/cmd/server/main.go", ours + "apps/mcp/internal/everything", 0},
		{"apps/mcp/internal/app/app.go", ours + "tests/internal/need", 1},
		{"libs/session/dynamostore/schema/schema.go", aws, 1},
		{"libs/session/dynamostore/schema/schema.go", ours + "libs/session", 1},
		{"libs/session/dynamostore/schema/schema.go", "crypto/sha256", 0},
		{"platform/api.go", pulumi, 0},
		{"platform/api.go", aws, 1},
		{"platform/api.go", ours + "libs/session", 1},
		{"stacks/program.go", ours + "apps/mcp/config", 0},
		{"stacks/program.go", ours + "libs/session/dynamostore/schema", 0},
		{"stacks/program.go", ours + "libs/scopes", 0},
		{"stacks/program.go", ours + "libs/observe/metric", 0},
		{"stacks/program.go", ours + "libs/observe", 1},
		{"libs/observe/metric/metric.go", ours + "libs/identity", 1},
		{"stacks/program.go", ours + "libs/session", 1},
		{"libs/scopes/scopes.go", ours + "libs/identity", 1},
		{"libs/scopes/scopes.go", "path", 0},
		{"apps/authorizer/internal/app/main.go", ours + "apps/authorizer/internal/loopback", 1},
	}
	for _, tt := range tests {
		if got := Check([]File{{Path: tt.path, Imports: []string{tt.imported}}}); len(got) != tt.broken {
			t.Errorf("%s importing %s breaks %d rules, want %d: %q", tt.path, tt.imported, len(got), tt.broken, got)
		}
	}
}

func TestParseSeesEveryImport(t *testing.T) {
	t.Parallel()
	src := "//go:build never\n\npackage p\n\nimport f \"go.uber.org/fx\"\nimport (\n\t_ \"embed\"\n)\n"
	f, err := parse("libs/p/p.go", []byte(src))
	if err != nil || !slices.Equal(f.Imports, []string{"go.uber.org/fx", "embed"}) {
		t.Errorf("parse = %v, %v", f, err)
	}
}

// links names packages and what none of their dependencies may be, however indirect.
var links = []struct {
	pkg, why string
	never    []string
}{
	{
		"./apps/mcp/cmd/lambda", "the Lambda holds no local issuer, no embedded store and no fixtures",
		[]string{ours + "apps/mcp/internal/devidp", ours + "apps/mcp/internal/everything", "go.etcd.io/bbolt"},
	},
	{
		"./apps/mcp/cmd/server", "the fixtures live in a build of their own",
		[]string{ours + "apps/mcp/internal/everything"},
	},
	{
		"./apps/mcp/config", "stacks imports the configuration and no SDK with it",
		slices.Concat(awsPaths, mcpPaths, fxPaths),
	},
	{
		"./libs/session/dynamostore/schema", "stacks imports the schema and no SDK with it",
		slices.Concat(awsPaths, mcpPaths, fxPaths),
	},
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for _, l := range links {
		t.Run(l.pkg, func(t *testing.T) {
			t.Parallel()
			for _, dep := range linked(dependencies(t, l.pkg), l.never) {
				t.Errorf("%s depends on %s: %s", l.pkg, dep, l.why)
			}
		})
	}
}

// TestLinkedFinds proves that TestLinks can fail.
func TestLinkedFinds(t *testing.T) {
	t.Parallel()
	deps := dependencies(t, "./tests/internal/repo")
	if got := linked(deps, []string{"path/filepath"}); len(got) == 0 {
		t.Errorf("path/filepath is not among %q", deps)
	}
}

func linked(deps, never []string) []string {
	return slices.DeleteFunc(slices.Clone(deps), func(dep string) bool { return !under(never)(dep) })
}

func dependencies(t *testing.T, pkg string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg)
	cmd.Dir = repo.Root(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v\n%s", pkg, err, stderr.Bytes())
	}
	var deps []string
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		deps = append(deps, lines.Text())
	}
	return deps
}

// TestSiblingsAreReplaced: go mod tidy and a build outside the workspace know nothing
// of go.work, so each module names its siblings by a relative path.
func TestSiblingsAreReplaced(t *testing.T) {
	t.Parallel()
	root := repo.Root(t)
	var mods []string
	if err := walk(root, func(rel string) error {
		if filepath.Base(rel) == "go.mod" {
			mods = append(mods, rel)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, rel := range mods {
		data, err := os.ReadFile(filepath.Join(root, rel))
		if err != nil {
			t.Fatal(err)
		}
		mod, err := modfile.Parse(rel, data, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, missing := range unreplaced(mod) {
			t.Errorf("%s requires %s without replacing it by a relative path", rel, missing)
		}
	}
}

func unreplaced(mod *modfile.File) []string {
	local := map[string]bool{}
	for _, r := range mod.Replace {
		local[r.Old.Path] = strings.HasPrefix(r.New.Path, "../")
	}
	var missing []string
	for _, r := range mod.Require {
		if strings.HasPrefix(r.Mod.Path, ours) && !local[r.Mod.Path] {
			missing = append(missing, r.Mod.Path)
		}
	}
	return missing
}

func TestUnreplaced(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		replace string
		want    int
	}{
		{"", 1},
		{"replace leasehold.example/libs => ../libs", 0},
		{"replace leasehold.example/libs => /somewhere/libs", 1},
		{"replace leasehold.example/libs => leasehold.example/libs v1.0.0", 1},
	} {
		mod, err := modfile.Parse("go.mod", []byte("module m\nrequire leasehold.example/libs v0.0.0\n"+tt.replace), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := unreplaced(mod); len(got) != tt.want {
			t.Errorf("%q: %q, want %d", tt.replace, got, tt.want)
		}
	}
}
