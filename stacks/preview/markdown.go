package preview

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// commentLimit is a little under what GitHub takes in one comment, 65,536 characters.
const commentLimit = 65_000

// Markdown is the report as a comment on a pull request: warnings first, the long parts
// folded. Its first line is the same in every preview of a stack, so that a workflow finds
// the comment that it wrote before and replaces it. A part that does not fit into a comment
// is left out, and it says so.
func (r *Report) Markdown() string {
	w := &markdown{}
	w.line("<!-- leasehold-preview: %s/%s -->", r.Project, r.Stack)
	w.line("## Preview of `%s`\n\n%s", r.Stack, escape(r.facts()))
	w.warnings(r)
	w.findings(r)
	if r.Changes != nil {
		title := "Differences from " + r.Changes.Against + ": " + r.Changes.counts()
		if body := r.Changes.markdown(); body != "" {
			w.fold(title, body)
		} else {
			w.line("\n%s.", escape(title))
		}
	}
	w.fold("Resources", fenced("", r.plainTree()))
	w.fold("Outputs", r.outputTable())
	w.fold("Components and what they use", fenced("mermaid", r.Mermaid()))
	return w.String()
}

type markdown struct{ bytes.Buffer }

func (w *markdown) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// fold adds a part that opens on a click, if there is one and it fits.
func (w *markdown) fold(summary, body string) {
	if body == "" {
		return
	}
	part := fmt.Sprintf("\n<details>\n<summary>%s</summary>\n\n%s\n</details>\n", escape(summary), body)
	if w.Len()+len(part) > commentLimit {
		part = fmt.Sprintf("\n*%s: left out, too long for a comment; `make preview` prints it.*\n", escape(summary))
	}
	w.WriteString(part)
}

// alert is GitHub's: https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#alerts
func (w *markdown) alert(level, title string, items []string) {
	if len(items) == 0 {
		return
	}
	w.line("\n> [!%s]\n> **%s**\n>", level, title)
	for _, item := range items {
		w.line("> - %s", item)
	}
}

func (w *markdown) warnings(r *Report) {
	if r.Changes != nil {
		var items []string
		for _, loss := range r.Changes.Stateful {
			items = append(items, fmt.Sprintf("%s (%s) %s", code(loss.Name), escape(kind(loss.Type)), escape(loss.sentence())))
		}
		w.alert("CAUTION", r.Changes.lossTitle()+" (an estimate)", items)
	}
	var items []string
	for _, text := range r.Warnings {
		items = append(items, escape(text))
	}
	w.alert("WARNING", "The program warns", items)
}

func (w *markdown) findings(r *Report) {
	w.line("\n### Policy findings: %s", r.findingCount())
	if len(r.Findings) == 0 {
		return
	}
	w.line("\n| Level | Policy | Resource | Finding |\n|---|---|---|---|")
	for _, f := range r.Findings {
		level := f.Level
		if level == Mandatory {
			level = "**" + level + "**"
		}
		w.line("| %s | %s | %s | %s |", level, code(f.Policy), code(f.subject()), escape(f.Message))
	}
}

func (r *Report) plainTree() string {
	w := &markdown{}
	for _, row := range r.tree() {
		w.line("%s%s  %s", row.stem, row.Name, strings.TrimSpace(kind(row.Type)+"  "+strings.Join(row.Settings, " "+separator+" ")))
	}
	return w.String()
}

func (r *Report) outputTable() string {
	if len(r.Outputs) == 0 {
		return ""
	}
	w := &markdown{}
	w.line("Ids, ARNs and URLs are invented.\n\n| Output | Value |\n|---|---|")
	for _, name := range slices.Sorted(maps.Keys(r.Outputs)) {
		w.line("| %s | %s |", code(name), code(short(r.Outputs[name])))
	}
	return w.String()
}

func (c *Changes) markdown() string {
	w := &markdown{}
	for _, part := range []struct {
		title string
		refs  []Ref
	}{{"Added", c.Added}, {"Removed", c.Removed}} {
		if len(part.refs) == 0 {
			continue
		}
		w.line("**%s**\n\n| Resource | Type |\n|---|---|", part.title)
		for _, r := range part.refs {
			w.line("| %s | %s |", code(r.Name), escape(kind(r.Type)))
		}
		w.line("")
	}
	if len(c.Changed)+len(c.Tags)+len(c.Outputs) == 0 {
		return w.String()
	}
	w.line("**Changed**\n\n| Resource | Input | Was | Is |\n|---|---|---|---|")
	for _, change := range c.Changed {
		if change.Was != "" {
			w.row(change.Name, Difference{Path: "(URN)", Was: key(change.Was), Is: key(change.URN)})
		}
		for _, d := range change.Differences {
			w.row(change.Name+change.replacement(), d)
		}
	}
	for _, d := range c.Tags {
		w.row(fmt.Sprintf("%d resources", d.Resources), d.Difference)
	}
	for _, d := range c.Outputs {
		w.row("outputs", d)
	}
	return w.String()
}

func (w *markdown) row(name string, d Difference) {
	w.line("| %s | %s | %s | %s |", code(name), code(d.Path), code(clip(short(d.Was))), code(clip(short(d.Is))))
}

// fenced is a block of code whose fence is longer than any in the text.
func fenced(language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + strings.TrimRight(text, "\n") + "\n" + fence
}

// code is a text in a code span that can stand in a table: there, GitHub ends a cell at a
// bar even inside of code, unless it is escaped.
func code(text string) string {
	ticks := "`"
	for strings.Contains(text, ticks) {
		ticks += "`"
	}
	text = strings.ReplaceAll(text, "|", `\|`)
	if text == "" || text[0] == '`' || text[len(text)-1] == '`' {
		text = " " + text + " "
	}
	return ticks + text + ticks
}

// escape makes a text mean itself in Markdown, on one line.
func escape(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "@", "&#64;").Replace(text)
}
