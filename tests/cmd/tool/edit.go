package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
)

// source is a Go file to which whole lines are added.
type source struct {
	text  []byte
	files *token.FileSet
	tree  *ast.File
}

func parse(text []byte) (*source, error) {
	s := &source{text: text, files: token.NewFileSet()}
	var err error
	s.tree, err = parser.ParseFile(s.files, "", text, parser.SkipObjectResolution)
	return s, err
}

// insert adds a line before pos, and reads the result again. gofmt puts it into its column, and
// imports into their order.
func (s *source) insert(pos token.Pos, line string) error {
	at := s.files.Position(pos).Offset
	before := s.text[:at]
	if !bytes.HasSuffix(bytes.TrimRight(before, "\t"), []byte("\n")) {
		line = "\n" + line
	}
	formatted, err := format.Source(slices.Concat(before, []byte(line+"\n"), s.text[at:]))
	if err != nil {
		return err
	}
	next, err := parse(formatted)
	if err != nil {
		return err
	}
	*s = *next
	return nil
}

// value is what the package's variable or constant of that name is set to, and the declaration.
func (s *source) value(name string) (ast.Expr, *ast.GenDecl, error) {
	for _, d := range s.tree.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range decl.Specs {
			if v, ok := spec.(*ast.ValueSpec); ok && len(v.Values) == 1 && v.Names[0].Name == name {
				return v.Values[0], decl, nil
			}
		}
	}
	return nil, nil, fmt.Errorf("no declaration of %s that make tool knows: add the lines by hand, as docs/your-own.md says", name)
}

// place is the position before the first of the elements that is not less, or end.
func place[E ast.Node](elements []E, end token.Pos, less func(E) bool) token.Pos {
	for _, e := range elements {
		if !less(e) {
			return e.Pos()
		}
	}
	return end
}

func unquote(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok {
		if s, err := strconv.Unquote(lit.Value); err == nil {
			return s
		}
	}
	return ""
}

// returned is the list that a function of one statement returns.
func (s *source) returned(name string) (*ast.CompositeLit, error) {
	for _, d := range s.tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != name || f.Body == nil || len(f.Body.List) != 1 {
			continue
		}
		if r, ok := f.Body.List[0].(*ast.ReturnStmt); ok && len(r.Results) == 1 {
			if list, ok := r.Results[0].(*ast.CompositeLit); ok {
				return list, nil
			}
		}
	}
	return nil, errUnknownForm
}
