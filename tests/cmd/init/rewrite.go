package main

import (
	"bytes"
	"fmt"
	"go/format"
	"go/scanner"
	"go/token"
	"path"
	"regexp"
	"strings"

	"golang.org/x/mod/modfile"
)

// The placeholders that owner and contact take the place of, and the files that have them.
const (
	contactFile, contactHole = "SECURITY.md", "Whoever clones this repository: put your own contact here."
	ownerFile, ownerHole     = "CODEOWNERS", "@your-org/platform"
)

// rewriter puts the new names in the place of the old ones.
type rewriter struct {
	to     identity
	commit string
	words  *regexp.Regexp
}

// newRewriter matches whole words, also behind \n and the like in the text of a string. What follows
// the name decides: it is a module path; or the label of a stored format such as …/seal/v1 or the type
// of a component such as …:platform:Table, which stay; or the name by itself. The new module path is
// matched first, since it may have the old name in it.
func newRewriter(to identity, commit string) *rewriter {
	return &rewriter{to: to, commit: commit, words: regexp.MustCompile(
		origin + `|` + regexp.QuoteMeta(to.module) + `\b|(?:\b|\\[nrt])(?:` + oldTitle + `\b|` +
			oldName + `\b(?:\.example\b|/[a-z]+/v[0-9]+\b|:(?:platform|offline):)?)`)}
}

func (r *rewriter) rewrite(k kind, name string, content []byte) ([]byte, error) {
	switch k {
	case goSource:
		return r.goSource(content)
	case goModule:
		return r.goModule(name, content)
	case text:
		return r.text(name, content), nil
	case npmLock:
		return npmName.ReplaceAll(content, []byte("${1}"+r.to.name)), nil
	default:
		return content, nil
	}
}

func (r *rewriter) rename(content []byte) []byte {
	return r.words.ReplaceAllFunc(content, func(word []byte) []byte {
		escape := ""
		if word[0] == '\\' {
			escape, word = string(word[:2]), word[2:]
		}
		switch {
		case string(word) == oldModule:
			return []byte(escape + r.to.module)
		case bytes.ContainsAny(word, " /:"): // the origin, the new module path, the label of a format, a component's type
			return []byte(escape + string(word))
		default:
			return []byte(escape + r.to.name)
		}
	})
}

// goSource changes string literals, among them import paths, and comments; then the columns of
// what is aligned, and the order of imports, are gofmt's again. The scanner counts no carriage
// returns, so where Git gave lines such ends, the words are changed wherever they stand.
func (r *rewriter) goSource(content []byte) ([]byte, error) {
	if bytes.IndexByte(content, '\r') >= 0 {
		return r.rename(content), nil
	}
	var s scanner.Scanner
	files := token.NewFileSet()
	file := files.AddFile("", files.Base(), len(content))
	var problems scanner.ErrorList
	s.Init(file, content, problems.Add, scanner.ScanComments)
	var out bytes.Buffer
	done := 0
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			break
		}
		if tok != token.STRING && tok != token.COMMENT {
			continue
		}
		start := file.Offset(pos)
		out.Write(content[done:start])
		out.Write(r.rename([]byte(lit)))
		done = start + len(lit)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	out.Write(content[done:])
	if bytes.Equal(out.Bytes(), content) {
		return content, nil
	}
	return format.Source(out.Bytes())
}

func (r *rewriter) goModule(name string, content []byte) ([]byte, error) {
	renamed := r.rename(content)
	if bytes.Equal(renamed, content) {
		return content, nil
	}
	file, err := modfile.Parse(name, renamed, nil)
	if err != nil {
		return nil, err
	}
	file.SortBlocks()
	return file.Format()
}

func (r *rewriter) text(name string, content []byte) []byte {
	if name == "README.md" {
		content = r.readme(content)
	}
	content = r.rename(content)
	switch {
	case name == contactFile && r.to.contact != "":
		content = bytes.Replace(content, []byte(contactHole), []byte("Or write to <"+r.to.contact+">."), 1)
	case path.Base(name) == ownerFile && r.to.owner != "":
		content = bytes.ReplaceAll(content, []byte(ownerHole), []byte(r.to.owner))
	}
	return content
}

// readme replaces what is before the first section, which is about the repository that was cloned.
func (r *rewriter) readme(content []byte) []byte {
	head, sections, ok := strings.Cut(string(content), "\n## ")
	if !ok || !strings.HasPrefix(head, "# "+oldTitle+"\n") {
		return content
	}
	from := origin
	if r.commit != "" {
		from += ", commit " + r.commit
	}
	head = fmt.Sprintf("# %s\n\n%s is an MCP server whose sessions belong to one tenant and one user, on localhost and on AWS Lambda.\n\n"+
		"%s; [docs/your-own.md](docs/your-own.md) says what was renamed.\n", r.to.name, r.to.name, from)
	return []byte(head + "\n## " + sections)
}

// npmName is our package's own name; npm wants the one of package.json.
var npmName = regexp.MustCompile(`(?m)^(\s*"name": ")` + oldName + `\b`)

// leftovers are the lines that have the old name after all, in a form without a rule or in a file
// without one. The prefix of environment variables and the labels of formats stay.
func (r *rewriter) leftovers(k kind, name string, content []byte) []string {
	if k == kept || k == binary {
		return nil
	}
	var found []string
	number := 0
	for line := range bytes.Lines(content) {
		number++
		if k == locked || k == unknown || bytes.Contains(bytes.ToLower(line), []byte(oldName)) && old.Match(r.words.ReplaceAll(line, nil)) {
			if old.Match(line) {
				found = append(found, fmt.Sprintf("%s:%d", name, number))
			}
		}
	}
	return found
}

// old matches every form of the name but the prefix of environment variables.
var old = regexp.MustCompile(oldName + `|` + oldTitle + `|` + strings.ToUpper(oldName) + `(?:[^_]|$)`)

// origin begins the line of the README that says where the tree comes from.
const origin = "Made from " + oldTitle
