// Package page draws CloudWatch dashboards into one HTML file that needs no network, with made-up figures: to see what
// a stack will have before it is there.
package page

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
)

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

// Render draws the dashboards of a stack.
func Render(stack string, dashboards []Dashboard) ([]byte, error) {
	type drawn struct {
		Name    string
		Widgets []widget
	}
	data := struct {
		Stack      string
		Dashboards []drawn
	}{Stack: stack}
	for _, d := range dashboards {
		var body struct{ Widgets []widget }
		if err := json.Unmarshal([]byte(d.Body), &body); err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", d.Name, err)
		}
		for i := range body.Widgets {
			if err := body.Widgets[i].draw(); err != nil {
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
	X, Y, Width, Height int
	Properties          struct {
		Title, View, Query string
		Period             int
		Metrics            [][]any
		YAxis              struct{ Left struct{ Label string } }
	}
	Lines   []line
	Columns []string
	Rows    [][]string
	Top     string // of the axis
}

// line is one metric of a chart.
type line struct{ Label, Color, Points, Last string }

var colors = []string{"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f"}

func (w *widget) draw() error {
	if w.Properties.Query != "" {
		names := columns(w.Properties.Query)
		if w.Properties.View == "table" {
			w.Columns, w.Rows = names, rows(names)
			return nil
		}
		w.chart(names[1:], w.Properties.Query) // the first is the time
		return nil
	}
	var labels []string
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
			label = fmt.Sprintf("%v %v", m[1], options["stat"])
		}
		labels = append(labels, strings.TrimSuffix(label, " Sum"))
	}
	if len(labels) == 0 {
		return fmt.Errorf("nothing is drawn")
	}
	w.chart(labels, fmt.Sprint(w.Properties.Metrics))
	return nil
}

// chart draws lines to one scale.
func (w *widget) chart(labels []string, about string) {
	values, top := make([][]float64, len(labels)), 0.0
	for i, label := range labels {
		values[i] = sample(label, about)
		top = max(top, slices.Max(values[i]))
	}
	if top == 0 {
		top = 1
	}
	for i, label := range labels {
		var points strings.Builder
		for x, v := range values[i] {
			_, _ = fmt.Fprintf(&points, "%d,%.1f ", x*10, 100-90*v/top)
		}
		w.Lines = append(w.Lines, line{label, colors[i%len(colors)], points.String(), number(values[i][len(values[i])-1])})
	}
	w.Top = number(top)
}

var (
	named = regexp.MustCompile(`\bas ([A-Za-z0-9]+)`)
	group = regexp.MustCompile(`\bby ([A-Za-z0-9]+)`)
	asked = regexp.MustCompile(`fields ([^|]+)`)
)

// columns are those of a query's answer; what it is grouped by comes first.
func columns(query string) []string {
	if m := asked.FindStringSubmatch(query); m != nil {
		return strings.Split(strings.TrimSpace(m[1]), ", ")
	}
	var all []string
	if m := group.FindStringSubmatch(query); m != nil {
		all = append(all, m[1])
	}
	for _, m := range named.FindAllStringSubmatch(query, -1) {
		all = append(all, m[1])
	}
	return all
}
