package docs

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// Page is what the checks need of a Markdown file.
type Page struct {
	Path    string // slash-separated, relative to the repository's root
	Blocks  []Block
	Links   []Link
	Spans   []Span          // inline code
	Anchors map[string]bool // as GitHub makes them of headings, and ids of HTML
	Needs   string          // of the mark "every block needs"; empty: none
}

// Block is a block of code.
type Block struct {
	Page string
	Line int
	Lang string // of the fence; empty: it names none, or the block is an indented one
	Text string // without the indentation of the list that it is in
	// Marks are the comments before it, `<!-- key: value -->`, by key. An absent one is not set.
	Marks map[string]string
}

// At returns where the block is, for messages.
func (b Block) At() string { return fmt.Sprintf("%s:%d", b.Page, b.Line) }

func (b Block) has(mark string) bool {
	_, ok := b.Marks[mark]
	return ok
}

// Link is where a link or an image leads.
type Link struct {
	Line int
	To   string
}

// Span is inline code.
type Span struct {
	Line int
	Text string
}

// everyBlock is the mark that stands for one before each block of shell commands.
const everyBlock = "every block needs"

var (
	mark    = regexp.MustCompile(`<!--\s*([a-z][a-z ]*?)(?::\s*(.*?))?\s*-->`)
	htmlID  = regexp.MustCompile(`\bid="([^"]+)"`)
	parser  = goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()
	ignored = func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Pc, r) && r != '-' && r != ' '
	}
)

// Parse reads a page.
func Parse(path string, src []byte) Page {
	p := Page{Path: path, Anchors: map[string]bool{}}
	line := 1
	_ = ast.Walk(parser.Parse(text.NewReader(src)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			if pos := n.Pos(); pos >= 0 && pos <= len(src) {
				line = 1 + strings.Count(string(src[:pos]), "\n")
			}
			p.add(n, src, line)
		}
		return ast.WalkContinue, nil
	})
	return p
}

func (p *Page) add(n ast.Node, src []byte, line int) {
	switch n := n.(type) {
	case *ast.Heading:
		p.anchor(slug(plain(n, src)))
	case *ast.Link:
		p.Links = append(p.Links, Link{line, string(n.Destination)})
	case *ast.Image:
		p.Links = append(p.Links, Link{line, string(n.Destination)})
	case *ast.AutoLink:
		if n.AutoLinkType == ast.AutoLinkURL {
			p.Links = append(p.Links, Link{line, string(n.URL(src))})
		}
	case *ast.CodeSpan:
		p.Spans = append(p.Spans, Span{line, plain(n, src)})
	case *ast.FencedCodeBlock:
		p.Blocks = append(p.Blocks, p.block(n, string(n.Language(src)), src, line))
	case *ast.CodeBlock:
		p.Blocks = append(p.Blocks, p.block(n, "", src, line))
	case *ast.HTMLBlock:
		for key, value := range marks(n, src) {
			if key == everyBlock {
				p.Needs = value
			}
		}
		p.ids(lines(n, src))
	case *ast.RawHTML:
		p.ids(string(n.Segments.Value(src)))
	}
}

func (p *Page) block(n ast.Node, lang string, src []byte, line int) Block {
	b := Block{Page: p.Path, Line: line, Lang: lang, Text: lines(n, src), Marks: map[string]string{}}
	for before := n.PreviousSibling(); before != nil && before.Kind() == ast.KindHTMLBlock; before = before.PreviousSibling() {
		for key, value := range marks(before, src) {
			b.Marks[key] = value
		}
	}
	return b
}

func (p *Page) ids(html string) {
	for _, m := range htmlID.FindAllStringSubmatch(html, -1) {
		p.Anchors[m[1]] = true
	}
}

// anchor adds a heading's, with GitHub's number for one that is there already.
func (p *Page) anchor(name string) {
	unique := name
	for i := 1; p.Anchors[unique]; i++ {
		unique = fmt.Sprintf("%s-%d", name, i)
	}
	p.Anchors[unique] = true
}

// slug is how GitHub, and docs/.vitepress/config.mjs, make an anchor of a heading.
func slug(heading string) string {
	kept := strings.Map(func(r rune) rune {
		if ignored(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, strings.TrimSpace(heading))
	return strings.ReplaceAll(kept, " ", "-")
}

func marks(n ast.Node, src []byte) map[string]string {
	found := map[string]string{}
	for _, m := range mark.FindAllStringSubmatch(lines(n, src), -1) {
		found[m[1]] = m[2]
	}
	return found
}

func lines(n ast.Node, src []byte) string {
	return string(n.Lines().Value(src))
}

// plain returns the text of a node without its formatting.
func plain(n ast.Node, src []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Segment.Value(src))
			if t.SoftLineBreak() {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
