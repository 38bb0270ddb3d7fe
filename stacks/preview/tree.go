package preview

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// row is a resource in the tree.
type row struct {
	*Resource
	// stem is what is drawn before the resource; below, what is drawn before its further lines.
	stem, below string
}

// tree is the resources in the order of reading: components first, then by name, each
// before its children.
func (r *Report) tree() []row {
	children := map[string][]*Resource{}
	for i := range r.Resources {
		children[r.Resources[i].Parent] = append(children[r.Resources[i].Parent], &r.Resources[i])
	}
	var rows []row
	var walk func(parent, below string)
	walk = func(parent, below string) {
		level := children[parent]
		slices.SortStableFunc(level, func(a, b *Resource) int {
			if a.Component != b.Component {
				return map[bool]int{true: -1, false: 1}[a.Component]
			}
			return cmp.Compare(a.Name, b.Name)
		})
		for i, child := range level {
			branch, next := "├─ ", below+"│  "
			if i == len(level)-1 {
				branch, next = "└─ ", below+"   "
			}
			rows = append(rows, row{child, below + branch, next})
			walk(child.URN, next)
		}
	}
	walk("", "")
	return rows
}

// kind is a type token as people say it: "dynamodb Table", "Table" of our own components.
func kind(token string) string {
	if of, ok := strings.CutPrefix(token, "pulumi:providers:"); ok {
		return of + " provider"
	}
	parts := strings.Split(token, ":")
	last := parts[len(parts)-1]
	if len(parts) < 3 || parts[0] != "aws" {
		return last
	}
	module, _, _ := strings.Cut(parts[1], "/")
	return module + " " + last
}

// separator stands between the settings of a resource, and never begins a line.
const separator = "·"

// wrap breaks text between words into lines of at most width characters; the first begins
// where used of them are taken already.
func wrap(text string, used, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if n := visible(line) + 1 + visible(word); line != "" && word != separator && used+n > width {
			lines, line, used = append(lines, line), "", 0
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

var sgr = regexp.MustCompile("\x1b\\[[0-9]*m")

// visible counts the characters that a terminal shows.
func visible(text string) int { return utf8.RuneCountInString(sgr.ReplaceAllString(text, "")) }
