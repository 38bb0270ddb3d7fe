package watch_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"leasehold.example/libs/observe/metric"
	"leasehold.example/platform"
	"leasehold.example/stacks/watch"
)

// settings are those of a stack at each edge.
func settings() map[string]watch.Settings {
	s := watch.Settings{
		Stage: "prod", Region: "eu-central-1", Firewall: true, Pool: true, Indexes: []string{"by-handle", "by-tenant"},
		Operations: []string{"GetItem", "TransactWriteItems"}, ErrorPercent: 1, P90Millis: 1000, P99Millis: 5000,
		AuthFailures: 100, FirewallBlocks: 500, AccountConcurrency: 1000, AvailabilityPercent: 99.9, LatencyPercent: 99, LatencyMillis: 2000,
	}
	http := s
	http.HTTP, http.Firewall, http.Pool, http.Reserved = true, false, false, 50
	return map[string]watch.Settings{"rest": s, "http": http}
}

// used are all metrics, by what uses them.
func used(s watch.Settings) map[string][]platform.Metric {
	all := map[string][]platform.Metric{}
	for _, a := range watch.Alarms(s) {
		all["alarm "+a.Name] = a.Metrics
	}
	for _, d := range watch.Dashboards(s) {
		for _, w := range d.Widgets {
			all["dashboard "+d.Name+", "+w.Title] = w.Metrics
		}
	}
	return all
}

// Every metric that an alarm or a dashboard uses is one that the functions or AWS emit, under its own dimensions.
func TestWiring(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for edge, s := range settings() {
		for where, metrics := range used(s) {
			for _, m := range metrics {
				key, dimensions := m.Namespace+" "+m.Name, strings.Join(slices.Sorted(maps.Keys(m.Dimensions)), " ")
				if m.Namespace == metric.Namespace {
					wantOwn(t, edge+": "+where, s, m)
				} else if known, ok := aws[key]; !ok || !slices.Contains(known.dimensions, dimensions) {
					t.Errorf("%s: %s: AWS emits no %s under %q", edge, where, key, dimensions)
				}
				seen[key] = true
				for _, value := range m.Dimensions {
					if name, ref := strings.CutPrefix(value, "$"); ref && !slices.Contains(s.Names(), name) {
						t.Errorf("%s: %s: nobody knows %s", edge, where, value)
					}
				}
			}
		}
	}
	for key, known := range aws {
		if !seen[key] {
			t.Errorf("nothing uses %s of %s", key, known.page)
		}
	}
}

func wantOwn(t *testing.T, where string, s watch.Settings, m platform.Metric) {
	t.Helper()
	known, ok := metric.Find(m.Name)
	service := m.Dimensions[metric.DimensionService]
	if !ok || !known.Emits(service) || s.HTTP && service == metric.ServiceAuthorizer {
		t.Errorf("%s: %s does not emit %s", where, service, m.Name)
	}
	if m.Dimensions[metric.DimensionStage] != s.Stage || len(m.Dimensions) != 2 {
		t.Errorf("%s: %s has the dimensions %v", where, m.Name, m.Dimensions)
	}
	if counts := m.Statistic == "Sum"; counts != (known.Unit == metric.Count) {
		t.Errorf("%s: %s of %s, which is in %s", where, m.Statistic, m.Name, known.Unit)
	}
}

// Rankings count the server's lines by fields that a summary line has and by values that these can have, and a
// dashboard shows each.
func TestRankings(t *testing.T) {
	t.Parallel()
	lines := map[string]func(value string) bool{
		"message": func(v string) bool { return v == metric.SummaryMessage },
		metric.FieldOutcome: func(v string) bool {
			_, counted := metric.Find(v)
			return counted || v == metric.OutcomeOK || v == metric.OutcomeCancelled
		},
	}
	fields := []string{"message"}
	for _, f := range metric.Fields() {
		fields = append(fields, f.Name)
	}
	for edge, s := range settings() {
		shown := map[string]bool{}
		for _, d := range watch.Dashboards(s) {
			for _, w := range d.Widgets {
				shown[w.Ranking] = true
			}
		}
		for _, r := range s.Rankings() {
			for _, group := range r.LogGroups {
				if group != "$"+watch.NameServerLogs {
					t.Errorf("%s: %s looks at %s, whose lines have no tenant", edge, r.Name, group)
				}
			}
			for _, key := range r.Keys {
				if !slices.Contains(fields, key) {
					t.Errorf("%s: %s counts by %q, which no line has", edge, r.Name, key)
				}
			}
			for _, filter := range []map[string][]string{r.Only, r.Except} {
				for field, values := range filter {
					if known := lines[field]; known == nil || slices.ContainsFunc(values, func(v string) bool { return !known(v) }) {
						t.Errorf("%s: %s looks for %s in %q", edge, r.Name, field, values)
					}
				}
			}
			if !shown["$"+r.Name] || !slices.Contains(s.Names(), r.Name) {
				t.Errorf("%s: no dashboard shows %s", edge, r.Name)
			}
		}
		if len(s.Rankings()) != 2 || len(shown) != 3 {
			t.Errorf("%s: %v are shown", edge, shown)
		}
	}
}

// What the functions emit, somebody can look at.
func TestEveryMetricIsOnADashboard(t *testing.T) {
	t.Parallel()
	for edge, s := range settings() {
		shown := map[string]bool{}
		for where, metrics := range used(s) {
			for _, m := range metrics {
				if strings.HasPrefix(where, "dashboard") {
					shown[m.Dimensions[metric.DimensionService]+" "+m.Name] = true
				}
			}
		}
		for _, m := range metric.All() {
			for _, service := range m.Services {
				if (service != metric.ServiceAuthorizer || !s.HTTP) && !shown[service+" "+m.Name] {
					t.Errorf("%s: %s of %s is on no dashboard", edge, m.Name, service)
				}
			}
		}
	}
}

// insights are words of the query language, and fields that CloudWatch or the logger makes.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
var insights = strings.Fields(`filter stats by bin sort desc limit fields as and or like ispresent count count_distinct pct sum
	@timestamp @message @type @initDuration message level service requestId error`)

var (
	literal = regexp.MustCompile(`"[^"]*"|/[^/]*/|\b[0-9]+[dhm]?\b`)
	word    = regexp.MustCompile(`[@A-Za-z_][A-Za-z0-9_]*`)
	alias   = regexp.MustCompile(`\bas ([A-Za-z0-9]+)`)
)

// Queries ask for fields that a log line has.
func TestQueries(t *testing.T) {
	t.Parallel()
	known := slices.Clone(insights)
	for _, f := range metric.Fields() {
		known = append(known, f.Name)
	}
	for _, m := range metric.All() {
		known = append(known, m.Name)
	}
	queries := 0
	for edge, s := range settings() {
		for _, d := range watch.Dashboards(s) {
			for _, w := range d.Widgets {
				for _, group := range w.LogGroups {
					if name := strings.TrimPrefix(group, "$"); !slices.Contains(s.Names(), name) {
						t.Errorf("%s: %s: nobody knows the log group %s", edge, w.Title, group)
					}
					queries++
				}
				own := slices.Clone(known)
				for _, a := range alias.FindAllStringSubmatch(w.Query, -1) {
					own = append(own, a[1])
				}
				for _, name := range word.FindAllString(literal.ReplaceAllString(w.Query, " "), -1) {
					if !slices.Contains(own, name) {
						t.Errorf("%s: %s asks for %q, which no line has", edge, w.Title, name)
					}
				}
			}
		}
	}
	if queries < 10 {
		t.Errorf("%d queries", queries)
	}
}
