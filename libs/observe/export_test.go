package observe

import (
	"net/http"
	"time"

	"leasehold.example/libs/session"
)

// NewRepeats returns a new bound on what is repeated, by a clock of the test's.
func NewRepeats() func(e session.Event, now time.Time) (more int, ok bool) { return newRepeats().allow }

// NewTextLogger is NewLogger's for a terminal, which a test has none of.
var NewTextLogger = newTextLogger

// ReadWebAdapter reads the adapter's headers, as on Lambda.
func (r *Request) ReadWebAdapter(h http.Header) { r.readWebAdapter(h) }
