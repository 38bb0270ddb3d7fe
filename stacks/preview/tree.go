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

// wrap breaks text between words into lines of at most width characters, of which first are
// taken before the first line and rest before each other one. A word that is longer than that
// is too long for its line. The first line is empty where the first word fits only below it.
func wrap(text string, first, rest, width int) []string {
	var lines []string
	line, used := "", first
	words := strings.Fields(text)
	for i, word := range words {
		longer := strings.TrimSpace(line + " " + word)
		n := used + visible(longer)
		if i+1 < len(words) && words[i+1] == separator {
			n += 1 + visible(separator)
		}
		if n > width && word != separator && (line != "" || used > rest) {
			lines, longer, used = append(lines, line), word, rest
		}
		line = longer
	}
	return append(lines, line)
}

var sgr = regexp.MustCompile("\x1b\\[[0-9]*m")

// visible counts the characters that a terminal shows.
func visible(text string) int { return utf8.RuneCountInString(sgr.ReplaceAllString(text, "")) }
