// Package telemetrytest has a collector for tests, which reads with the protocol's own types
// what the code under test writes with ours.
package telemetrytest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	metricsv1 "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
)

// Collector keeps what it is sent.
type Collector struct {
	// URL is the endpoint of all signals.
	URL string

	mu      sync.Mutex
	traces  []*tracev1.TracesData
	metrics []*metricsv1.MetricsData
}

// Serve starts a collector on loopback, which stops when the test ends. A body that it cannot
// read fails the test.
func Serve(tb testing.TB) *Collector {
	tb.Helper()
	c := &Collector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.take(r); err != nil {
			tb.Errorf("collector: %s: %v", r.URL.Path, err)
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	tb.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

func (c *Collector) take(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// TracesData and MetricsData are on the wire what the export requests are.
	if strings.HasSuffix(r.URL.Path, "/v1/metrics") {
		m := &metricsv1.MetricsData{}
		c.metrics = append(c.metrics, m)
		return proto.Unmarshal(body, m)
	}
	t := &tracev1.TracesData{}
	c.traces = append(c.traces, t)
	return proto.Unmarshal(body, t)
}

// Spans are all that came, in the order in which they ended.
func (c *Collector) Spans() (all []*tracev1.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.traces {
		for _, r := range t.GetResourceSpans() {
			for _, s := range r.GetScopeSpans() {
				all = append(all, s.GetSpans()...)
			}
		}
	}
	return all
}

// Counts are the sums of all counters, and Values how many values all histograms had, by name.
func (c *Collector) Counts() (sums map[string]int64, values map[string]uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sums, values = map[string]int64{}, map[string]uint64{}
	for _, m := range c.metrics {
		for _, r := range m.GetResourceMetrics() {
			for _, s := range r.GetScopeMetrics() {
				for _, one := range s.GetMetrics() {
					for _, p := range one.GetSum().GetDataPoints() {
						sums[one.GetName()] += p.GetAsInt()
					}
					for _, p := range one.GetHistogram().GetDataPoints() {
						values[one.GetName()] += p.GetCount()
					}
				}
			}
		}
	}
	return sums, values
}

// Metrics are the exports of metrics that came.
func (c *Collector) Metrics() []*metricsv1.MetricsData {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.metrics)
}

// String is everything that came, as text.
func (c *Collector) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, t := range c.traces {
		b.WriteString(prototext.Format(t))
	}
	for _, m := range c.metrics {
		b.WriteString(prototext.Format(m))
	}
	return b.String()
}

// Attribute is a text or a number of span; empty when it has none of this name.
func Attribute(span *tracev1.Span, name string) string {
	for _, kv := range span.GetAttributes() {
		if kv.GetKey() != name {
			continue
		}
		if v, ok := kv.GetValue().GetValue().(*commonv1.AnyValue_StringValue); ok {
			return v.StringValue
		}
		return prototext.Format(kv.GetValue())
	}
	return ""
}
