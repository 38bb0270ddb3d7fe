package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// limit is a little under what GitHub takes in one comment, 65,536 characters. We count bytes,
// which are never fewer.
const limit = 65_000

// section is a part of the comment.
type section struct {
	head  string // always shown, as far as it fits; whole lines of Markdown without code blocks that were cut
	folds []fold // opened on a click; one that does not fit is left out
}

// fold is Markdown behind a summary, which is Markdown too.
type fold struct{ summary, body string }

func (f fold) String() string {
	return fmt.Sprintf("\n<details>\n<summary>%s</summary>\n\n%s\n</details>\n", f.summary, strings.TrimRight(f.body, "\n"))
}

func (s section) String() string {
	var all strings.Builder
	all.WriteString(s.head)
	for _, f := range s.folds {
		all.WriteString(f.String())
	}
	return all.String()
}

// comment puts the sections together. Those that ask for more than an equal share of the room
// get what the smaller ones leave.
func comment(sections []section) string {
	room := limit - len(Marker) - 1
	bySize := make([]int, len(sections))
	for i := range bySize {
		bySize[i] = i
	}
	slices.SortFunc(bySize, func(a, b int) int { return cmp.Compare(len(sections[a].String()), len(sections[b].String())) })
	texts := make([]string, len(sections))
	for done, i := range bySize {
		texts[i] = "\n" + sections[i].fit(room/(len(sections)-done)-1)
		room -= len(texts[i])
	}
	return Marker + "\n" + strings.Join(texts, "")
}

// fit is the section in at most n bytes. It says what is not there.
func (s section) fit(n int) string {
	if whole := s.String(); len(whole) <= n {
		return whole
	}
	const rest = "\n*The rest is left out: too long for a comment.*\n"
	var names []string
	for _, f := range s.folds {
		names = append(names, f.summary)
	}
	// The room for the sentence is kept as if it had to name every fold.
	most := len(omitted(names))
	head, whole := lines(s.head, n-most-len(rest))
	if !whole {
		head += rest
	}
	names = nil
	for _, f := range s.folds {
		if len(head)+len(f.String())+most > n {
			names = append(names, f.summary)
			continue
		}
		head += f.String()
	}
	return head + omitted(names)
}

func omitted(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "\n*Left out, too long for a comment:*\n\n- " + strings.Join(names, "\n- ") + "\n"
}

// lines are those of text that fit into n bytes, and whether these are all.
func lines(text string, n int) (fitting string, whole bool) {
	if len(text) <= n {
		return text, true
	}
	return text[:strings.LastIndexByte(text[:max(n, 0)], '\n')+1], false
}

// parse reads what `make preview FORMAT=markdown` prints, which escapes what it shows: a marker of
// its own, a head, and folds. A line of code that looks like the end of a fold is none.
func parse(markdown string) section {
	var s section
	var in *fold
	fence := ""
	for line := range strings.Lines(markdown) {
		text := strings.TrimSuffix(line, "\n")
		ticks := text[:len(text)-len(strings.TrimLeft(text, "`"))]
		switch {
		case fence == "" && len(ticks) >= 3:
			fence = ticks
		case fence != "" && text == fence:
			fence = ""
		case fence == "" && strings.HasPrefix(text, "<!-- "):
			continue
		case fence == "" && text == "<details>":
			s.folds = append(s.folds, fold{})
			in = &s.folds[len(s.folds)-1]
			continue
		case fence == "" && text == "</details>":
			in = nil
			continue
		case fence == "" && in != nil && strings.HasPrefix(text, "<summary>"):
			in.summary = strings.TrimSuffix(strings.TrimPrefix(text, "<summary>"), "</summary>")
			continue
		}
		if in != nil {
			in.body += line
		} else {
			s.head += line
		}
	}
	s.head = strings.TrimRight(s.head, "\n") + "\n"
	for i := range s.folds {
		s.folds[i].body = strings.Trim(s.folds[i].body, "\n")
	}
	return s
}

// fenced shows text as it is, in a block of code whose fence is longer than any in it: nothing in
// there is Markdown, and GitHub tells nobody who is mentioned. Beyond n bytes it is cut at a line.
func fenced(text string, n int) string {
	text = strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
	text, whole := lines(text, n)
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	block := fence + "\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n"
	if !whole {
		block += "\n*The rest is left out: too long for a comment.*\n"
	}
	return block
}

// code is a name on one line, in a code span that it cannot end.
func code(name string) string {
	ticks := "`"
	for strings.Contains(name, ticks) {
		ticks += "`"
	}
	return ticks + " " + strings.Join(strings.Fields(name), " ") + " " + ticks
}
