package main

import (
	"errors"
	"fmt"
	"go/ast"
)

var errUnknownForm = errors.New("it has another form than make tool knows: add the lines by hand, as docs/your-own.md says")

// ship adds the tool's module to what is served, in the order of names.
func (a *addition) ship(text []byte) ([]byte, error) {
	s, err := parse(text)
	if err != nil {
		return nil, err
	}
	value, _, err := s.value("Module")
	if err != nil {
		return nil, err
	}
	options, ok := value.(*ast.CallExpr)
	if !ok {
		return nil, errUnknownForm
	}
	at := place(options.Args, options.Rparen, func(e ast.Expr) bool {
		module, ok := e.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := module.X.(*ast.Ident)
		return !ok || pkg.Name < a.Package
	})
	if err := s.insert(at, a.Package+".Module,"); err != nil {
		return nil, err
	}
	last := s.tree.Imports[len(s.tree.Imports)-1]
	err = s.insert(last.Pos(), fmt.Sprintf("%q", a.Module+"/"+a.dir()))
	return s.text, err
}

// grant adds the tool's line to the table of scopes, and its scope where it is new.
func (a *addition) grant(text []byte) ([]byte, error) {
	s, err := parse(text)
	if err != nil {
		return nil, err
	}
	name, err := a.declare(s)
	if err != nil {
		return nil, err
	}
	value, _, err := s.value("table")
	if err != nil {
		return nil, err
	}
	table, ok := value.(*ast.CompositeLit)
	if !ok {
		return nil, errUnknownForm
	}
	var lines []*ast.CompositeLit // those of tools, which come first
	for _, e := range table.Elts {
		line, ok := e.(*ast.CompositeLit)
		if !ok || len(line.Elts) != 3 {
			return nil, errUnknownForm
		}
		if kind, ok := line.Elts[0].(*ast.Ident); ok && kind.Name == "Tool" {
			if unquote(line.Elts[1]) == a.Name {
				return nil, fmt.Errorf("NAME: want a name that is not taken: the table has %s", a.Name)
			}
			lines = append(lines, line)
		}
	}
	at := table.Lbrace + 1
	if len(lines) > 0 {
		at = lines[len(lines)-1].End() + 1 // behind its comma
	}
	at = place(lines, at, func(line *ast.CompositeLit) bool { return unquote(line.Elts[1]) < a.Name })
	err = s.insert(at, fmt.Sprintf("{Tool, %q, %s},", a.Name, name))
	return s.text, err
}

// declare returns the constant of the scope, which it adds with a description where there is none.
func (a *addition) declare(s *source) (name string, err error) {
	_, block, err := s.value("Basic")
	if err != nil {
		return "", err
	}
	for _, spec := range block.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok && len(v.Values) == 1 && unquote(v.Values[0]) == a.scope {
			return v.Names[0].Name, nil
		}
	}
	name = constant(a.scope)
	if _, _, err := s.value(name); err == nil {
		return "", fmt.Errorf("SCOPE: want a scope whose Go name, %s, is not taken", name)
	}
	at := place(block.Specs, block.Rparen, func(spec ast.Spec) bool {
		v, ok := spec.(*ast.ValueSpec)
		return !ok || unquote(v.Values[0]) < a.scope
	})
	if err := s.insert(at, fmt.Sprintf("%s = %q", name, a.scope)); err != nil {
		return "", err
	}
	return name, a.describe(s, name)
}

// describe adds the scope to what All returns, in the order of the scopes' names.
func (a *addition) describe(s *source, name string) error {
	all, err := s.returned("All")
	if err != nil {
		return err
	}
	at := place(all.Elts, all.Rbrace, func(e ast.Expr) bool {
		line, ok := e.(*ast.CompositeLit)
		if !ok || len(line.Elts) == 0 {
			return true
		}
		ident, ok := line.Elts[0].(*ast.Ident)
		if !ok {
			return true
		}
		value, _, err := s.value(ident.Name)
		return err != nil || unquote(value) < a.scope
	})
	return s.insert(at, fmt.Sprintf("{%s, %q},", name, "Use the tool "+a.Name))
}
