// Package makefiles reads which targets and variables `make` knows in this repository.
package makefiles

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Files are the Makefile, its parts, and the scripts that their recipes call, which may read more variables.
type Files struct {
	Targets  []string // with % as make has it
	Assigned []string // variables that the Makefile assigns, and exports in part
	Words    map[string]bool
}

var (
	ruleLine   = regexp.MustCompile(`(?m)^([^\s#:=][^:=\n]*):(?:[^=]|$)`)
	assignment = regexp.MustCompile(`(?m)^(?:override |export )*([A-Z][A-Z0-9_]*)\s*(?:\?|:)?=`)
	upperWord  = regexp.MustCompile(`\b[A-Z][A-Z0-9_]+\b`)
)

// Read reads those of the repository under root.
func Read(root string) (Files, error) {
	f := Files{Words: map[string]bool{"CI": true}}
	for _, pattern := range []string{"Makefile", "tools/make/*.mk", "tools/*.sh"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return f, err
		}
		for _, path := range paths {
			src, err := os.ReadFile(path)
			if err != nil {
				return f, err
			}
			f.add(string(src), filepath.Ext(path) != ".sh")
		}
	}
	return f, nil
}

func (f *Files) add(src string, rules bool) {
	for _, word := range upperWord.FindAllString(src, -1) {
		f.Words[word] = true
	}
	if !rules {
		return
	}
	for _, r := range ruleLine.FindAllStringSubmatch(src, -1) {
		f.Targets = append(f.Targets, strings.Fields(r[1])...)
	}
	for _, a := range assignment.FindAllStringSubmatch(src, -1) {
		f.Assigned = append(f.Assigned, a[1])
	}
}

// Target reports whether make knows the target.
func (f Files) Target(word string) bool {
	return slices.ContainsFunc(f.Targets, func(target string) bool {
		before, after, pattern := strings.Cut(target, "%")
		return word == target || pattern && strings.HasPrefix(word, before) && strings.HasSuffix(word, after)
	})
}
