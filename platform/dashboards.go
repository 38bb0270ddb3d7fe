package platform

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Kinds of widgets.
const (
	Chart = "timeSeries" // lines over time
	Rows  = "table"      // those of a query
)

// Widget is one part of a dashboard: metrics, or a query of logs.
type Widget struct {
	Title string
	// Kind is Chart or Rows.
	Kind string
	// Width is in columns, 24 to a row.
	Width int
	// Metrics are the lines, and what the Expressions use.
	Metrics []Metric
	// Expressions are lines of metric math.
	Expressions []Expression
	// PeriodSeconds is that of the points; 300 when zero.
	PeriodSeconds int
	// Unit is what the axis counts, such as "ms"; empty says nothing.
	Unit string
	// LogGroups and Query make a widget of CloudWatch Logs Insights instead of metrics. A group may be a $name.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
	LogGroups []string
	Query     string
	// Ranking is the name of a rule, a $name, and makes a widget of its ten first instead.
	Ranking string
}

// Expression is metric math over the metrics of its widget, by their IDs.
type Expression struct{ ID, Math, Label string }

// Dashboard is a page of widgets.
type Dashboard struct {
	// Name follows project and stack.
	Name string
	// Days is the time that it shows when it is opened; 0 is CloudWatch's own choice, of hours.
	Days    int
	Widgets []Widget
}

// DashboardsArgs describe dashboards.
type DashboardsArgs struct {
	Dashboards []Dashboard
	Names      Names
	// Region is that of all metrics and logs.
	Region string
}

// Dashboards are CloudWatch dashboards.
type Dashboards struct {
	pulumi.ResourceState
}

// NewDashboards makes the dashboards.
func NewDashboards(ctx *pulumi.Context, name string, args *DashboardsArgs, opts ...pulumi.ResourceOption) (*Dashboards, error) {
	if err := args.validate(name); err != nil {
		return nil, err
	}
	c := &Dashboards{}
	if err := ctx.RegisterComponentResource("leasehold:platform:Dashboards", name, c, opts...); err != nil {
		return nil, err
	}
	for _, d := range args.Dashboards {
		body, err := d.Body(args.Region)
		if err != nil {
			return nil, fmt.Errorf("dashboard %q: %w", d.Name, err)
		}
		_, err = cloudwatch.NewDashboard(ctx, name+"-"+d.Name, &cloudwatch.DashboardArgs{
			DashboardName: pulumi.String(fmt.Sprintf("%s-%s-%s", ctx.Project(), ctx.Stack(), d.Name)),
			DashboardBody: args.Names.fill(body),
		}, pulumi.Parent(c))
		if err != nil {
			return nil, fmt.Errorf("dashboard %q: %w", d.Name, err)
		}
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

func (args *DashboardsArgs) validate(name string) error {
	c := newChecks("Dashboards", name)
	c.want(args.Region != "", "Region", "must not be empty")
	for _, d := range args.Dashboards {
		c.want(alarmName.MatchString(d.Name), "Dashboards", "must have names of lower-case words with hyphens, not %q", d.Name)
		for _, w := range d.Widgets {
			field := d.Name + ": " + w.Title
			c.want(w.Title != "" && slices.Contains([]string{Chart, Rows}, w.Kind), field, "must have a title and a kind")
			c.between(field+": Width", w.Width, 1, columns)
			kinds := 0
			for _, is := range []bool{w.Query != "", len(w.Metrics) > 0, w.Ranking != ""} {
				if is {
					kinds++
				}
			}
			c.want((w.Query != "") == (len(w.LogGroups) > 0) && kinds == 1, field, "must have metrics, a query and its log groups, or a ranking")
			c.want(w.Ranking == "" || args.Names[strings.TrimPrefix(w.Ranking, "$")] != nil, field, "must not name %s, which is not in Names", w.Ranking)
			for _, m := range w.Metrics {
				args.Names.check(c, field, m)
			}
		}
	}
	return c.err()
}

// The grid of a dashboard.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
const (
	columns      = 24
	widgetHeight = 6
)

// placed is a widget as CloudWatch writes it.
type placed struct {
	Type       string         `json:"type"`
	X          int            `json:"x"`
	Y          int            `json:"y"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

// Body is the dashboard as CloudWatch reads it, with the $names still in it. Widgets fill rows in their order. Their
// periods stay what they are: by itself CloudWatch has them follow the time shown, and a sum a day becomes one a minute.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
func (d Dashboard) Body(region string) (string, error) {
	widgets := make([]placed, 0, len(d.Widgets))
	x, y := 0, 0
	for _, w := range d.Widgets {
		if x+w.Width > columns {
			x, y = 0, y+widgetHeight
		}
		p := placed{Type: "metric", X: x, Y: y, Width: w.Width, Height: widgetHeight, Properties: w.metrics()}
		switch {
		case w.Query != "":
			p.Type, p.Properties = "log", w.logs()
		case w.Ranking != "":
			p.Properties = w.ranking()
		}
		p.Properties["title"], p.Properties["view"], p.Properties["region"] = w.Title, w.Kind, region
		widgets = append(widgets, p)
		x += w.Width
	}
	whole := map[string]any{"widgets": widgets, "periodOverride": "inherit"}
	if d.Days > 0 {
		whole["start"] = fmt.Sprintf("-P%dD", d.Days)
	}
	body, err := json.Marshal(whole)
	if err != nil {
		return "", fmt.Errorf("body: %w", err)
	}
	return string(body), nil
}

func (w *Widget) logs() map[string]any {
	query := ""
	for _, group := range w.LogGroups {
		query += "SOURCE '" + group + "' | "
	}
	return map[string]any{"query": query + w.Query}
}

// rankingPeriod is that of the points, in seconds.
const rankingPeriod = 300

func (w *Widget) ranking() map[string]any {
	return map[string]any{
		"insightRule": map[string]any{"ruleName": w.Ranking, "maxContributorCount": 10, "orderBy": "Sum"}, "period": rankingPeriod,
	}
}

func (w *Widget) metrics() map[string]any {
	var lines []any
	for _, e := range w.Expressions {
		lines = append(lines, []any{map[string]any{"id": e.ID, "expression": e.Math, "label": e.Label}})
	}
	for _, m := range w.Metrics {
		lines = append(lines, m.line())
	}
	period := w.PeriodSeconds
	if period == 0 {
		period = 300
	}
	properties := map[string]any{"metrics": lines, "period": period}
	if w.Unit != "" {
		properties["yAxis"] = map[string]any{"left": map[string]any{"label": w.Unit, "showUnits": false, "min": 0}}
	}
	return properties
}

// line is [namespace, name, dimension, value, …, options]. The dimensions are in order, so that the body is the same each time.
func (m Metric) line() []any {
	line := []any{m.Namespace, m.Name}
	for _, key := range slices.Sorted(maps.Keys(m.Dimensions)) {
		line = append(line, key, m.Dimensions[key])
	}
	options := map[string]any{"stat": m.Statistic}
	if m.ID != "" {
		options["id"] = m.ID
	}
	if m.Label != "" {
		options["label"] = m.Label
	}
	if m.Hidden {
		options["visible"] = false
	}
	return append(line, options)
}
