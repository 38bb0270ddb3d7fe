package imports

import (
	"fmt"
	"slices"
	"strings"
)

// ours is the prefix of every module of this repository.
const ours = "leasehold.example/"

// What the rules speak of, as prefixes of import paths.
var (
	fxPaths     = []string{"go.uber.org/fx", "go.uber.org/dig"}
	pulumiPaths = []string{"github.com/pulumi/"}
	mcpPaths    = []string{"github.com/modelcontextprotocol/go-sdk", "github.com/mark3labs/mcp-go"}
	awsPaths    = []string{"github.com/aws/"}
)

// rule forbids imports to some files. AGENTS.md says which module is for what.
type rule struct {
	name    string
	applies func(File) bool
	forbids func(imported string) bool
}

var rules = []rule{
	{
		"libs imports neither fx, nor Pulumi, nor an MCP SDK",
		func(f File) bool { return f.in("libs") },
		under(fxPaths, pulumiPaths, mcpPaths),
	},
	{
		"only fx.go, main.go and tests import fx",
		func(f File) bool { return f.name() != "fx.go" && f.name() != "main.go" && !f.test() },
		under(fxPaths),
	},
	{
		"apps/mcp/config imports no SDK",
		func(f File) bool { return f.in("apps/mcp/config") },
		under(awsPaths, mcpPaths, fxPaths, pulumiPaths),
	},
	{
		"the table's schema imports nothing but the standard library",
		func(f File) bool { return f.in("libs/session/dynamostore/schema") && !f.test() },
		func(imported string) bool { return !standard(imported) },
	},
	{
		"apps and libs import neither platform nor stacks nor Pulumi",
		func(f File) bool { return f.in("apps") || f.in("libs") },
		under(pulumiPaths, []string{ours + "platform", ours + "stacks"}),
	},
	{
		"platform imports Pulumi and itself only",
		func(f File) bool { return f.in("platform") && !f.test() },
		except(pulumiPaths, []string{ours + "platform"}),
	},
	{
		"the table of scopes imports nothing but the standard library",
		func(f File) bool { return f.in("libs/scopes") && !f.test() },
		func(imported string) bool { return !standard(imported) },
	},
	{
		"the metrics' names import nothing but the standard library",
		func(f File) bool { return f.in("libs/observe/metric") && !f.test() },
		func(imported string) bool { return !standard(imported) },
	},
	{
		"of ours, stacks imports platform, the configuration, the table's schema, the scopes and the metrics' names only",
		func(f File) bool { return f.in("stacks") && !f.test() },
		func(imported string) bool {
			allowed := under([]string{
				ours + "stacks", ours + "platform", ours + "apps/mcp/config",
				ours + "libs/session/dynamostore/schema", ours + "libs/scopes", ours + "libs/observe/metric",
			})
			return strings.HasPrefix(imported, ours) && !allowed(imported)
		},
	},
	{
		"what ships does not import the conformance fixtures, nor what trusts a test's issuer",
		func(f File) bool {
			return !f.in("apps/mcp/internal/everything") && !f.in("apps/authorizer/internal/loopback")
		},
		under([]string{ours + "apps/mcp/internal/everything", ours + "apps/authorizer/internal/loopback"}),
	},
	{
		"what ships does not import the examples, which are there to be copied",
		func(f File) bool { return !f.in("apps/mcp/internal/example") && !f.test() },
		under([]string{ours + "apps/mcp/internal/example"}),
	},
	{
		"tests are imported by tests only",
		func(f File) bool { return !f.in("tests") },
		under([]string{ours + "tests"}),
	},
	{
		"a library does not import an application",
		func(f File) bool { return f.in("libs") },
		under([]string{ours + "apps"}),
	},
}

// Check returns one line for each import that breaks a rule.
func Check(files []File) []string {
	var broken []string
	for _, f := range files {
		for _, r := range rules {
			if !r.applies(f) {
				continue
			}
			for _, imported := range f.Imports {
				if r.forbids(imported) {
					broken = append(broken, fmt.Sprintf("%s imports %s: %s", f.Path, imported, r.name))
				}
			}
		}
	}
	return broken
}

// under matches an import path that is one of the prefixes or below one.
func under(prefixes ...[]string) func(string) bool {
	all := slices.Concat(prefixes...)
	return func(imported string) bool {
		return slices.ContainsFunc(all, func(p string) bool {
			p = strings.TrimSuffix(p, "/")
			return imported == p || strings.HasPrefix(imported, p+"/")
		})
	}
}

// except matches every import path outside the standard library and the prefixes.
func except(prefixes ...[]string) func(string) bool {
	allowed := under(prefixes...)
	return func(imported string) bool { return !standard(imported) && !allowed(imported) }
}

// standard reports whether an import path is the standard library's: its first element
// has no dot (cmd/go rests on the same).
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}
