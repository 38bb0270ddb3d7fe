package page_test

import (
	"bytes"
	"strings"
	"testing"

	"leasehold.example/platform"
	"leasehold.example/stacks/watch"
	"leasehold.example/stacks/watch/page"
)

func dashboards(t *testing.T, http bool) (all []page.Dashboard, titles []string) {
	t.Helper()
	s := watch.Settings{HTTP: http, Firewall: !http, Stage: "prod", Region: "eu-central-1", TableActions: []string{"dynamodb:GetItem"}}
	for _, d := range watch.Dashboards(s) {
		body, err := d.Body(s.Region)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Dashboard{Name: d.Name, Body: body})
		for _, w := range d.Widgets {
			titles = append(titles, w.Title)
		}
	}
	return all, titles
}

// The page has every widget with something in it, needs nothing from elsewhere, and is the same each time.
func TestRender(t *testing.T) {
	t.Parallel()
	for _, http := range []bool{false, true} {
		all, titles := dashboards(t, http)
		html, err := page.Render("prod", all)
		if err != nil {
			t.Fatal(err)
		}
		text := string(html)
		for _, title := range titles {
			if !strings.Contains(text, "<h3>"+title+"</h3>") {
				t.Errorf("there is no %q", title)
			}
		}
		if drawn := strings.Count(text, "<polyline") + strings.Count(text, "<table>"); drawn < len(titles) {
			t.Errorf("%d charts and tables for %d widgets", drawn, len(titles))
		}
		for _, foreign := range []string{"http:", "https:", "<script", "url(", "@import", "NaN"} {
			if strings.Contains(text, foreign) {
				t.Errorf("the page has %q", foreign)
			}
		}
		again, err := page.Render("prod", all)
		if err != nil || !bytes.Equal(html, again) {
			t.Errorf("drawn anew it is another, %v", err)
		}
	}
}

// What a chart hides is not drawn, and what cannot be drawn is an error with its place.
func TestRenderWhatIsThere(t *testing.T) {
	t.Parallel()
	d := platform.Dashboard{Name: "d", Widgets: []platform.Widget{{
		Title: "Rate", Kind: platform.Chart, Width: 8, Metrics: []platform.Metric{{ID: "m", Name: "Hidden", Statistic: "Sum", Hidden: true}},
		Expressions: []platform.Expression{{ID: "e", Math: "m * 2", Label: "shown"}},
	}}}
	body, err := d.Body("eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	html, err := page.Render("prod", []page.Dashboard{{Name: "d", Body: body}})
	if err != nil || !strings.Contains(string(html), "shown <b>") || strings.Contains(string(html), "Hidden") {
		t.Errorf("got %s, %v", html, err)
	}
	for body, want := range map[string]string{
		"{": "dashboard d: unexpected end", `{"widgets":[{"properties":{"title":"T"}}]}`: "dashboard d: T: nothing is drawn",
		`{"widgets":[{"properties":{"title":"T","metrics":[["AWS/Lambda","Errors"]]}}]}`: "dashboard d: T: a metric without options",
	} {
		if _, err := page.Render("prod", []page.Dashboard{{Name: "d", Body: body}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", body, err)
		}
	}
}
