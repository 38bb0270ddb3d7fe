package program_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"leasehold.example/platform/offline"
	"leasehold.example/stacks/program"
)

// Values decide, never the name of a stack: no file that ships in stacks/ or platform/ has the name of
// a stack in a text, or compares the name.
func TestNoStackIsSpecial(t *testing.T) {
	t.Parallel()
	files := 0
	for _, dir := range []string{"stacks", "platform"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files++
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, why := range special(t, string(source), filepath.Dir(path) == filepath.Join(root, "stacks", "program")) {
				t.Errorf("%s: %s", path, why)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 10 {
		t.Errorf("%d files", files)
	}
	for _, bad := range []string{
		`if ctx.Stack() == "p" {}`, `if "x" != c.Stack {}`, `switch ctx.Stack() { case x: }`, `_ = x == "prod"`, `_ = map[string]int{"dev": 1}`,
		`_ = strings.HasPrefix(ctx.Stack(), "p")`,
	} {
		if len(special(t, "package p\nfunc f() { "+bad+" }", true)) == 0 {
			t.Errorf("%s is not noticed", bad)
		}
	}
}

// special returns what in a source treats a stack by its name: that of a context, and with
// fields that of a Config. Elsewhere other things have fields called Stack, which may be compared.
func special(t *testing.T, source string, fields bool) (why []string) {
	t.Helper()
	isStack := func(e ast.Expr) bool {
		call, ok := e.(*ast.CallExpr)
		if ok {
			e = call.Fun
		}
		selector, named := e.(*ast.SelectorExpr)
		return (ok || fields) && named && selector.Sel.Name == "Stack"
	}
	file, err := parser.ParseFile(token.NewFileSet(), "", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); err == nil && slices.Contains([]string{"dev", "staging", "prod", "production"}, s) {
				why = append(why, "names the stack "+s)
			}
		case *ast.BinaryExpr:
			if (n.Op == token.EQL || n.Op == token.NEQ) && (isStack(n.X) || isStack(n.Y)) {
				why = append(why, "compares the name of the stack")
			}
		case *ast.SwitchStmt:
			if isStack(n.Tag) {
				why = append(why, "switches by the name of the stack")
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 0 && isStack(n.Args[0]) && isPackage(f.X, "strings") {
				why = append(why, "looks into the name of the stack")
			}
		}
		return true
	})
	return why
}

func isPackage(e ast.Expr, name string) bool {
	ident, ok := e.(*ast.Ident)
	return ok && ident.Name == name
}

// TestRule44DefaultProviders: Pulumi refuses a resource that names no provider.
func TestRule44DefaultProviders(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var project struct {
		Name, Main string
		Config     map[string]struct{ Value any }
	}
	if err := yaml.Unmarshal(text, &project); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(project.Config["pulumi:disable-default-providers"].Value); got != "[*]" || project.Name != "leasehold" || project.Main != "stacks" {
		t.Errorf("got %+v", project)
	}
}

// The longest name that Pulumi makes of a stack's name is short enough for functions and roles.
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
func TestNamesFit(t *testing.T) {
	t.Parallel()
	stack := "staging" // must be accepted; what follows makes it the longest that is
	for len(stack) < 64 {
		if _, err := program.Load(stack+"0", good()); err != nil {
			break
		}
		stack += "0"
	}
	if _, err := program.Load(stack, good()); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, _ map[string]string, g *offline.Graph) {
		for _, r := range append(ofType(g, "aws:lambda/function:Function"), ofType(g, "aws:iam/role:Role")...) {
			if name := program.Namespace + "-" + stack + "-" + r.Name + "-1234567"; len(name) > 64 {
				t.Errorf("%s has %d characters", name, len(name))
			}
		}
	})
}
