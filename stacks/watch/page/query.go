package page

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The part of Logs Insights that the dashboards use: filter with "and" within "or", then stats by a field or by time, or
// fields; sort by one column, and limit.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
var (
	sources   = regexp.MustCompile(`^SOURCE '[^']*-([a-z]+)'$`)
	present   = regexp.MustCompile(`^ispresent\(([@A-Za-z]+)\)$`)
	compared  = regexp.MustCompile(`^([@A-Za-z]+) (=|>|like) (.+)$`)
	aggregate = regexp.MustCompile(`^([a-z_]+)\(([A-Za-z*]+)(?:, ([0-9]+))?\) as ([A-Za-z0-9]+)$`)
	commas    = regexp.MustCompile(`, (?:[a-z_]+\()`) // between aggregates, not within one
)

// answer is what a query answers: rows under columns, or lines over time.
type answer struct {
	columns []string
	rows    [][]string
	lines   map[string][]float64
}

// foreign says that a query asks for lines that Lambda itself writes, of which there are none here.
func foreign(query string) bool { return strings.Contains(query, "@type") }

// ask answers a query.
func (f *Figures) ask(query string) (*answer, error) {
	var entries []entry
	a := &answer{}
	for stage := range strings.SplitSeq(query, " | ") {
		verb, rest, _ := strings.Cut(strings.TrimSpace(stage), " ")
		var err error
		switch verb {
		case "SOURCE":
			entries, err = append(entries, f.of(stage)...), nil
		case "filter":
			entries, err = filtered(entries, rest)
		case "stats":
			err = a.stats(entries, rest)
		case "fields":
			a.columns = strings.Split(rest, ", ")
			for _, e := range entries {
				var row []string
				for _, c := range a.columns {
					row = append(row, e.value(c))
				}
				a.rows = append(a.rows, row)
			}
		case "sort":
			err = a.sort(rest)
		case "limit":
			var n int
			if n, err = strconv.Atoi(rest); err == nil {
				a.rows = a.rows[:min(n, len(a.rows))]
			}
		default:
			err = fmt.Errorf("the page does not know %q", verb)
		}
		if err != nil {
			return nil, fmt.Errorf("query %q: %w", stage, err)
		}
	}
	return a, nil
}

// of are the entries of a log group, whose name ends with the service.
func (f *Figures) of(source string) []entry {
	m := sources.FindStringSubmatch(strings.TrimSpace(source))
	if m == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(f.entries), func(e entry) bool { return e.service != m[1] })
}

func filtered(entries []entry, condition string) ([]entry, error) {
	var kept []entry
	for _, e := range entries {
		passes := false
		for alternative := range strings.SplitSeq(condition, " or ") {
			all := true
			for term := range strings.SplitSeq(alternative, " and ") {
				is, err := e.is(term)
				if err != nil {
					return nil, err
				}
				all = all && is
			}
			passes = passes || all
		}
		if passes {
			kept = append(kept, e)
		}
	}
	return kept, nil
}

// is says whether a term of a filter holds.
func (e entry) is(term string) (bool, error) {
	if m := present.FindStringSubmatch(term); m != nil {
		return e.value(m[1]) != "", nil
	}
	m := compared.FindStringSubmatch(term)
	if m == nil {
		return false, fmt.Errorf("the page does not know %q", term)
	}
	field, operator, want := m[1], m[2], m[3]
	switch operator {
	case "=":
		return e.value(field) == strings.Trim(want, `"`), nil
	case ">":
		limit, err := strconv.ParseFloat(want, 64)
		v, _ := e.fields[field].(float64)
		return v > limit, err
	default:
		pattern, err := regexp.Compile(strings.Trim(want, "/"))
		return err == nil && pattern.MatchString(e.value(field)), err
	}
}

// stats counts by a field, or by time.
func (a *answer) stats(entries []entry, text string) error {
	what, by, _ := strings.Cut(text, " by ")
	var aggregates [][]string
	for what != "" {
		one, rest := what, ""
		if at := commas.FindStringIndex(what); at != nil {
			one, rest = what[:at[0]], what[at[0]+2:]
		}
		m := aggregate.FindStringSubmatch(one)
		if m == nil {
			return fmt.Errorf("the page does not know %q", one)
		}
		aggregates, what = append(aggregates, m), rest
	}
	groups := map[string][]entry{}
	overTime := strings.HasPrefix(by, "bin(")
	for _, e := range entries {
		key := e.value(by)
		if overTime {
			key = strconv.Itoa(e.at)
		}
		groups[key] = append(groups[key], e)
	}
	if overTime {
		a.lines = map[string][]float64{}
		for _, m := range aggregates {
			values := make([]float64, points)
			for i := range values {
				values[i] = total(m, groups[strconv.Itoa(i)])
			}
			a.lines[m[4]] = values
		}
		return nil
	}
	a.columns = []string{by}
	for _, m := range aggregates {
		a.columns = append(a.columns, m[4])
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		row := []string{key}
		for _, m := range aggregates {
			row = append(row, exact(total(m, groups[key])))
		}
		a.rows = append(a.rows, row)
	}
	return nil
}

// total is an aggregate of a group: its function, its field and, of a percentile, which.
func total(m []string, group []entry) float64 {
	function, field := m[1], m[2]
	distinct, values := map[string]bool{}, []float64(nil)
	n := 0
	for _, e := range group {
		if v := e.value(field); v != "" {
			distinct[v] = true
			n++
		}
		if v, ok := e.fields[field].(float64); ok {
			values = append(values, v)
		}
	}
	switch {
	case field == "*":
		return float64(len(group))
	case function == "count_distinct":
		return float64(len(distinct))
	case function == "pct" && len(values) > 0:
		percent, _ := strconv.ParseFloat(m[3], 64) // the pattern has digits there
		return percentile(values, percent)
	case function == "pct":
		return 0
	}
	return float64(n)
}

// exact is a number to two places, which sort can read.
func exact(v float64) string { return strconv.FormatFloat(math.Round(100*v)/100, 'f', -1, 64) }

// sort orders the rows by a column, as numbers where they are.
func (a *answer) sort(by string) error {
	name, direction, _ := strings.Cut(by, " ")
	column := slices.Index(a.columns, name)
	if column < 0 {
		return fmt.Errorf("there is no column %q", name)
	}
	slices.SortStableFunc(a.rows, func(x, y []string) int {
		m, errM := strconv.ParseFloat(x[column], 64)
		n, errN := strconv.ParseFloat(y[column], 64)
		order := strings.Compare(x[column], y[column])
		if errM == nil && errN == nil {
			order = cmp.Compare(m, n)
		}
		if direction == "desc" {
			return -order
		}
		return order
	})
	return nil
}
