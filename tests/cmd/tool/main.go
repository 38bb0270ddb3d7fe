// Command tool adds a tool to the server: a package with its test under apps/mcp/internal/tool,
// its line in tool/shipped and its line, with a scope where it has none yet, in libs/scopes.
// It runs in the root of the repository and changes nothing else.
//
//	tool -name list_invoices [-scope invoices:read]
package main

import (
	"bytes"
	"embed"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"io"
	"os"
	"path"
	"strings"
	"text/template"

	"golang.org/x/mod/modfile"
)

const (
	tools      = "apps/mcp/internal/tool"
	shippedFx  = tools + "/shipped/fx.go"
	scopesFile = "libs/scopes/scopes.go"
	basicScope = "mcp:basic"
)

//go:embed template
var templates embed.FS

func main() {
	flags := flag.NewFlagSet("tool", flag.ContinueOnError)
	name := flags.String("name", "", "`name` of the tool")
	scope := flags.String("scope", "", "the `scope` that a token needs; absent means "+basicScope)
	err := flags.Parse(os.Args[1:])
	if err == nil {
		err = run(".", *name, *scope, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "make tool:", err)
		os.Exit(1)
	}
}

// run adds the tool to the repository in dir. An error comes before the first file is written,
// unless writing is what fails.
func run(dir, name, scope string, out io.Writer) error {
	if err := errors.Join(checkName(name), checkScope(scope)); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	a, err := newAddition(root, name, scope)
	if err != nil {
		return err
	}
	files, err := a.files(root)
	if err != nil {
		return err
	}
	if err := root.Mkdir(a.dir(), 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := root.WriteFile(f.name, f.content, 0o644); err != nil {
			return err
		}
	}
	a.print(out)
	return nil
}

// addition is a new tool, as the templates know it.
type addition struct {
	Module, Package, Name, Title string
	scope                        string // as a token has it
}

type file struct {
	name    string
	content []byte
}

func newAddition(root *os.Root, name, scope string) (*addition, error) {
	libs, err := root.ReadFile("libs/go.mod")
	if err != nil {
		return nil, fmt.Errorf("want the root of the repository: %w", err)
	}
	words := strings.ReplaceAll(name, "_", " ")
	a := &addition{
		Module: strings.TrimSuffix(modfile.ModulePath(libs), "/libs"), Package: packageOf(name), Name: name,
		Title: strings.ToUpper(words[:1]) + words[1:], scope: scope,
	}
	if a.scope == "" {
		a.scope = basicScope
	}
	if _, err := root.Lstat(a.dir()); err == nil {
		return nil, fmt.Errorf("NAME: want a name that is not taken: %s exists", a.dir())
	}
	return a, nil
}

func (a *addition) dir() string { return path.Join(tools, a.Package) }

// files are all that is written: three new ones, and the two that name the tool.
func (a *addition) files(root *os.Root) ([]file, error) {
	var files []file
	for from, to := range map[string]string{
		"tool.go.tmpl": a.Package + ".go", "fx.go.tmpl": "fx.go", "tool_test.go.tmpl": a.Package + "_test.go",
	} {
		content, err := a.fill(from)
		if err != nil {
			return nil, err
		}
		files = append(files, file{path.Join(a.dir(), to), content})
	}
	for _, edit := range []struct {
		name string
		with func([]byte) ([]byte, error)
	}{{shippedFx, a.ship}, {scopesFile, a.grant}} {
		before, err := root.ReadFile(edit.name)
		if err != nil {
			return nil, err
		}
		after, err := edit.with(before)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", edit.name, err)
		}
		files = append(files, file{edit.name, after})
	}
	return files, nil
}

func (a *addition) fill(name string) ([]byte, error) {
	t, err := template.ParseFS(templates, "template/"+name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, a); err != nil {
		return nil, err
	}
	return format.Source(b.Bytes()) // the order of imports depends on the name
}

func (a *addition) print(out io.Writer) {
	fmt.Fprintf(out, `Added the tool %[1]s, which needs the scope %[2]s:
  %[3]s  what it takes, answers and does, and its test
  %[4]s  serves it
  %[5]s  says which scope it needs

Next:
  - write what it does in %[3]s/%[6]s.go
  - go test ./%[3]s ./libs/scopes ./apps/mcp/internal/app
  - make run
`, a.Name, a.scope, a.dir(), shippedFx, scopesFile, a.Package)
}
