package page_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"leasehold.example/libs/observe/metric"
	"leasehold.example/platform"
	"leasehold.example/stacks/watch"
	"leasehold.example/stacks/watch/page"
)

// drawn is a stack at an edge, and the titles of its widgets.
func drawn(t *testing.T, http bool) (s page.Stack, titles []string) {
	t.Helper()
	settings := watch.Settings{HTTP: http, Firewall: !http, Stage: "prod", Region: "eu-central-1", Operations: []string{"GetItem"}}
	s = page.Stack{Name: "prod", Rules: map[string]string{}}
	for _, r := range settings.Rankings() {
		s.Rules["$"+r.Name] = `{"Contribution":{"Keys":["$.tenant"]}}`
	}
	for _, d := range watch.Dashboards(settings) {
		body, err := d.Body(settings.Region)
		if err != nil {
			t.Fatal(err)
		}
		body = strings.NewReplacer("$"+watch.NameServerLogs, "leasehold-prod-mcp", "$"+watch.NameAuthorizerLogs, "leasehold-prod-authorizer").Replace(body)
		s.Dashboards = append(s.Dashboards, page.Dashboard{Name: d.Name, Body: body})
		for _, w := range d.Widgets {
			titles = append(titles, w.Title)
		}
	}
	return s, titles
}

// run is what functions write that emit every metric once, but those left out.
func run(t *testing.T, without ...string) *page.Figures {
	t.Helper()
	logs := map[string]io.Reader{}
	for _, service := range []string{metric.ServiceMCP, metric.ServiceAuthorizer} {
		line := map[string]any{"timestamp": "2026-01-02T03:04:05Z", "message": metric.SummaryMessage, "tenant": "acme", "Service": service}
		for _, m := range metric.All() {
			if m.Emits(service) {
				line[m.Name] = 1
			}
		}
		for _, name := range without {
			delete(line, name)
		}
		text, err := json.Marshal(line)
		if err != nil {
			t.Fatal(err)
		}
		logs[service] = bytes.NewReader(text)
	}
	return figures(t, logs)
}

func figures(t *testing.T, logs map[string]io.Reader) *page.Figures {
	t.Helper()
	f, err := page.ReadFigures(logs)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The page has every widget with something in it, needs nothing from elsewhere, and is the same each time.
func TestRender(t *testing.T) {
	t.Parallel()
	for _, http := range []bool{false, true} {
		s, titles := drawn(t, http)
		html, err := page.Render(s, run(t))
		if err != nil {
			t.Fatal(err)
		}
		text := string(html)
		for _, title := range titles {
			if !strings.Contains(text, "<h3>"+title) {
				t.Errorf("there is no %q", title)
			}
		}
		if drawn := strings.Count(text, "<svg") + strings.Count(text, "<table>"); drawn != len(titles) {
			t.Errorf("%d charts and tables for %d widgets", drawn, len(titles))
		}
		for _, foreign := range []string{"http:", "https:", "<script", "url(", "@import", "NaN"} {
			if strings.Contains(text, foreign) {
				t.Errorf("the page has %q", foreign)
			}
		}
		again, err := page.Render(s, run(t))
		if err != nil || !bytes.Equal(html, again) {
			t.Errorf("drawn anew it is another, %v", err)
		}
	}
}

// A metric that the run did not bring about is an error, whichever it is: nothing is made up in its place.
func TestRenderWantsEveryMetric(t *testing.T) {
	t.Parallel()
	s, _ := drawn(t, false)
	for _, m := range metric.All() {
		if _, err := page.Render(s, run(t, m.Name)); err == nil || !strings.Contains(err.Error(), "the run emitted no "+m.Name) {
			t.Errorf("without %s: %v", m.Name, err)
		}
	}
}

// one renders a dashboard of one widget.
func one(t *testing.T, w platform.Widget, rules map[string]string, f *page.Figures) (string, error) {
	t.Helper()
	w.Title, w.Width = "T", 8
	body, err := platform.Dashboard{Name: "d", Widgets: []platform.Widget{w}}.Body("eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	html, err := page.Render(page.Stack{Name: "prod", Dashboards: []page.Dashboard{{Name: "d", Body: body}}, Rules: rules}, f)
	_, section, _ := strings.Cut(string(html), "<section")
	return section, err
}

// short is a run of a server: two tenants within a tenth of a second, and a panic.
func short(t *testing.T) *page.Figures {
	t.Helper()
	var log strings.Builder
	for i, line := range []string{
		`"message":"request","tenant":"acme","tool":"math","outcome":"ok","durationMs":9,"Service":"mcp","Requests":1,"StoreLatency":[1,2,9]`,
		`"message":"request","tenant":"acme","tool":"math","outcome":"ok","durationMs":5,"Service":"mcp","Requests":1,"StoreLatency":4`,
		`"message":"request","tenant":"acme","tool":"whoami","outcome":"ToolErrors","durationMs":1.234,"Service":"mcp","Requests":1`,
		`"message":"request","tenant":"globex","outcome":"InternalErrors","InternalErrors":2,"durationMs":3,"Service":"mcp","Requests":1`,
		`"message":"panic in a handler","level":"ERROR"`,
		`"message":"request","outcome":"AuthFailures","Service":"mcp","Requests":1`,
	} {
		_, _ = fmt.Fprintf(&log, `{"timestamp":"2026-01-02T03:04:05.%03dZ",%s}`+"\n", i*20, line)
	}
	return figures(t, map[string]io.Reader{metric.ServiceMCP: strings.NewReader(log.String())})
}

// Figures of the functions are those of their logs, and AWS's own are marked.
func TestRenderFigures(t *testing.T) {
	t.Parallel()
	own := func(name, statistic string) platform.Metric {
		return platform.Metric{Namespace: metric.Namespace, Name: name, Statistic: statistic, Dimensions: map[string]string{"Service": "mcp", "Stage": "prod"}}
	}
	logs := []string{"/aws/lambda/leasehold-prod-mcp"}
	for name, tt := range map[string]struct {
		widget platform.Widget
		want   []string
		never  []string
	}{
		"a sum": {
			platform.Widget{Kind: platform.Chart, Metrics: []platform.Metric{own("Requests", "Sum")}},
			[]string{"Requests <b>1</b>", `<div class="axis">1 `},
			[]string{"made up", "dasharray"},
		},
		"the median": {
			platform.Widget{Kind: platform.Chart, Metrics: []platform.Metric{own("StoreLatency", "p50")}},
			[]string{`<div class="axis">4 `},
			nil,
		},
		"a percentile, of the values in one line too": {
			platform.Widget{Kind: platform.Chart, Metrics: []platform.Metric{own("StoreLatency", "p50"), own("StoreLatency", "p90")}},
			[]string{"StoreLatency p50 <b>4</b>", "StoreLatency p90 <b>4</b>", `<div class="axis">9 `},
			[]string{"made up"},
		},
		"a metric of AWS": {
			platform.Widget{Kind: platform.Chart, Metrics: []platform.Metric{
				own("Requests", "Sum"), {Namespace: "AWS/Lambda", Name: "Errors", Statistic: "Sum", Label: "errors"},
			}},
			[]string{"Requests <b>", "errors* <b>", "* made up", "dasharray"},
			[]string{"Requests* "},
		},
		"what a chart hides": {
			platform.Widget{
				Kind: platform.Chart, Metrics: []platform.Metric{{ID: "m", Namespace: "AWS/Lambda", Name: "Hidden", Statistic: "Sum", Hidden: true}},
				Expressions: []platform.Expression{{ID: "e", Math: "m * 2", Label: "shown"}},
			},
			[]string{"shown* <b>"},
			[]string{"Hidden"},
		},
		"a query by a field": {
			platform.Widget{
				Kind: platform.Rows, LogGroups: logs,
				Query: `filter message = "request" | filter ispresent(tool) | stats count(*) as calls, pct(durationMs, 90) as p90Ms by tool | sort calls desc | limit 10`,
			},
			[]string{"<th>tool</th><th>calls</th><th>p90Ms</th></tr><tr><td>math</td><td>2</td><td>9</td></tr><tr><td>whoami</td><td>1</td><td>1.23</td></tr></table>"},
			[]string{"made up"},
		},
		"a query for lines": {
			platform.Widget{
				Kind: platform.Rows, LogGroups: logs,
				Query: `filter InternalErrors > 1 or @message like /^.*panic/ | fields @timestamp, tenant, message | sort @timestamp desc | limit 50`,
			},
			[]string{"<tr><td>03:04:05.080</td><td></td><td>panic in a handler</td></tr><tr><td>03:04:05.060</td><td>globex</td><td>request</td></tr></table>"},
			nil,
		},
		"a limit": {
			platform.Widget{Kind: platform.Rows, LogGroups: logs, Query: `fields message | limit 1`},
			[]string{"<td>request</td></tr></table>"},
			nil,
		},
		"a query over time": {
			platform.Widget{Kind: platform.Chart, LogGroups: logs, Query: `filter ispresent(tenant) | stats count_distinct(tenant) as tenants, count(tool) as tools by bin(1d)`},
			[]string{"tenants <b>0</b>", "tools <b>0</b>", `<div class="axis">1 `},
			[]string{"made up"},
		},
		"a query of Lambda's own lines": {
			platform.Widget{Kind: platform.Chart, LogGroups: logs, Query: `filter @type = "REPORT" | stats pct(@initDuration, 50) as p50 by bin(1h)`},
			[]string{"p50* <b>", "* made up"},
			nil,
		},
		"another function's log": {
			platform.Widget{Kind: platform.Rows, LogGroups: []string{"/aws/lambda/leasehold-prod-authorizer"}, Query: `fields message`},
			[]string{"<th>message</th></tr></table>"},
			nil,
		},
		"a ranking": {
			platform.Widget{Kind: platform.Chart, Ranking: "tenants"},
			[]string{"acme ToolErrors <b>0</b>", "globex InternalErrors <b>0</b>"},
			[]string{"acme ok", "AuthFailures", "made up"},
		},
	} {
		got, err := one(t, tt.widget, map[string]string{
			"tenants": `{"Contribution":{"Keys":["$.tenant","$.outcome"],"Filters":[{"Match":"$.message","In":["request"]},{"Match":"$.outcome","NotIn":["ok"]}]}}`,
		}, short(t))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: there is no %q in %s", name, want, got)
			}
		}
		for _, never := range tt.never {
			if strings.Contains(got, never) {
				t.Errorf("%s: there is %q in %s", name, never, got)
			}
		}
	}
}

// What cannot be drawn is an error with its place.
func TestRenderFails(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"{": "dashboard d: unexpected end", `{"widgets":[{"properties":{"title":"T"}}]}`: "dashboard d: T: nothing is drawn",
		`{"widgets":[{"properties":{"title":"T","metrics":[["AWS/Lambda","Errors"]]}}]}`:                                         "T: a metric without options",
		`{"widgets":[{"properties":{"title":"T","metrics":[["Leasehold","Requests","Service","mcp",{"stat":"Maximum"}]]}}]}`:     `statistic "Maximum" is neither`,
		`{"widgets":[{"properties":{"title":"T","insightRule":{"ruleName":"nobodys"}}}]}`:                                        "T: rule:",
		`{"widgets":[{"properties":{"title":"T","query":"SOURCE 'x-mcp' | parse message"}}]}`:                                    `does not know "parse"`,
		`{"widgets":[{"properties":{"title":"T","query":"SOURCE 'x-mcp' | filter a != 1"}}]}`:                                    `does not know "a != 1"`,
		`{"widgets":[{"properties":{"title":"T","query":"SOURCE 'x-mcp' | stats avg(x) by y"}}]}`:                                `does not know "avg(x)"`,
		`{"widgets":[{"properties":{"title":"T","view":"table","query":"SOURCE 'x-mcp' | fields message | sort tenant desc"}}]}`: `no column "tenant"`,
	} {
		if _, err := page.Render(page.Stack{Dashboards: []page.Dashboard{{Name: "d", Body: body}}}, short(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", body, err)
		}
	}
	for log, want := range map[string]string{
		"": "log of mcp: it is empty", "panic: x": "log of mcp, line 1: invalid character",
		`{"timestamp":"yesterday"}`: "log of mcp, line 1: parsing time",
	} {
		if _, err := page.ReadFigures(map[string]io.Reader{metric.ServiceMCP: strings.NewReader(log)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", log, err)
		}
	}
}
