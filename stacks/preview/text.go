package preview

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Style says how text is laid out.
type Style struct {
	Color bool
	Width int // characters in a line; 0 means 100
}

// textReport writes a report for a terminal.
type textReport struct {
	bytes.Buffer
	Style
}

// Text is the report for a terminal.
func (r *Report) Text(s Style) string {
	if s.Width == 0 {
		s.Width = 100
	}
	w := &textReport{Style: s}
	w.head(r)
	w.warnings(r)
	w.findings(r)
	w.tree(r)
	w.outputs(r.Outputs)
	if r.Changes != nil {
		w.changes(r.Changes)
	}
	return w.String()
}

// SGR codes: https://en.wikipedia.org/wiki/ANSI_escape_code#SGR
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (w *textReport) paint(code, text string) string {
	if !w.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (w *textReport) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *textReport) heading(text, note string) {
	w.line("\n%s", strings.TrimSpace(w.paint(bold, text)+"  "+w.paint(dim, note)))
}

// item is a marked paragraph.
func (w *textReport) item(code, mark, text string) {
	for i, line := range wrap(text, 4, 4, w.Width) {
		if i > 0 {
			mark = " "
		}
		w.line("  %s %s", w.paint(code, mark), line)
	}
}

func (w *textReport) head(r *Report) {
	name := r.Project + " " + r.Stack + "  "
	for i, facts := range wrap(r.facts(), visible(name), 2, w.Width) {
		if i > 0 {
			name = "  "
		}
		w.line("%s%s", w.paint(bold, name), w.paint(dim, facts))
	}
}

// facts are the numbers of a report in one line.
func (r *Report) facts() string {
	components := 0
	for _, got := range r.Resources {
		if got.Component {
			components++
		}
	}
	facts := []string{fmt.Sprintf("%d resources in %d components", len(r.Resources)-components, components)}
	if r.Region != "" {
		facts = append(facts, r.Region)
	}
	if r.Account != "" {
		facts = append(facts, "account "+r.Account)
	}
	return strings.Join(facts, ", ")
}

func (w *textReport) warnings(r *Report) {
	if len(r.Warnings) > 0 {
		w.heading("Warnings", "of the program")
	}
	for _, text := range r.Warnings {
		w.item(yellow, "!", text)
	}
	if r.Changes == nil || len(r.Changes.Stateful) == 0 {
		return
	}
	w.heading(r.Changes.lossTitle(), "estimate")
	for _, loss := range r.Changes.Stateful {
		w.item(red, "!", w.paint(bold, loss.Name)+" "+kind(loss.Type)+" "+loss.sentence())
	}
}

// lossTitle is the heading of Stateful.
func (c *Changes) lossTitle() string {
	if c.OtherStack {
		return "Stateful resources that are not the same ones in both stacks"
	}
	return "Stateful resources that would be replaced or destroyed"
}

// sentence says what happens to it.
func (l Loss) sentence() string {
	if l.Effect == "refused" {
		return "cannot be changed in " + strings.Join(l.Because, ", ") + ": AWS refuses, and the update fails; another one would lose " + l.Loses
	}
	text := l.Effect
	if len(l.Because) > 0 {
		text += " because of " + strings.Join(l.Because, ", ")
	}
	text += ", losing " + l.Loses
	if l.Guard == "" {
		return text + "; nothing would stop it"
	}
	return text + " (" + l.Guard + ")"
}

func (w *textReport) findings(r *Report) {
	w.heading("Policy findings", r.findingCount())
	for _, f := range r.Findings {
		code, mark := yellow, "!"
		if f.Level == Mandatory {
			code, mark = red, "✗"
		}
		w.item(code, mark, fmt.Sprintf("%s %s %s: %s", w.paint(code, f.Level), f.Policy, w.paint(bold, f.subject()), f.Message))
	}
}

// findingCount counts the findings by level.
func (r *Report) findingCount() string {
	if len(r.Findings) == 0 {
		return "none"
	}
	mandatory := 0
	for _, f := range r.Findings {
		if f.Level == Mandatory {
			mandatory++
		}
	}
	return fmt.Sprintf("%d mandatory, %d advisory", mandatory, len(r.Findings)-mandatory)
}

// subject names the resource of a finding.
func (f Finding) subject() string {
	if f.URN == "" {
		return "the stack"
	}
	return f.URN[strings.LastIndex(f.URN, "::")+len("::"):]
}

func (w *textReport) tree(r *Report) {
	const below = "    " // indents what does not fit in the line
	w.heading("Resources", "")
	for _, row := range r.tree() {
		name, typ := row.Name, kind(row.Type)
		used := visible(row.stem + name + "  " + typ + "  ")
		if row.Component {
			name = w.paint(bold, name)
		}
		lines := wrap(strings.Join(row.Settings, " "+separator+" "), used, visible(row.below)+len(below), w.Width)
		w.line("%s", strings.TrimRight(w.paint(dim, row.stem)+name+"  "+w.paint(dim, typ)+"  "+lines[0], " "))
		for _, more := range lines[1:] {
			w.line("%s%s%s", w.paint(dim, row.below), below, more)
		}
	}
}

func (w *textReport) outputs(outputs map[string]any) {
	if len(outputs) > 0 {
		w.heading("Outputs", "ids, ARNs and URLs are invented")
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		w.line("  %s  %s", name, short(outputs[name]))
	}
}

func (w *textReport) changes(c *Changes) {
	w.heading("Differences from "+c.Against, c.counts())
	for _, r := range c.Added {
		w.line("  %s %s  %s", w.paint(green, "+"), r.Name, w.paint(dim, kind(r.Type)))
	}
	for _, r := range c.Removed {
		w.line("  %s %s  %s", w.paint(red, "-"), r.Name, w.paint(dim, kind(r.Type)))
	}
	for _, change := range c.Changed {
		w.line("  %s %s  %s%s", w.paint(yellow, "~"), change.Name, w.paint(dim, kind(change.Type)), w.paint(red, change.replacement()))
		if change.Was != "" {
			w.line("      was %s", key(change.Was))
		}
		w.differences(change.Differences)
	}
	for _, d := range c.Tags {
		w.line("  %s %d resources", w.paint(yellow, "~"), d.Resources)
		w.differences([]Difference{d.Difference})
	}
	if len(c.Outputs) > 0 {
		w.line("  %s outputs", w.paint(yellow, "~"))
		w.differences(c.Outputs)
	}
}

func (w *textReport) differences(all []Difference) {
	for _, d := range all {
		w.line("      %s: %s → %s", d.Path, w.paint(red, clip(short(d.Was))), w.paint(green, clip(short(d.Is))))
	}
}

// replacement says whether another resource takes its place.
func (c Change) replacement() string {
	if len(c.Replaced) == 0 {
		return ""
	}
	return "  replaced (estimate)"
}

// counts are the numbers of the changes in one line.
func (c *Changes) counts() string {
	if c.Empty() && c.Renamed == 0 {
		return "none"
	}
	text := fmt.Sprintf("%d added, %d removed, %d changed", len(c.Added), len(c.Removed), len(c.Changed))
	var beside []string
	if len(c.Tags) > 0 {
		beside = append(beside, "tags")
	}
	if len(c.Outputs) > 0 {
		beside = append(beside, "outputs")
	}
	if len(beside) > 0 {
		text += "; " + strings.Join(beside, " and ") + " differ"
	}
	if c.Renamed > 0 {
		text += fmt.Sprintf("; %d more are only the stack's name, account or region", c.Renamed)
	}
	return text
}

// clip shortens a value that is too long to compare by eye; the JSON has all of it.
func clip(text string) string {
	const most = 160
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
