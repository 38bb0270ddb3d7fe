package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// measured are the answers of an attack so far. It is safe for concurrent use.
type measured struct {
	mu    sync.Mutex
	eras  map[string]*figures
	total figures
}

type figures struct {
	vegeta.Metrics
	failed uint64
	// why counts the failed calls by what was wrong with them.
	why map[string]int
}

func (m *measured) add(r *vegeta.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.eras == nil {
		m.eras = map[string]*figures{}
	}
	if m.eras[r.Attack] == nil {
		m.eras[r.Attack] = &figures{}
	}
	for _, f := range []*figures{m.eras[r.Attack], &m.total} {
		f.Add(r)
		if why := wrong(r); why != "" {
			f.failed++
			if f.why == nil {
				f.why = map[string]int{}
			}
			f.why[why]++
		}
	}
}

// wrong says what a call lacks, and is empty for one that was answered with a result. The
// answer itself may name its user and is not repeated.
func wrong(r *vegeta.Result) string {
	switch {
	case r.Code == 0:
		return "no answer"
	case r.Code != http.StatusOK:
		return fmt.Sprintf("%d %s", r.Code, http.StatusText(int(r.Code)))
	case !bytes.Contains(r.Body, []byte(`"structuredContent"`)) || bytes.Contains(r.Body, []byte(`"isError":true`)):
		return "200 without a result"
	}
	return ""
}

// judge prints the figures. Its error says which limit was exceeded.
func (m *measured) judge(w io.Writer, p plan) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "protocol\tcalls\tper second\tfailed\tp50\tp90\tp99\tmax\t")
	for _, version := range slices.Backward(slices.Sorted(maps.Keys(m.eras))) {
		m.eras[version].row(t, version)
	}
	m.total.row(t, "both")
	if err := t.Flush(); err != nil {
		return err
	}
	for _, why := range slices.SortedFunc(maps.Keys(m.total.why), func(a, b string) int {
		return cmp.Or(cmp.Compare(m.total.why[b], m.total.why[a]), strings.Compare(a, b))
	}) {
		fmt.Fprintf(w, "%6d  %s\n", m.total.why[why], why)
	}
	return m.exceeded(p)
}

func (f *figures) row(w io.Writer, name string) {
	f.Close()
	l := f.Latencies
	fmt.Fprintf(w, "%s\t%d\t%.1f\t%d\t%s\t%s\t%s\t%s\t\n", name, f.Requests, f.Rate, f.failed, ms(l.P50), ms(l.P90), ms(l.P99), ms(l.Max))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }

func (m *measured) exceeded(p plan) error {
	if m.total.Requests == 0 {
		return errors.New("no call was made")
	}
	var over []error
	if percent := 100 * float64(m.total.failed) / float64(m.total.Requests); percent > p.maxErrors {
		over = append(over, fmt.Errorf("%.2f %% of the calls failed, more than MAX_ERRORS=%v", percent, p.maxErrors))
	}
	if p99 := m.total.Latencies.P99; p.maxP99 > 0 && p99 > p.maxP99 {
		over = append(over, fmt.Errorf("1 of 100 calls took longer than %s, more than MAX_P99=%v", ms(p99), p.maxP99))
	}
	return errors.Join(over...)
}
