package session

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// MinIdle is the shortest idle timeout: touches are a minute apart, and a shorter
	// one would end sessions that are in use.
	MinIdle = 5 * time.Minute
	// MaxData is the most that a session may hold, in bytes; an item of DynamoDB ends at
	// 400 KB. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
	MaxData = 256 << 10
)

// Options configure a Registry. The zero value is a good one.
type Options struct {
	// Idle ends a session that is not used; absent means 30 minutes, under MinIdle is refused.
	Idle time.Duration
	// Absolute ends a session in any case; absent means 24 hours (or Idle, when that is
	// longer), under Idle is refused.
	Absolute time.Duration
	// MaxData is the most bytes that a session's data may have; absent means 32 KiB, over
	// the constant MaxData is refused.
	MaxData int
	// MaxPerOwner is the cap on live sessions, of all kinds together; absent means 100.
	MaxPerOwner int
	// BindClient makes a session unknown to other OAuth clients of its principal.
	BindClient bool
	// Now is the clock; absent means time.Now.
	Now func() time.Time
	// Audit is told what an operator should know, in the request that caused it and
	// before its answer. It must be quick, and safe for concurrent use. Absent means
	// that nobody is told.
	Audit func(ctx context.Context, e Event)
	// Happened is told what became of sessions, for counting, as Audit is told. Absent means
	// that nobody is told.
	Happened func(ctx context.Context, h Happening)
}

// Happening is what Options.Happened is told.
type Happening string

const (
	// Opened is a session or handle that was created.
	Opened Happening = "Opened"
	// Revoked is one that was ended by request. One that expires tells nobody.
	Revoked Happening = "Revoked"
	// LimitReached is an ErrLimit or an ErrTooLarge.
	LimitReached Happening = "LimitReached"
)

func (o Options) withDefaults() Options {
	if o.Idle == 0 {
		o.Idle = 30 * time.Minute
	}
	if o.Absolute == 0 {
		o.Absolute = max(24*time.Hour, o.Idle)
	}
	if o.MaxData == 0 {
		o.MaxData = 32 << 10
	}
	if o.MaxPerOwner == 0 {
		o.MaxPerOwner = 100
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Audit == nil {
		o.Audit = func(context.Context, Event) {}
	}
	if o.Happened == nil {
		o.Happened = func(context.Context, Happening) {}
	}
	return o
}

// check tells all that is wrong.
func (o Options) check() error {
	var errs []error
	if o.Idle < MinIdle {
		errs = append(errs, fmt.Errorf("session: idle timeout %v is under %v", o.Idle, MinIdle))
	}
	if o.Absolute < o.Idle {
		errs = append(errs, fmt.Errorf("session: absolute lifetime %v is under the idle timeout %v", o.Absolute, o.Idle))
	}
	if o.MaxData < len("{}") || o.MaxData > MaxData {
		errs = append(errs, fmt.Errorf("session: data limit %d is not in 2 to %d bytes", o.MaxData, MaxData))
	}
	if o.MaxPerOwner < 1 {
		errs = append(errs, fmt.Errorf("session: cap of %d live sessions per principal", o.MaxPerOwner))
	}
	return errors.Join(errs...)
}
