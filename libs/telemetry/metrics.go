package telemetry

import (
	"context"
	"fmt"

	otelmetric "go.opentelemetry.io/otel/metric"

	"leasehold.example/libs/observe/metric"
)

// instruments are those of a service, by the names of package metric.
type instruments struct {
	counts    map[string]otelmetric.Int64Counter
	latencies map[string]otelmetric.Float64Histogram
}

func newInstruments(m otelmetric.Meter, service string) (instruments, error) {
	i := instruments{map[string]otelmetric.Int64Counter{}, map[string]otelmetric.Float64Histogram{}}
	for _, one := range metric.All() {
		if !one.Emits(service) {
			continue
		}
		var err error
		if one.Unit == metric.Milliseconds {
			i.latencies[one.Name], err = m.Float64Histogram(one.Name,
				otelmetric.WithUnit("ms"), otelmetric.WithDescription(one.Help))
		} else {
			i.counts[one.Name], err = m.Int64Counter(one.Name, otelmetric.WithDescription(one.Help))
		}
		if err != nil {
			return instruments{}, fmt.Errorf("telemetry: metric %s: %w", one.Name, err)
		}
	}
	return i, nil
}

// Count is for observe.Options: it adds n to a metric in Count.
func (t *Telemetry) Count(ctx context.Context, name string, n int) {
	if t == nil {
		return
	}
	if c, ok := t.counts[name]; ok {
		c.Add(ctx, int64(n))
	}
}

// Measure is for observe.Options: it records one value of a metric in Milliseconds.
func (t *Telemetry) Measure(ctx context.Context, name string, ms float64) {
	if t == nil {
		return
	}
	if h, ok := t.latencies[name]; ok {
		h.Record(ctx, ms)
	}
}
