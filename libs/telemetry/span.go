package telemetry

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/propagators/aws/xray"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Carried is the trace context that came with a message.
type Carried struct {
	// XRay is the tracing header that Lambda gave with the invocation, "Root=…;Parent=…;Sampled=…".
	XRay string
	// Header returns a header of the HTTP request, and Meta a text of the message's `_meta`;
	// empty when there is none.
	Header, Meta func(name string) string
}

// X-Ray's word that a request is sampled is one that API Gateway takes over from whoever sent
// the request. It counts for as many as X-Ray itself samples by default, one a second, and a
// burst. https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
const (
	xrayRate  = 1
	xrayBurst = 10
)

// maxTracestate is what of a caller's tracestate is kept, the length that the standard asks
// to propagate; a longer one is dropped as a whole.
// https://www.w3.org/TR/trace-context/#tracestate-limits
const maxTracestate = 512

// Begin begins the server span of a message that came at began, and returns the context of
// what it takes. The span is not recording when the message is not sampled.
func (t *Telemetry) Begin(ctx context.Context, began time.Time, name string, c Carried, attrs ...attribute.KeyValue) (context.Context, trace.Span) {
	if t == nil || t.spans == nil {
		return ctx, trace.SpanFromContext(ctx)
	}
	segment := fromXRay(c.XRay)
	parent, beside := choose(fromW3C(c.Meta), segment, fromW3C(c.Header))
	ctx = context.WithValue(trace.ContextWithRemoteSpanContext(ctx, parent), decisionKey{}, t.decide(parent, segment))
	options := []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(began), trace.WithAttributes(attrs...),
	}
	if beside.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: beside}))
	}
	return t.tracer.Start(ctx, name, options...)
}

// choose returns the parent, and what else was there to link. What the message says is the
// operation that it belongs to, whatever carried it.
// https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/#context-propagation
func choose(meta, segment, header trace.SpanContext) (parent, beside trace.SpanContext) {
	transport := segment
	if !transport.IsValid() {
		transport = header
	}
	if meta.IsValid() {
		return meta, transport
	}
	return transport, trace.SpanContext{}
}

// decide says whether a request is recorded.
func (t *Telemetry) decide(parent, segment trace.SpanContext) bool {
	switch {
	case segment.IsValid() && t.xray.Allow():
		return true
	case parent.IsValid() && !parent.IsSampled():
		return false // its trace has a hole here in any case
	default:
		return t.draw() < t.sample
	}
}

// fromXRay is the segment that header names, if X-Ray records it: what Lambda says of one
// that is not sampled, it also says where tracing is off, and there is nothing to continue.
func fromXRay(header string) trace.SpanContext {
	ctx := xray.Propagator{}.Extract(context.Background(), one{header})
	if c := trace.SpanContextFromContext(ctx); c.IsSampled() {
		return c
	}
	return trace.SpanContext{}
}

// one is a carrier of one header.
type one struct{ value string }

func (o one) Get(string) string { return o.value }
func (one) Set(string, string)  {}
func (one) Keys() []string      { return nil }

// fromW3C is what traceparent and tracestate say; not valid when that is nothing, or not what
// the standard says. https://www.w3.org/TR/trace-context/
func fromW3C(get func(string) string) trace.SpanContext {
	if get == nil {
		return trace.SpanContext{}
	}
	parent := get("traceparent")
	if parent == "" {
		return trace.SpanContext{}
	}
	carrier := propagation.MapCarrier{"traceparent": parent}
	if state := get("tracestate"); len(state) <= maxTracestate {
		carrier["tracestate"] = state
	}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
}

// TraceID is how the log names the trace of span: as X-Ray writes it when span continues the
// segment of xrayHeader. It is empty for one that is not recorded.
func TraceID(span trace.Span, xrayHeader string) string {
	id := span.SpanContext().TraceID().String()
	if !span.IsRecording() {
		return ""
	}
	if written := "1-" + id[:8] + "-" + id[8:]; strings.Contains(xrayHeader, written) {
		return written
	}
	return id
}

type decisionKey struct{}

// decided samples what Begin decided, and what happens within it. A span outside of a
// request is not recorded.
type decided struct{}

// ShouldSample implements sdktrace.Sampler.
func (decided) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	d := sdktrace.Drop
	if yes, _ := p.ParentContext.Value(decisionKey{}).(bool); yes {
		d = sdktrace.RecordAndSample
	}
	return sdktrace.SamplingResult{Decision: d, Tracestate: trace.SpanContextFromContext(p.ParentContext).TraceState()}
}

// Description implements sdktrace.Sampler.
func (decided) Description() string { return "leasehold" }
