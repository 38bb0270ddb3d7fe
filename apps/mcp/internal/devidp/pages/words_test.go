package pages

import (
	"testing"
	"time"

	"leasehold.example/libs/session"
)

// TestTimes: times are rounded so that nothing is promised that does not hold.
func TestTimes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 30, 0, 0, time.FixedZone("", 3600))
	v := sessionsView{now: now}
	for d, want := range map[time.Duration]string{
		0: "less than a minute", 59 * time.Second: "less than a minute", time.Minute: "1 minute", 2*time.Minute - 1: "1 minute",
		59 * time.Minute: "59 minutes", time.Hour: "1 hour", 47 * time.Hour: "47 hours", 48 * time.Hour: "2 days",
	} {
		if got := v.Until(now.Add(d)); got != "in "+want {
			t.Errorf("until %v from now: %q", d, got)
		}
		since := want + " ago"
		if d < time.Minute {
			since = "just now"
		}
		if got := v.Since(now.Add(-d)); got != since {
			t.Errorf("%v ago: %q", d, got)
		}
	}
	r := newRow(session.Record{Key: session.Key{Kind: "task"}})
	if r.Stamp(now) != "2026-11-22 08:30 UTC" || r.Machine(now) != "2026-11-22T08:30:00Z" || r.Use != "task" {
		t.Errorf("%q, %q, %q", r.Stamp(now), r.Machine(now), r.Use)
	}
}
