package otlp

import (
	"context"
	"encoding/binary"
	"math"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// Metrics sends counters of integers and histograms of floats to a Sender; there are no
// others here. It implements sdkmetric.Exporter.
type Metrics struct{ To *Sender }

// Temporality implements sdkmetric.Exporter. It is delta: the sums of an instance that lives
// for minutes mean something only when they are added to those of the others, and cumulative
// ones would need a series for each instance to tell them apart.
func (Metrics) Temporality(sdkmetric.InstrumentKind) metricdata.Temporality {
	return metricdata.DeltaTemporality
}

// Aggregation implements sdkmetric.Exporter.
func (Metrics) Aggregation(k sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	return sdkmetric.DefaultAggregationSelector(k)
}

// Export implements sdkmetric.Exporter. Like ExportSpans, it never returns an error.
func (e Metrics) Export(ctx context.Context, all *metricdata.ResourceMetrics) error {
	if len(all.ScopeMetrics) > 0 {
		e.To.send(ctx, appendMetrics(nil, all))
	}
	return nil
}

// ForceFlush implements sdkmetric.Exporter. Nothing is kept.
func (Metrics) ForceFlush(context.Context) error { return nil }

// Shutdown implements sdkmetric.Exporter.
func (e Metrics) Shutdown(context.Context) error { return e.To.close() }

// appendMetrics appends an ExportMetricsServiceRequest to m.
// https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
func appendMetrics(m message, all *metricdata.ResourceMetrics) message {
	m.nested(1, func(m *message) {
		m.about(all.Resource)
		for _, s := range all.ScopeMetrics {
			m.nested(2, func(m *message) {
				m.scope(s.Scope)
				for _, one := range s.Metrics {
					m.nested(2, func(m *message) { m.metric(one) })
				}
			})
		}
	})
	return m
}

func (m *message) metric(one metricdata.Metrics) {
	m.text(1, one.Name)
	m.text(2, one.Description)
	m.text(3, one.Unit)
	switch data := one.Data.(type) {
	case metricdata.Sum[int64]:
		m.nested(7, func(m *message) {
			for _, p := range data.DataPoints {
				m.nested(1, func(m *message) { m.point(p) })
			}
			m.varint(2, temporality(data.Temporality))
			if data.IsMonotonic {
				m.varint(3, 1)
			}
		})
	case metricdata.Histogram[float64]:
		m.nested(9, func(m *message) {
			for _, p := range data.DataPoints {
				m.nested(1, func(m *message) { m.histogram(p) })
			}
			m.varint(2, temporality(data.Temporality))
		})
	}
}

func (m *message) point(p metricdata.DataPoint[int64]) {
	m.fixed64(2, nanoseconds(p.StartTime))
	m.fixed64(3, nanoseconds(p.Time))
	m.tag(6, wireFixed64)
	*m = binary.LittleEndian.AppendUint64(*m, uint64(p.Value)) //nolint:gosec // two's complement, as sfixed64 is
	m.attributes(7, p.Attributes.ToSlice())
}

func (m *message) histogram(p metricdata.HistogramDataPoint[float64]) {
	m.fixed64(2, nanoseconds(p.StartTime))
	m.fixed64(3, nanoseconds(p.Time))
	m.fixed64(4, p.Count)
	m.double(5, p.Sum)
	counts, bounds := make([]byte, 0, 8*len(p.BucketCounts)), make([]byte, 0, 8*len(p.Bounds))
	for _, c := range p.BucketCounts {
		counts = binary.LittleEndian.AppendUint64(counts, c)
	}
	for _, b := range p.Bounds {
		bounds = binary.LittleEndian.AppendUint64(bounds, math.Float64bits(b))
	}
	m.raw(6, counts)
	m.raw(7, bounds)
	m.attributes(9, p.Attributes.ToSlice())
	if low, ok := p.Min.Value(); ok {
		m.double(11, low)
	}
	if high, ok := p.Max.Value(); ok {
		m.double(12, high)
	}
}

func temporality(t metricdata.Temporality) uint64 {
	if t == metricdata.DeltaTemporality {
		return 1
	}
	return 2
}
