// Package page draws CloudWatch dashboards into one HTML file that needs no network: to see what a stack will have
// before it is there. The functions' own figures are those of a run on this machine.
package page

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"regexp"
	"slices"
	"strings"

	"leasehold.example/libs/observe/metric"
)

// Stack is what is drawn of a stack.
type Stack struct {
	Name       string
	Dashboards []Dashboard
	// Rules are the definitions of its Contributor Insights rules, by the names that dashboards have for them.
	Rules map[string]string
}

// Dashboard is a dashboard as it is deployed.
type Dashboard struct {
	Name string
	// Body is CloudWatch's JSON.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
	Body string
}

//go:embed page.html
var text string

var layout = template.Must(template.New("page").Parse(text))

// Render draws the dashboards of a stack. What the functions emit has the figures of their run; what AWS emits,
// which no run here does, is made up and says so.
func Render(s Stack, f *Figures) ([]byte, error) {
	type drawn struct {
		Name    string
		Widgets []widget
	}
	data := struct {
		Stack      string
		Requests   int
		Seconds    string
		Dashboards []drawn
	}{Stack: s.Name, Requests: f.requests, Seconds: number(f.took.Seconds())}
	for _, d := range s.Dashboards {
		var body struct{ Widgets []widget }
		if err := json.Unmarshal([]byte(d.Body), &body); err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", d.Name, err)
		}
		for i := range body.Widgets {
			if err := body.Widgets[i].draw(s.Rules, f); err != nil {
				return nil, fmt.Errorf("dashboard %s: %s: %w", d.Name, body.Widgets[i].Properties.Title, err)
			}
		}
		data.Dashboards = append(data.Dashboards, drawn{d.Name, body.Widgets})
	}
	var out bytes.Buffer
	if err := layout.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	return out.Bytes(), nil
}

// widget is a part of a dashboard: what CloudWatch reads, and what is drawn of it.
type widget struct {
	Width      int
	Properties struct {
		Title, View, Query string
		Period             int
		Metrics            [][]any
		InsightRule        struct {
			RuleName            string
			MaxContributorCount int
		}
		YAxis struct{ Left struct{ Label string } }
	}
	Lines   []line
	Columns []string
	Rows    [][]string
	Top     string // of the axis
	// MadeUp is some, when a figure is.
	MadeUp bool
}

// line is one line of a chart.
type line struct {
	Label, Color, Points, Last string
	MadeUp                     bool

	values []float64
}

var colors = []string{"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"}

func (w *widget) draw(rules map[string]string, f *Figures) error {
	p := &w.Properties
	switch {
	case p.InsightRule.RuleName != "":
		first, err := f.rank(rules[p.InsightRule.RuleName], p.InsightRule.MaxContributorCount)
		for _, c := range first {
			w.Lines = append(w.Lines, line{Label: c.label, values: c.values})
		}
		return w.chart(err)
	case foreign(p.Query):
		for _, m := range named.FindAllStringSubmatch(p.Query, -1) {
			w.Lines = append(w.Lines, madeUp(m[1], p.Query))
		}
		return w.chart(nil)
	case p.Query != "":
		a, err := f.ask(p.Query)
		if err != nil {
			return err
		}
		if p.View == "table" {
			w.Columns, w.Rows = a.columns, a.rows[:min(len(a.rows), rowsShown)]
			return nil
		}
		for _, name := range slices.Sorted(maps.Keys(a.lines)) {
			w.Lines = append(w.Lines, line{Label: name, values: a.lines[name]})
		}
		return w.chart(nil)
	}
	return w.chart(w.metrics(f))
}

// rowsShown is how many rows of a table the page has room for.
const rowsShown = 8

// metrics are the lines of a chart of metrics.
func (w *widget) metrics(f *Figures) error {
	for _, m := range w.Properties.Metrics {
		options, ok := m[len(m)-1].(map[string]any)
		if !ok {
			return fmt.Errorf("a metric without options: %v", m)
		}
		if options["visible"] == false {
			continue
		}
		label, _ := options["label"].(string)
		if label == "" && len(m) > 1 {
			label = strings.TrimSuffix(fmt.Sprintf("%v %v", m[1], options["stat"]), " Sum")
		}
		if m[0] != metric.Namespace {
			w.Lines = append(w.Lines, madeUp(label, fmt.Sprint(w.Properties.Metrics)))
			continue
		}
		values, err := f.line(m)
		if err != nil {
			return err
		}
		w.Lines = append(w.Lines, line{Label: label, values: values})
	}
	return nil
}

func madeUp(label, about string) line {
	return line{Label: label, values: sample(label, about), MadeUp: true}
}

// chart draws the lines to one scale, unless making them failed.
func (w *widget) chart(err error) error {
	if err != nil {
		return err
	}
	if len(w.Lines) == 0 {
		return errors.New("nothing is drawn")
	}
	top := 0.0
	for _, l := range w.Lines {
		top = max(top, slices.Max(l.values))
		w.MadeUp = w.MadeUp || l.MadeUp
	}
	if top == 0 {
		top = 1
	}
	for i := range w.Lines {
		l := &w.Lines[i]
		var drawn strings.Builder
		for x, v := range l.values {
			_, _ = fmt.Fprintf(&drawn, "%d,%.1f ", x*10, 100-90*v/top)
		}
		l.Color, l.Points, l.Last = colors[i%len(colors)], drawn.String(), number(l.values[len(l.values)-1])
	}
	w.Top = number(top)
	return nil
}

var named = regexp.MustCompile(`\bas ([A-Za-z0-9]+)`)
