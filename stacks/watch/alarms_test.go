package watch_test

import (
	"slices"
	"strings"
	"testing"

	"leasehold.example/platform"
	"leasehold.example/stacks/watch"
)

// points are the values of an alarm's metrics, by their IDs ("" for the only one), oldest first: N of them, or more where data is
// missing among the newest. A metric that is not there has no data.
type points map[string][]float64

// story is what must ring an alarm, and what must not: what happens near its threshold, and what happens every night.
type story struct {
	rings points
	quiet []points
}

// flat is five periods of a value.
func flat(v float64) []float64 { return []float64{v, v, v, v, v} }

func slow(limit float64) story {
	return story{
		rings: points{"latency": {limit + 1, 10, limit + 1, limit + 1, 10}, "requests": flat(20)},
		quiet: []points{
			{"latency": flat(limit), "requests": flat(20)},
			{"latency": {limit * 9, none, none, limit * 9, 10}, "requests": {20, none, none, 20, 20}},
			{"latency": flat(limit * 9), "requests": flat(3)}, // cold starts in the night
			{"requests": flat(20)}, // counted late
			{},
		},
	}
}

var failing = story{rings: points{"": {1}}, quiet: []points{{"": {0}}, {}}}

var twice = story{
	rings: points{"": {0, 1, 0, none, 2}},
	quiet: []points{
		{"": {0, 0, 50, 0, 0}},
		{"": flat(0)},
		{},
		{"": {9, 0, 9, 0, none, 0, 0, none}}, // the newest five that there are have one
	},
}

// stories of the alarms of both edges. The rates have a share of failures in them that can happen: 1 is all of them.
var stories = map[string]story{
	"5xx-rate": {
		rings: points{"failed": {0, 20, 20, none, 20}, "requests": flat(1000)},
		quiet: []points{
			{"failed": flat(10), "requests": flat(1000)},                    // one in a hundred is allowed
			{"failed": {0, 900, 900, 0, 0}, "requests": flat(1000)},         // two minutes of five
			{"failed": flat(2), "requests": flat(3)},                        // too few to say
			{"failed": flat(1), "requests": flat(25)},                       // one, which is more than one in a hundred
			{"requests": flat(1000)},                                        // no 5xx is no data
			{"failed": {none, none, none, none, 5}, "requests": flat(none)}, // counted late
			{},
		},
	},
	"latency-p90":      slow(1000),
	"latency-p99":      slow(5000),
	"lambda-errors":    twice,
	"lambda-throttles": twice,
	"concurrency-high": {rings: points{"": {10, 820, 810, 800, 10}}, quiet: []points{{"": {1000, 1000, 10, 10, 10}}, {"": flat(799)}, {}}},
	"authorizer-errors": {
		rings: points{"errors": {60, 0, 9}, "refused": {50, none, 400}, "denied": {none, none, 400}}, // who is denied hides nothing
		quiet: []points{
			{"errors": {900, 900, 900}, "refused": {900, 898, 900}}, // refusals are no failures
			{"errors": {50, 0, 0}}, // once
			{},
		},
	},
	"rotator-errors":  failing,
	"pretoken-errors": failing,
	"auditor-errors":  failing,
	"audit-lost": {
		rings: points{"dropped": {1}},
		quiet: []points{{"dropped": {0}, "undelivered": {0}}, {}},
	},
	"table-throttles": {
		rings: points{"reads": {0, 9, none, 12, 12}, "writes1": {none, 4, 20, none, none}},
		quiet: []points{{"writes": flat(9)}, {"writes2": {500, none, none, none, 500}}, {}},
	},
	"table-system-errors": {
		rings: points{"eGetItem": {none, 3, none, 5, none}, "eTransactWriteItems": {none, 2, none, none, none}},
		quiet: []points{{"eGetItem": flat(4)}, {"eGetItem": {500, none, none, none, none}}, {}},
	},
	"auth-failures":       {rings: points{"server": {101}}, quiet: []points{{"server": {100}}, {}}},
	"foreign-session":     failing,
	"unclassified-misses": {rings: points{"": {10}}, quiet: []points{{"": {9}}, {}}},
	"firewall-blocks":     {rings: points{"": {501}}, quiet: []points{{"": {500}}, {}}},

	"availability-burn-fast-long":  burning(20, 14),
	"availability-burn-fast-short": burning(20, 14),
	"availability-burn-slow-long":  burning(7, 5),
	"availability-burn-slow-short": burning(7, 5),
	"latency-burn-fast-long":       beyond,
	"latency-burn-fast-short":      beyond,
	"latency-burn-slow-long":       beyond,
	"latency-burn-slow-short":      beyond,
}

var beyond = story{
	rings: points{"latency": {2001}, "requests": {20}},
	quiet: []points{{"latency": {2000}, "requests": {20}}, {"latency": {9000}, "requests": {3}}, {}},
}

// burning fails so many of a thousand requests.
func burning(rings, quiet float64) story {
	return story{
		rings: points{"failed": {rings}, "requests": {1000}},
		quiet: []points{{"failed": {quiet}, "requests": {1000}}, {"requests": {1000}}, {"failed": {1}, "requests": {2}}, {"failed": {1}, "requests": {25}}, {}},
	}
}

// atHTTP are the stories that are others at the edge http, where the function has concurrency of its own in these settings.
var atHTTP = map[string]story{
	"concurrency-high": {rings: points{"": {1, 40, 41, 50, 1}}, quiet: []points{{"": flat(39)}, {}}},
}

// Every alarm can ring, and does not ring for nothing.
func TestAlarmsRing(t *testing.T) {
	t.Parallel()
	told := map[string]bool{}
	for edge, s := range settings() {
		for _, a := range watch.Alarms(s) {
			told[a.Name] = true
			tale, known := stories[a.Name]
			if other, differs := atHTTP[a.Name]; differs && s.HTTP {
				tale = other
			}
			if !known {
				t.Errorf("nobody has seen %s ring", a.Name)
				continue
			}
			if got := state(t, a, tale.rings); got != alarm {
				t.Errorf("%s: %s is %s with %v", edge, a.Name, got, tale.rings)
			}
			for _, quiet := range tale.quiet {
				if got := state(t, a, quiet); got != ok {
					t.Errorf("%s: %s is %s with %v", edge, a.Name, got, quiet)
				}
			}
		}
	}
	for name := range stories {
		if !told[name] {
			t.Errorf("there is no alarm %s", name)
		}
	}
}

// Each metric of an alarm that adds up rings it alone.
func TestAlarmsAddUp(t *testing.T) {
	t.Parallel()
	added := []string{"audit-lost", "auth-failures", "table-system-errors", "table-throttles"}
	for edge, s := range settings() {
		for _, a := range watch.Alarms(s) {
			if !slices.Contains(added, a.Name) {
				continue
			}
			for _, m := range a.Metrics {
				if got := state(t, a, points{m.ID: slices.Repeat([]float64{a.Threshold + 1}, a.N)}); got != alarm {
					t.Errorf("%s: %s is %s with %s of %v", edge, a.Name, got, m.Name, m.Dimensions)
				}
			}
		}
	}
}

// A service that answers nobody is heard of, however few ask.
func TestAlarmsRingForSmallServices(t *testing.T) {
	t.Parallel()
	for _, a := range watch.Alarms(settings()["rest"]) {
		if a.Expression == "" || a.Metrics[0].ID != "failed" {
			continue
		}
		five := points{"failed": slices.Repeat([]float64{5}, a.N), "requests": slices.Repeat([]float64{5}, a.N)}
		if got := state(t, a, five); got != alarm {
			t.Errorf("%s is %s when all of five requests fail", a.Name, got)
		}
	}
}

func state(t *testing.T, a platform.Alarm, values points) string {
	t.Helper()
	var series [][]float64
	for _, m := range a.Metrics {
		points := values[m.ID]
		if points == nil {
			points = slices.Repeat([]float64{none}, length(values, a.N))
		}
		series = append(series, points)
	}
	got, err := evaluate(a, series)
	if err != nil {
		t.Errorf("%s: %v", a.Name, err)
	}
	return got
}

// length is how many points values have; without any, it is n.
func length(values points, n int) int {
	for _, some := range values {
		return len(some)
	}
	return n
}

// The percentile of the latency objective is where its budget ends.
func TestBurnPercentiles(t *testing.T) {
	t.Parallel()
	want := map[string]string{"latency-burn-fast-long": "p85.60", "latency-burn-slow-short": "p94.00"}
	for _, a := range watch.Alarms(settings()["rest"]) {
		if p, ok := want[a.Name]; ok && a.Metrics[0].Statistic != p {
			t.Errorf("%s looks at %s, want %s", a.Name, a.Metrics[0].Statistic, p)
		}
	}
}

// The windows are those of the burn rates: long ones so that it matters, short ones so that it ends.
func TestBurnWindows(t *testing.T) {
	t.Parallel()
	want := map[string]int{"fast-long": 3600, "fast-short": 300, "slow-long": 21600, "slow-short": 1800}
	for _, a := range watch.Alarms(settings()["rest"]) {
		if _, window, burns := strings.Cut(a.Name, "-burn-"); burns && a.PeriodSeconds != want[window] {
			t.Errorf("%s looks at %d s, want %d", a.Name, a.PeriodSeconds, want[window])
		}
	}
}

// unhealthy are the alarms that say that clients get no answers.
var unhealthy = map[string][]string{
	"rest": {"5xx-rate", "authorizer-errors", "lambda-errors", "lambda-throttles", "table-system-errors", "table-throttles"},
	"http": {"5xx-rate", "lambda-errors", "lambda-throttles", "table-system-errors", "table-throttles"},
}

// Parts of a composite tell nobody, and a composite reads every part; the one to be woken by reads alarms that tell by themselves.
func TestComposites(t *testing.T) {
	t.Parallel()
	for edge, s := range settings() {
		read := map[string]bool{}
		for _, c := range watch.Composites(s) {
			for _, name := range c.AllOf {
				read[name] = true
			}
			if c.Name == watch.Unhealthy && (!slices.Equal(slices.Sorted(slices.Values(c.AnyOf)), unhealthy[edge]) || len(c.AllOf) > 0) {
				t.Errorf("%s: %s reads %v", edge, c.Name, c.AnyOf)
			}
		}
		for _, a := range watch.Alarms(s) {
			if a.Part != read[a.Name] {
				t.Errorf("%s: %s: part %v, read %v", edge, a.Name, a.Part, read[a.Name])
			}
		}
	}
}
