package telemetry_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"leasehold.example/libs/telemetry"
	"leasehold.example/libs/telemetry/telemetrytest"
)

// begin makes one server span with a span within it, and returns both as the collector got
// them; nil when they are not recorded.
func begin(t *testing.T, o telemetry.Options, c telemetry.Carried) (server, inner *tracev1.Span) {
	t.Helper()
	collector := telemetrytest.Serve(t)
	tel := recorder(t, collector, o)
	ctx, span := tel.Begin(t.Context(), time.Unix(1, 0), "tools/call", c)
	_, within := trace.SpanFromContext(ctx).TracerProvider().Tracer("test").Start(ctx, "within")
	within.End()
	span.End()
	tel.Flush(t.Context())
	switch spans := collector.Spans(); len(spans) {
	case 0:
		return nil, nil
	case 2:
		return spans[1], spans[0]
	default:
		t.Fatalf("%d spans", len(spans))
		return nil, nil
	}
}

func recorder(t *testing.T, c *telemetrytest.Collector, o telemetry.Options) *telemetry.Telemetry {
	t.Helper()
	o.Service, o.Version, o.Stage, o.Log = cmp.Or(o.Service, "mcp"), "1", "test", slog.New(slog.DiscardHandler)
	o.TracesURL, o.MetricsURL = c.URL+"/v1/traces", c.URL+"/v1/metrics"
	tel, err := telemetry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tel.Shutdown(context.Background()) })
	return tel
}

func carrier(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.EqualFold(pairs[i], name) {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// Three traces, and X-Ray's way to write the second one.
const (
	traceA, spanA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a1a1a1a1a1a1a1a1"
	traceB, spanB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "b1b1b1b1b1b1b1b1"
	traceC, spanC = "cccccccccccccccccccccccccccccccc", "c1c1c1c1c1c1c1c1"
	segment       = "Root=1-bbbbbbbb-bbbbbbbbbbbbbbbbbbbbbbbb;Parent=" + spanB + ";Sampled="
)

func w3c(trace, span, flags string) string { return "00-" + trace + "-" + span + "-" + flags }

// TestParents: who the parent is, what is linked, and what is recorded, by what came with a
// message. The share is 0 or 1, so that nothing is left to chance.
func TestParents(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sample             float64
		meta, xray, header string
		parent, link       string // "" for none, "-" for not recorded
	}{
		"nothing":                       {1, "", "", "", "", ""},
		"nothing, and no share":         {0, "", "", "", "-", ""},
		"the message":                   {1, w3c(traceA, spanA, "01"), "", "", traceA + spanA, ""},
		"the header":                    {1, "", "", w3c(traceC, spanC, "01"), traceC + spanC, ""},
		"the segment":                   {1, "", segment + "1", "", traceB + spanB, ""},
		"the message over the header":   {1, w3c(traceA, spanA, "01"), "", w3c(traceC, spanC, "01"), traceA + spanA, traceC + spanC},
		"the message over the segment":  {1, w3c(traceA, spanA, "01"), segment + "1", w3c(traceC, spanC, "01"), traceA + spanA, traceB + spanB},
		"the segment over the header":   {1, "", segment + "1", w3c(traceC, spanC, "01"), traceB + spanB, ""},
		"a segment that is not sampled": {1, "", segment + "0", "", "", ""},
		"one beside a header":           {1, "", segment + "0", w3c(traceC, spanC, "01"), traceC + spanC, ""},
		"one that is decided later":     {1, "", segment + "?", "", "", ""},
		"X-Ray samples, and no share":   {0, "", segment + "1", "", traceB + spanB, ""},
		"a caller cannot push":          {0, w3c(traceA, spanA, "01"), "", w3c(traceC, spanC, "01"), "-", ""},
		"nor with X-Ray's form":         {0, segment + "1", "", segment + "1", "-", ""},
		"a caller can keep out":         {1, w3c(traceA, spanA, "00"), "", "", "-", ""},
		"not of what X-Ray samples":     {0, w3c(traceA, spanA, "00"), segment + "1", "", traceA + spanA, traceB + spanB},
		"a message that is not sampled": {1, w3c(traceA, spanA, "00"), "", w3c(traceC, spanC, "01"), "-", ""},
		"a malformed message":           {1, w3c(traceA, spanA, "01") + "-x", "", w3c(traceC, spanC, "01"), traceC + spanC, ""},
	} {
		c := telemetry.Carried{XRay: test.xray, Header: carrier("traceparent", test.header), Meta: carrier("traceparent", test.meta)}
		server, inner := begin(t, telemetry.Options{Sample: test.sample}, c)
		if server == nil {
			if test.parent != "-" {
				t.Errorf("%s: not recorded", name)
			}
			continue
		}
		parent := hex.EncodeToString(server.GetParentSpanId())
		if parent != "" {
			parent = hex.EncodeToString(server.GetTraceId()) + parent
		}
		link := ""
		for _, l := range server.GetLinks() {
			link += hex.EncodeToString(l.GetTraceId()) + hex.EncodeToString(l.GetSpanId())
		}
		if parent != test.parent || link != test.link {
			t.Errorf("%s: parent %q and link %q, want %q and %q", name, parent, link, test.parent, test.link)
		}
		if !bytes.Equal(inner.GetParentSpanId(), server.GetSpanId()) || !bytes.Equal(inner.GetTraceId(), server.GetTraceId()) {
			t.Errorf("%s: the span within is not within", name)
		}
		if server.GetKind() != tracev1.Span_SPAN_KIND_SERVER || server.GetStartTimeUnixNano() != 1e9 {
			t.Errorf("%s: %v", name, server)
		}
	}
}

// What is not what the standards say begins a trace of its own, and nothing of it is kept.
func TestHostileContexts(t *testing.T) {
	t.Parallel()
	good := w3c(traceA, spanA, "01")
	for _, bad := range []string{
		"x", strings.Repeat("a", 1<<16), strings.ToUpper(good), "ff" + good[2:], "00-" + strings.Repeat("0", 32) + "-" + spanA + "-01",
		"00-" + traceA + "-" + strings.Repeat("0", 16) + "-01", good[:54], good + "00", " " + good, good + "\n", good + ",x", good + "\x00",
		"00-" + traceA + "-" + spanA, "00-é" + traceA[2:] + "-" + spanA + "-01",
	} {
		server, _ := begin(t, telemetry.Options{Sample: 1}, telemetry.Carried{
			Meta: carrier("traceparent", bad, "tracestate", "kept=1", "baggage", "kept=1"), Header: carrier("traceparent", bad),
		})
		if len(server.GetParentSpanId()) != 0 || server.GetTraceState() != "" || len(server.GetLinks()) != 0 {
			t.Errorf("%.60q: %v", bad, server)
		}
	}
	for _, bad := range []string{
		segment, "Sampled=1", ";;;", "Root=1;Sampled=1", strings.Repeat("Root=", 1<<14), "Root=2-" + segment[7:] + "1",
		"Root=1-zzzzzzzz-bbbbbbbbbbbbbbbbbbbbbbbb;Parent=" + spanB + ";Sampled=1", "Root=1-bbbbbbbb-bbbbbbbbbbbbbbbbbbbbbbbb;Sampled=1",
	} {
		if server, _ := begin(t, telemetry.Options{}, telemetry.Carried{XRay: bad}); server != nil {
			t.Errorf("X-Ray %.60q is recorded", bad)
		}
	}
	for state, want := range map[string]string{
		"a=1,b=2": "a=1,b=2", "a=" + strings.Repeat("x", 250) + ",b=" + strings.Repeat("x", 250): "a=" + strings.Repeat("x", 250) + ",b=" + strings.Repeat("x", 250),
		"a=" + strings.Repeat("x", 250) + ",b=" + strings.Repeat("x", 250) + ",c=123456": "", "no state": "", "a=1,a=2": "", "a=\x01": "",
	} {
		server, _ := begin(t, telemetry.Options{Sample: 1}, telemetry.Carried{Meta: carrier("traceparent", good, "tracestate", state)})
		if server.GetTraceState() != want || hex.EncodeToString(server.GetParentSpanId()) != spanA {
			t.Errorf("tracestate %.60q became %q", state, server.GetTraceState())
		}
	}
}

// X-Ray's word is one that a client can put into API Gateway's mouth, so it counts for some
// requests only; the share is drawn for the others.
func TestForgedSegments(t *testing.T) {
	t.Parallel()
	collector := telemetrytest.Serve(t)
	tel := recorder(t, collector, telemetry.Options{})
	for range 1000 {
		_, span := tel.Begin(t.Context(), time.Now(), "ping", telemetry.Carried{XRay: segment + "1"})
		span.End()
	}
	tel.Flush(t.Context())
	if n := len(collector.Spans()); n < 10 || n > 40 { // 10 at once, and one for each second that a slow machine takes
		t.Errorf("%d of 1000 are recorded", n)
	}
}

// The share is of those that nobody else decides, and drawn for each.
func TestShare(t *testing.T) {
	t.Parallel()
	collector := telemetrytest.Serve(t)
	draws := 0.0
	tel := recorder(t, collector, telemetry.Options{Sample: 0.25, Draw: func() float64 { draws += 0.01; return draws - 0.01 }})
	for range 100 { // the trace is the same: whoever chose its id chose nothing else
		_, span := tel.Begin(t.Context(), time.Now(), "ping", telemetry.Carried{Meta: carrier("traceparent", w3c(traceA, spanA, "01"))})
		span.End()
	}
	tel.Flush(t.Context())
	if n := len(collector.Spans()); n != 25 {
		t.Errorf("%d of 100 are recorded, want 25", n)
	}
}

// The log names a trace as the console that has it does.
func TestTraceID(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]telemetry.Carried{
		"1-bbbbbbbb-bbbbbbbbbbbbbbbbbbbbbbbb": {XRay: segment + "1"},
		traceA:                                {XRay: segment + "1", Meta: carrier("traceparent", w3c(traceA, spanA, "01"))},
		traceC:                                {XRay: segment + "0", Header: carrier("traceparent", w3c(traceC, spanC, "01"))},
		"":                                    {Meta: carrier("traceparent", w3c(traceA, spanA, "00"))},
	} {
		tel := recorder(t, telemetrytest.Serve(t), telemetry.Options{Sample: 1})
		_, span := tel.Begin(t.Context(), time.Now(), "ping", c)
		if got := telemetry.TraceID(span, c.XRay); got != want {
			t.Errorf("trace id %q, want %q", got, want)
		}
		span.End()
	}
}
