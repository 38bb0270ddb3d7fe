// Package memo remembers what calls to other servers returned: a bounded number of values, each
// until its time, and each asked for once, however many wait for it.
package memo

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

// Memo remembers values by key. It is safe for concurrent use.
type Memo[V any] struct {
	entries *lru.Cache[string, entry[V]]
	flights singleflight.Group
	timeout time.Duration
	now     func() time.Time
}

type entry[V any] struct {
	value V
	until time.Time
}

// New returns a memo of at most size values, of which the one that was not used for the longest
// time gives way. Timeout bounds one load. now is the clock; nil means time.Now.
func New[V any](size int, timeout time.Duration, now func() time.Time) (*Memo[V], error) {
	if timeout <= 0 {
		return nil, errors.New("memo: the timeout must be positive")
	}
	entries, err := lru.New[string, entry[V]](size)
	if err != nil {
		return nil, fmt.Errorf("memo: size %d: %w", size, err)
	}
	if now == nil {
		now = time.Now
	}
	return &Memo[V]{entries: entries, timeout: timeout, now: now}, nil
}

// Get returns the value of key, which load fetches when it is not remembered. Load says until
// when its value may be used; a time that has passed means for this once. Errors are not
// remembered. Calls with the same key share one load, which does not end with the caller who
// began it: each waits no longer than its own ctx.
func (m *Memo[V]) Get(ctx context.Context, key string, load func(context.Context) (V, time.Time, error)) (V, error) {
	if e, ok := m.entries.Get(key); ok && m.fresh(e.until) {
		return e.value, nil
	}
	done := m.flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.timeout)
		defer cancel()
		value, until, err := recovered(ctx, load)
		if err == nil && m.fresh(until) {
			m.entries.Add(key, entry[V]{value, until})
		}
		return value, err
	})
	var none V
	select {
	case r := <-done:
		if r.Err != nil {
			return none, r.Err
		}
		return r.Val.(V), nil //nolint:errcheck,forcetypeassert // what the function above returns
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// fresh compares by wall clock: the monotonic one of a frozen Lambda may have stood still.
func (m *Memo[V]) fresh(until time.Time) bool { return m.now().Round(0).Before(until.Round(0)) }

// recovered keeps a panic from ending the process: it is on a goroutine of its own, where no
// handler recovers it. What was thrown is left out, as it may hold what was loaded, unless the
// runtime made it.
func recovered[V any](ctx context.Context, load func(context.Context) (V, time.Time, error)) (value V, until time.Time, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error:
			err = fmt.Errorf("memo: load panicked: %w", p)
		default:
			err = fmt.Errorf("memo: load panicked: %T", p)
		}
	}()
	return load(ctx)
}
