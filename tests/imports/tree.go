// Package imports holds the rules of this repository that no compiler holds: who may
// import whom, and what no file may contain.
package imports

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// File is a Go file and what it imports.
type File struct {
	Path    string // slash-separated, relative to the repository's root
	Imports []string
}

// name returns the file's base name.
func (f File) name() string { return path.Base(f.Path) }

// in reports whether the file is in the directory or below it.
func (f File) in(dir string) bool { return strings.HasPrefix(f.Path, dir+"/") }

func (f File) test() bool { return strings.HasSuffix(f.Path, "_test.go") }

// skipped are directories whose content is not ours or not kept.
var skipped = map[string]bool{".git": true, "node_modules": true, ".venv": true, "build": true, ".tools": true, ".data": true}

// walk calls fn with each file of the tree, by slash-separated path.
func walk(root string, fn func(rel string) error) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipped[d.Name()]:
			return filepath.SkipDir
		case !d.Type().IsRegular() || skipped[d.Name()]: // a worktree's .git is a file
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		return fn(filepath.ToSlash(rel))
	})
}

// ReadTree returns every Go file of the tree, whatever its build constraints: a rule
// holds for the Lambda binary and the laptop alike. It fails on what does not parse.
func ReadTree(root string) ([]File, error) {
	var files []File
	err := walk(root, func(rel string) error {
		if path.Ext(rel) != ".go" {
			return nil
		}
		src, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(rel)))
		if err != nil {
			return err
		}
		f, err := parse(rel, src)
		files = append(files, f)
		return err
	})
	return files, err
}

func parse(rel string, src []byte) (File, error) {
	syntax, err := parser.ParseFile(token.NewFileSet(), rel, src, parser.ImportsOnly)
	if err != nil {
		return File{}, err
	}
	f := File{Path: rel}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return File{}, fmt.Errorf("%s: import %s: %w", rel, spec.Path.Value, err)
		}
		f.Imports = append(f.Imports, imported)
	}
	return f, nil
}
