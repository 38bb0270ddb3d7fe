package page

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"leasehold.example/libs/observe/metric"
)

// Figures are what the functions wrote into their logs in a run on this machine.
type Figures struct {
	entries []entry
	// requests is how many lines are summaries, and took is how long the longest log is.
	requests int
	took     time.Duration
}

// entry is one line of a log.
type entry struct {
	service string
	at      int // which of the points it belongs to
	time    time.Time
	text    string
	fields  map[string]any
}

// longestLine is more than a line with a stack has.
const longestLine = 1 << 20

// ReadFigures reads the logs of functions by their service, one of package metric's. Each log is laid out over the whole
// width of a chart.
func ReadFigures(logs map[string]io.Reader) (*Figures, error) {
	f := &Figures{}
	for _, service := range slices.Sorted(maps.Keys(logs)) {
		var own []entry
		lines := bufio.NewScanner(logs[service])
		lines.Buffer(nil, longestLine)
		for n := 1; lines.Scan(); n++ {
			e := entry{service: service, text: lines.Text()}
			if err := json.Unmarshal(lines.Bytes(), &e.fields); err != nil {
				return nil, fmt.Errorf("log of %s, line %d: %w", service, n, err)
			}
			stamp, _ := e.fields["timestamp"].(string)
			var err error
			if e.time, err = time.Parse(time.RFC3339Nano, stamp); err != nil {
				return nil, fmt.Errorf("log of %s, line %d: %w", service, n, err)
			}
			if e.fields["message"] == metric.SummaryMessage {
				f.requests++
			}
			own = append(own, e)
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("log of %s: %w", service, err)
		}
		if len(own) == 0 {
			return nil, fmt.Errorf("log of %s: it is empty", service)
		}
		byTime := func(a, b entry) int { return a.time.Compare(b.time) }
		first, last := slices.MinFunc(own, byTime).time, slices.MaxFunc(own, byTime).time
		f.took = max(f.took, last.Sub(first))
		for i := range own {
			own[i].at = min(points-1, int(points*own[i].time.Sub(first)/max(1, last.Sub(first))))
		}
		f.entries = append(f.entries, own...)
	}
	return f, nil
}

// line is that of a metric of the functions, as a widget names it: namespace, name, dimensions and options.
// One that nothing emitted is an error: the run has to bring each about.
func (f *Figures) line(m []any) ([]float64, error) {
	name, service := fmt.Sprint(m[1]), ""
	for i := 2; i+1 < len(m); i += 2 {
		if m[i] == metric.DimensionService {
			service = fmt.Sprint(m[i+1])
		}
	}
	options, _ := m[len(m)-1].(map[string]any)
	in := make([][]float64, points)
	emitted := false
	for _, e := range f.entries {
		if v, ok := e.fields[name]; ok && e.service == service {
			in[e.at], emitted = append(in[e.at], numbers(v)...), true
		}
	}
	if !emitted {
		return nil, fmt.Errorf("the run emitted no %s of %s", name, service)
	}
	return statistic(fmt.Sprint(options["stat"]), in)
}

// numbers are the values of a metric in one line: a number, or several.
func numbers(v any) []float64 {
	switch v := v.(type) {
	case float64:
		return []float64{v}
	case []any:
		var all []float64
		for _, one := range v {
			all = append(all, numbers(one)...)
		}
		return all
	}
	return nil
}

// statistic makes one value of those of each point. A point without any has the sum 0, and the percentile
// of the point before, as a chart that joins its points has.
func statistic(name string, in [][]float64) ([]float64, error) {
	share, isPercentile := strings.CutPrefix(name, "p")
	percent, err := strconv.ParseFloat(share, 64)
	if name != "Sum" && (!isPercentile || err != nil) {
		return nil, fmt.Errorf("statistic %q is neither Sum nor a percentile", name)
	}
	out := make([]float64, len(in))
	for i, values := range in {
		switch {
		case name == "Sum":
			for _, v := range values {
				out[i] += v
			}
		case len(values) > 0:
			out[i] = percentile(values, percent)
		case i > 0:
			out[i] = out[i-1]
		}
	}
	return out, nil
}

// percentile is by nearest rank.
func percentile(values []float64, percent float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, int(math.Ceil(percent/100*float64(len(sorted))))-1)]
}

// contributor is one line of a ranking.
type contributor struct {
	label  string
	values []float64
	total  float64
}

// rank is what a rule of Contributor Insights counts, most first.
func (f *Figures) rank(definition string, most int) ([]contributor, error) {
	var rule struct {
		Contribution struct {
			Keys    []string
			Filters []struct {
				Match     string
				In, NotIn []string
			}
		}
	}
	if err := json.Unmarshal([]byte(definition), &rule); err != nil {
		return nil, fmt.Errorf("rule: %w", err)
	}
	all := map[string]*contributor{}
	for _, e := range f.entries {
		if e.service != metric.ServiceMCP { // the log that the rules are about
			continue
		}
		counted := true
		for _, filter := range rule.Contribution.Filters {
			v := e.value(strings.TrimPrefix(filter.Match, "$."))
			counted = counted && (filter.In == nil || slices.Contains(filter.In, v)) && !slices.Contains(filter.NotIn, v)
		}
		var label []string
		for _, key := range rule.Contribution.Keys {
			v := e.value(strings.TrimPrefix(key, "$."))
			counted = counted && v != ""
			label = append(label, v)
		}
		if !counted {
			continue
		}
		name := strings.Join(label, " ")
		if all[name] == nil {
			all[name] = &contributor{label: name, values: make([]float64, points)}
		}
		all[name].values[e.at]++
		all[name].total++
	}
	ranked := slices.SortedFunc(maps.Values(all), func(a, b *contributor) int {
		if a.total != b.total {
			return int(b.total - a.total)
		}
		return strings.Compare(a.label, b.label)
	})
	var first []contributor
	for _, c := range ranked[:min(most, len(ranked))] {
		first = append(first, *c)
	}
	return first, nil
}

// value is a field as text; empty when the line lacks it.
func (e entry) value(field string) string {
	switch v := e.fields[field].(type) {
	case nil:
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
	switch field {
	case "@timestamp":
		return e.time.Format("15:04:05.000")
	case "@message":
		return e.text
	}
	return ""
}
