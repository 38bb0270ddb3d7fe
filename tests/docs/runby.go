package docs

import (
	"fmt"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// checkRunBy wants each command of the script among those that the file, or a test in the directory, runs: with
// all its words, and no other. A comment or a message runs nothing.
func checkRunBy(root, by, script string) error {
	if !wordsAreAll(script) {
		return fmt.Errorf("run by %s: want commands without redirections and variables before them, which are not compared", by)
	}
	ran, err := run(root, by)
	if err != nil {
		return fmt.Errorf("run by %s: %w", by, err)
	}
	for _, words := range calls(script) {
		want := bare(words)
		if testsThere(root, want, by) || slices.ContainsFunc(ran, func(got []string) bool { return slices.Equal(placed(bare(got), want), want) }) {
			continue
		}
		return fmt.Errorf("%s does not run %s", by, strings.Join(words, " "))
	}
	return nil
}

// checkTypedBy wants the file, or a test in the directory, to read the page: it types what the page says.
func checkTypedBy(root, by, page string) error {
	files, err := sources(root, by)
	if err != nil {
		return fmt.Errorf("typed by %s: %w", by, err)
	}
	var literals, paths []string
	for _, f := range files {
		if f.code == nil {
			continue
		}
		ast.Inspect(f.code, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				literals = append(literals, literal(n))
			case *ast.CallExpr:
				paths = append(paths, strings.TrimLeft(strings.Join(texts(n.Args), "/"), unknown+"/"))
			}
			return true
		})
	}
	elements := strings.Split(page, "/")
	for i, element := range elements {
		variable := slices.Clone(elements)
		if slices.Contains(literals, element) { // what the code has in a variable, it has in a literal elsewhere
			variable[i] = unknown
		}
		if slices.Contains(paths, page) || slices.Contains(paths, strings.Join(variable, "/")) {
			return nil
		}
	}
	return fmt.Errorf("typed by %s: nothing there reads %s", by, page)
}

// testsThere reports whether the command is `go test` of the tests there, as `make test` has them, and else says
// only how to report.
func testsThere(root string, words []string, by string) bool {
	rest, ok := strings.CutPrefix(strings.Join(words, " ")+" ", "go test ./"+by+" ")
	tests, err := filepath.Glob(filepath.Join(root, by, "*_test.go"))
	return ok && err == nil && len(tests) > 0 && !slices.ContainsFunc(strings.Fields(rest), func(word string) bool { return !slices.Contains([]string{"-count", "1", "-v"}, word) })
}

var quotes = strings.NewReplacer(`"`, "", `'`, "", "\\\n", "")

// bare returns the words without what says nothing about what is run: quotes, exec, and make's -s.
func bare(words []string) (kept []string) {
	for i, word := range words {
		word = quotes.Replace(word)
		if i == 0 && word == "exec" || word == "-s" && len(kept) == 1 && kept[0] == "make" {
			continue
		}
		kept = append(kept, word)
	}
	return kept
}

// placed returns the words without the variables that say where a test puts a thing and the page does not.
func placed(words, page []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool {
		name, _, ok := strings.Cut(word, "=")
		return ok && slices.Contains([]string{"ADDR", "DATA", "URL"}, name) &&
			!slices.ContainsFunc(page, func(w string) bool { return strings.HasPrefix(w, name+"=") })
	})
}

// source is a file that runs commands: a Go test, or a script.
type source struct {
	code   *ast.File // nil for a script
	script string
}

// sources returns the file at a path, or the Go tests below a directory.
func sources(root, rel string) (found []source, err error) {
	if !filepath.IsLocal(rel) {
		return nil, fmt.Errorf("%s is not a path in the repository", rel)
	}
	given := filepath.Join(root, rel)
	err = filepath.WalkDir(given, func(name string, d fs.DirEntry, err error) error {
		code := strings.HasSuffix(name, "_test.go")
		if err != nil || d.IsDir() || !code && name != given {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil || !code {
			found = append(found, source{script: string(text)})
			return err
		}
		file, err := goparser.ParseFile(token.NewFileSet(), name, text, goparser.SkipObjectResolution)
		found = append(found, source{code: file})
		return err
	})
	return found, err
}

// run returns the words of each command that is run there.
func run(root, by string) (commands [][]string, err error) {
	files, err := sources(root, by)
	for _, f := range files {
		if f.code == nil {
			commands = append(commands, calls(f.script)...)
			continue
		}
		ast.Inspect(f.code, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				commands = append(commands, started(call)...)
			}
			return true
		})
	}
	return commands, err
}

// started returns what a call of Go starts: a program with arguments, as exec.Command does, a script in a literal,
// or, if the function is called as a program is, that with the arguments.
func started(call *ast.CallExpr) (commands [][]string) {
	name := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	words := slices.DeleteFunc(texts(call.Args), func(word string) bool { return word == unknown })
	switch name {
	case "Command", "CommandContext", "run", "shell":
		commands = append(commands, words)
		for _, word := range words {
			commands = append(commands, calls(word)...)
		}
	case "git", "make":
		commands = append(commands, append([]string{name}, words...))
	}
	return commands
}

// unknown is what only the running program knows; no page has it.
const unknown = "\x00"

// texts returns the strings of arguments, those of slices and append in their place.
func texts(args []ast.Expr) (all []string) {
	for _, arg := range args {
		switch a := arg.(type) {
		case *ast.CompositeLit:
			all = append(all, texts(a.Elts)...)
		case *ast.CallExpr:
			if f, ok := a.Fun.(*ast.Ident); ok && f.Name == "append" {
				all = append(all, texts(a.Args)...)
				continue
			}
			all = append(all, unknown)
		default:
			all = append(all, literal(arg))
		}
	}
	return all
}

// literal returns the value of a string in the source, with unknown for the parts that are not.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return literal(e.X) + literal(e.Y)
		}
	}
	return unknown
}
