package observe

import (
	"time"

	"leasehold.example/libs/session"
)

// NewRepeats returns a new bound on what is repeated, by a clock of the test's.
func NewRepeats() func(e session.Event, now time.Time) (more int, ok bool) { return newRepeats().allow }
