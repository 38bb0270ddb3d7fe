package otlp

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Spans sends spans to a Sender. It implements sdktrace.SpanExporter.
type Spans struct{ To *Sender }

// ExportSpans implements sdktrace.SpanExporter. It never returns an error: the Sender has
// logged it, and nobody else could do anything about it.
func (s Spans) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if len(spans) > 0 {
		s.To.send(ctx, appendSpans(nil, spans))
	}
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (s Spans) Shutdown(context.Context) error { return s.To.close() }

// appendSpans appends an ExportTraceServiceRequest of spans, which are of one provider and
// so of one resource, to m.
// https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
func appendSpans(m message, spans []sdktrace.ReadOnlySpan) message {
	m.nested(1, func(m *message) {
		m.about(spans[0].Resource())
		for len(spans) > 0 {
			scope, n := spans[0].InstrumentationScope(), 1
			for n < len(spans) && spans[n].InstrumentationScope() == scope {
				n++
			}
			m.nested(2, func(m *message) {
				m.scope(scope)
				for _, s := range spans[:n] {
					m.nested(2, func(m *message) { m.span(s) })
				}
			})
			spans = spans[n:]
		}
	})
	return m
}

// Bits of flags beyond those of W3C: whether the parent is of another process, and that this
// is known.
const (
	knowsRemote = 1 << 8
	isRemote    = 1 << 9
)

func flags(own, parent trace.SpanContext) uint32 {
	f := uint32(own.TraceFlags()) | knowsRemote
	if parent.IsRemote() {
		f |= isRemote
	}
	return f
}

func (m *message) span(s sdktrace.ReadOnlySpan) {
	own, parent := s.SpanContext(), s.Parent()
	m.context(own)
	m.text(3, own.TraceState().String())
	if id := parent.SpanID(); id.IsValid() {
		m.raw(4, id[:])
	}
	m.text(5, s.Name())
	m.varint(6, uint64(s.SpanKind())) //nolint:gosec // the API's numbers are the protocol's, 0 to 5
	m.fixed64(7, nanoseconds(s.StartTime()))
	m.fixed64(8, nanoseconds(s.EndTime()))
	m.attributes(9, s.Attributes())
	for _, l := range s.Links() {
		m.nested(13, func(m *message) {
			m.context(l.SpanContext)
			m.text(3, l.SpanContext.TraceState().String())
			m.attributes(4, l.Attributes)
			m.fixed32(6, flags(l.SpanContext, l.SpanContext))
		})
	}
	if status := s.Status(); status.Code != codes.Unset {
		m.nested(15, func(m *message) {
			m.text(2, status.Description)
			m.varint(3, statusCode(status.Code))
		})
	}
	m.fixed32(16, flags(own, parent))
}

// context is what spans and links begin with.
func (m *message) context(c trace.SpanContext) {
	id, span := c.TraceID(), c.SpanID()
	m.raw(1, id[:])
	m.raw(2, span[:])
}

// statusCode is c as the protocol counts: ok before error.
func statusCode(c codes.Code) uint64 {
	if c == codes.Ok {
		return 1
	}
	return 2
}

func nanoseconds(t time.Time) uint64 { return uint64(t.UnixNano()) }
