// Package shipped tells which modules a program is made of, and under which licences they are.
package shipped

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Stdlib is what lists of components and of vulnerabilities call Go's standard library.
const Stdlib = "stdlib"

// Build says which programs are meant, as `go build` would be told.
type Build struct {
	Dir          string   // where go is run; empty is the working directory
	GOOS, GOARCH string   // empty: this machine's
	Tags         string   // separated by commas
	Alone        bool     // the module of Dir alone, without go.work
	Packages     []string // patterns
}

// Module is one that a program has packages of.
type Module struct {
	Path    string
	Version string // empty for those of this repository
	// Licences are SPDX identifiers in order, or NoAssertion or None. Empty for those of
	// this repository, whose licence is its owner's to say.
	Licences []string
}

// Modules returns the modules whose packages b's programs consist of, by path. The standard
// library is one of them, as Stdlib, with the version of Go. Tests are no part of a program.
func Modules(ctx context.Context, b Build) ([]Module, error) {
	out, err := b.list(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]*found{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("answer of go list: %w", err)
		}
		if p.Standard {
			continue
		}
		if p.Module == nil {
			return nil, fmt.Errorf("package %s is of no module", p.ImportPath)
		}
		f := all[p.Module.Path]
		if f == nil {
			f = &found{module: *p.Module}
			all[p.Module.Path] = f
		}
		f.dirs = append(f.dirs, p.Dir)
	}
	std, err := standard(ctx)
	if err != nil {
		return nil, err
	}
	modules := []Module{std}
	for _, f := range all {
		m, err := f.licensed()
		if err != nil {
			return nil, err
		}
		modules = append(modules, m)
	}
	slices.SortFunc(modules, func(a, b Module) int { return cmp.Compare(a.Path, b.Path) })
	return modules, nil
}

// listed is what we ask of a package: https://pkg.go.dev/cmd/go#hdr-List_packages_or_modules
type listed struct {
	ImportPath, Dir string
	Standard        bool
	Module          *module
}

type module struct {
	Path, Version, Dir string
	Replace            *module
}

// found is a module and the directories of its packages.
type found struct {
	module
	dirs []string
}

func (f *found) licensed() (Module, error) {
	m := f.module
	if m.Replace != nil {
		m.Path, m.Version = m.Replace.Path, m.Replace.Version
	}
	if m.Version == "" {
		return Module{Path: f.Path}, nil
	}
	licences, err := Licences(f.Dir, f.dirs...)
	if err != nil {
		return Module{}, fmt.Errorf("licence of %s: %w", m.Path, err)
	}
	return Module{Path: m.Path, Version: m.Version, Licences: licences}, nil
}

func (b Build) list(ctx context.Context) ([]byte, error) {
	args := append([]string{"list", "-deps", "-json=ImportPath,Dir,Standard,Module", "-tags", b.Tags, "--"}, b.Packages...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.Dir
	// Without cgo, as the functions are built: it decides which files and packages there are.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	for name, v := range map[string]string{"GOOS": b.GOOS, "GOARCH": b.GOARCH} {
		if v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	if b.Alone {
		cmd.Env = append(cmd.Env, "GOWORK=off")
	}
	return output(cmd)
}

// standard is the standard library of the go on PATH.
func standard(ctx context.Context) (Module, error) {
	out, err := output(exec.CommandContext(ctx, "go", "env", "GOROOT", "GOVERSION"))
	if err != nil {
		return Module{}, err
	}
	root, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	licences, err := Licences(root)
	if err != nil {
		return Module{}, fmt.Errorf("licence of the standard library: %w", err)
	}
	return Module{Path: Stdlib, Version: version, Licences: licences}, nil
}

// output runs a command; its error says what the command said.
func output(cmd *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args[:2], " "), err, stderr.Bytes())
	}
	return out, nil
}
