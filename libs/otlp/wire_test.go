package otlp_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	metricsv1 "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"leasehold.example/libs/otlp"
	"leasehold.example/libs/telemetry/telemetrytest"
)

var about = resource.NewSchemaless(attribute.String("service.name", "mcp"))

// wantText compares a message with the text form of one of the protocol's own types, which
// also says that there is no field that the protocol does not know.
func wantText(t *testing.T, got, want proto.Message, text string) {
	t.Helper()
	if err := prototext.Unmarshal([]byte(text), want); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", prototext.Format(got), text)
	}
}

// A span with everything that one can have arrives as the protocol's own reader sees it.
func TestSpan(t *testing.T) {
	t.Parallel()
	collector := telemetrytest.Serve(t)
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(about), sdktrace.WithIDGenerator(fixedIDs{}), sdktrace.WithSyncer(
		otlp.Spans{To: otlp.NewSender(collector.URL+"/v1/traces", slog.New(slog.DiscardHandler))}))
	state, err := trace.ParseTraceState("a=1,b=2")
	if err != nil {
		t.Fatal(err)
	}
	remote := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1, 15: 2}, SpanID: trace.SpanID{3, 7: 4}, TraceFlags: trace.FlagsSampled, TraceState: state, Remote: true,
	})
	linked := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{9, 15: 9}, SpanID: trace.SpanID{8, 7: 8}})
	_, span := provider.Tracer("leasehold", trace.WithInstrumentationVersion("1")).Start(
		trace.ContextWithRemoteSpanContext(t.Context(), remote), "tools/call math", trace.WithSpanKind(trace.SpanKindServer),
		trace.WithTimestamp(time.Unix(1, 2)), trace.WithLinks(trace.Link{SpanContext: linked, Attributes: []attribute.KeyValue{attribute.Bool("l", true)}}),
		trace.WithAttributes(
			attribute.String("text", "a"), attribute.String("empty", ""), attribute.Int("number", -7), attribute.Int("zero", 0),
			attribute.Float64("float", 1.5), attribute.Bool("no", false), attribute.StringSlice("list", []string{"x", "y"}),
		))
	span.SetStatus(codes.Error, "it failed")
	span.End(trace.WithTimestamp(time.Unix(3, 4)))
	_, plain := provider.Tracer("other").Start(t.Context(), "plain", trace.WithTimestamp(time.Unix(5, 0)))
	plain.SetStatus(codes.Ok, "")
	plain.End(trace.WithTimestamp(time.Unix(6, 0)))

	const want = `
		trace_id: "\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02" span_id: "\x05\0\0\0\0\0\0\x05" trace_state: "a=1,b=2"
		parent_span_id: "\x03\0\0\0\0\0\0\x04" flags: 0x301 name: "tools/call math" kind: SPAN_KIND_SERVER
		start_time_unix_nano: 1000000002 end_time_unix_nano: 3000000004
		attributes { key: "text" value { string_value: "a" } } attributes { key: "empty" value { string_value: "" } }
		attributes { key: "number" value { int_value: -7 } } attributes { key: "zero" value { int_value: 0 } }
		attributes { key: "float" value { double_value: 1.5 } } attributes { key: "no" value { bool_value: false } }
		attributes { key: "list" value { string_value: "[\"x\",\"y\"]" } }
		links { trace_id: "\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09" span_id: "\x08\0\0\0\0\0\0\x08" flags: 0x100
			attributes { key: "l" value { bool_value: true } } }
		status { code: STATUS_CODE_ERROR message: "it failed" }`
	spans := collector.Spans()
	if len(spans) != 2 {
		t.Fatalf("%d spans, want 2: %s", len(spans), collector)
	}
	wantText(t, spans[0], &tracev1.Span{}, want)
	wantText(t, spans[1], &tracev1.Span{}, `
		trace_id: "\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x06" span_id: "\x05\0\0\0\0\0\0\x05" flags: 0x101 name: "plain" kind: SPAN_KIND_INTERNAL
		start_time_unix_nano: 5000000000 end_time_unix_nano: 6000000000 status { code: STATUS_CODE_OK }`)
}

// fixedIDs are ids that a test knows.
type fixedIDs struct{}

func (fixedIDs) NewIDs(context.Context) (trace.TraceID, trace.SpanID) {
	return trace.TraceID{6, 15: 6}, trace.SpanID{5, 7: 5}
}

func (fixedIDs) NewSpanID(context.Context, trace.TraceID) trace.SpanID { return trace.SpanID{5, 7: 5} }

// Spans of one batch keep their scopes, and the resource is there once.
func TestScopes(t *testing.T) {
	t.Parallel()
	got := &batch{}
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(about), sdktrace.WithBatcher(got))
	for _, scope := range []string{"a", "a", "b", "a"} {
		_, span := provider.Tracer(scope).Start(t.Context(), "in "+scope)
		span.End()
	}
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	data := &tracev1.TracesData{}
	if err := proto.Unmarshal(otlp.AppendSpans(nil, got.spans), data); err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, s := range data.GetResourceSpans()[0].GetScopeSpans() {
		for _, span := range s.GetSpans() {
			order = append(order, s.GetScope().GetName()+":"+span.GetName())
		}
	}
	if want := []string{"a:in a", "a:in a", "b:in b", "a:in a"}; len(data.GetResourceSpans()) != 1 || !slices.Equal(order, want) {
		t.Errorf("%v, want %v", order, want)
	}
	if r := data.GetResourceSpans()[0].GetResource().GetAttributes(); len(r) != 1 || r[0].GetValue().GetStringValue() != "mcp" {
		t.Errorf("resource %v", r)
	}
}

// batch keeps the last export.
type batch struct{ spans []sdktrace.ReadOnlySpan }

func (b *batch) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	b.spans = append([]sdktrace.ReadOnlySpan(nil), spans...)
	return nil
}

func (*batch) Shutdown(context.Context) error { return nil }

// Counters and histograms arrive, and twice only what was recorded twice.
func TestMetrics(t *testing.T) {
	t.Parallel()
	collector := telemetrytest.Serve(t)
	exporter := otlp.Metrics{To: otlp.NewSender(collector.URL+"/v1/metrics", slog.New(slog.DiscardHandler))}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithResource(about), sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)))
	meter := provider.Meter("leasehold")
	count, err1 := meter.Int64Counter("Requests", metric.WithDescription("what it counts"))
	latency, err2 := meter.Float64Histogram("Latency", metric.WithUnit("ms"), metric.WithExplicitBucketBoundaries(1, 10))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		count.Add(t.Context(), 2, metric.WithAttributes(attribute.String("k", "v")))
		latency.Record(t.Context(), 0.5)
		latency.Record(t.Context(), 5)
		latency.Record(t.Context(), 50)
		if err := provider.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := provider.Shutdown(t.Context()); err != nil { // with nothing new to say
		t.Fatal(err)
	}
	sums, values := collector.Counts()
	if sums["Requests"] != 4 || values["Latency"] != 6 {
		t.Errorf("sums %v, values %v: not what was recorded, once", sums, values)
	}
	first := collector.Metrics()[0]
	points := first.GetResourceMetrics()[0].GetScopeMetrics()[0].GetMetrics()
	for _, m := range points { // clocks cannot be compared with a text
		for _, p := range m.GetSum().GetDataPoints() {
			p.StartTimeUnixNano, p.TimeUnixNano = min(1, p.GetStartTimeUnixNano()), min(1, p.GetTimeUnixNano())
		}
		for _, p := range m.GetHistogram().GetDataPoints() {
			p.StartTimeUnixNano, p.TimeUnixNano = min(1, p.GetStartTimeUnixNano()), min(1, p.GetTimeUnixNano())
		}
	}
	wantText(t, first, &metricsv1.MetricsData{}, `resource_metrics { resource { attributes { key: "service.name" value { string_value: "mcp" } } }
		scope_metrics { scope { name: "leasehold" }
			metrics { name: "Requests" description: "what it counts" sum { aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA is_monotonic: true
				data_points { start_time_unix_nano: 1 time_unix_nano: 1 as_int: 2 attributes { key: "k" value { string_value: "v" } } } } }
			metrics { name: "Latency" unit: "ms" histogram { aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA
				data_points { start_time_unix_nano: 1 time_unix_nano: 1 count: 3 sum: 55.5 min: 0.5 max: 50
					bucket_counts: [1, 1, 1] explicit_bounds: [1, 10] } } } } }`)
}
