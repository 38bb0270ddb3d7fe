package observe

import (
	"log/slog"
	"net/http"
	"time"

	"leasehold.example/libs/session"
)

// NewRepeats returns a new bound on what is repeated, by a clock of the test's.
func NewRepeats() func(e session.Event, now time.Time) (more int, ok bool) { return newRepeats().allow }

// NewTextLogger is NewLogger's for a terminal, which a test has none of.
var NewTextLogger = newTextLogger

// IsText reports whether a logger writes for a person.
func IsText(l *slog.Logger) bool {
	_, text := l.Handler().(requestHandler).Handler.(*slog.TextHandler)
	return text
}

// ReadWebAdapter reads the adapter's headers, as on Lambda.
func (r *Request) ReadWebAdapter(h http.Header) { r.readWebAdapter(h) }
