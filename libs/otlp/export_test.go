package otlp

import (
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// AppendSpans appends an export request of spans.
func AppendSpans(b []byte, spans []sdktrace.ReadOnlySpan) []byte { return appendSpans(b, spans) }

// At makes s tell the time by now.
func (s *Sender) At(now func() time.Time) { s.now = now }

// Pause is how long a Sender is silent after a failure.
const Pause = pause
