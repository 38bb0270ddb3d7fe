package memo_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"leasehold.example/libs/memo"
)

const timeout = time.Second

func newMemo(t *testing.T, size int) *memo.Memo[string] {
	t.Helper()
	m, err := memo.New[string](size, timeout, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// loads counts, and returns the key's value for a minute.
type loads struct{ n atomic.Int32 }

func (l *loads) of(key string) func(context.Context) (string, time.Time, error) {
	return func(context.Context) (string, time.Time, error) {
		l.n.Add(1)
		return "value of " + key, time.Now().Add(time.Minute), nil
	}
}

func (l *loads) get(t *testing.T, m *memo.Memo[string], key string) {
	t.Helper()
	if got, err := m.Get(t.Context(), key, l.of(key)); err != nil || got != "value of "+key {
		t.Errorf("%s: %q, %v", key, got, err)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	if _, err := memo.New[string](0, timeout, nil); err == nil {
		t.Error("a memo of nothing")
	}
	if _, err := memo.New[string](1, 0, nil); err == nil {
		t.Error("a load without time")
	}
}

func TestRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, l := newMemo(t, 2), &loads{}
		for range 3 {
			l.get(t, m, "a")
			l.get(t, m, "b")
		}
		if got := l.n.Load(); got != 2 {
			t.Errorf("%d loads of two keys", got)
		}
		time.Sleep(time.Minute - time.Nanosecond)
		l.get(t, m, "a")
		if got := l.n.Load(); got != 2 {
			t.Error("forgotten before its time")
		}
		time.Sleep(time.Nanosecond)
		l.get(t, m, "a")
		if got := l.n.Load(); got != 3 {
			t.Error("remembered beyond its time")
		}
	})
}

func TestBound(t *testing.T) {
	t.Parallel()
	m, l := newMemo(t, 2), &loads{}
	for _, key := range []string{"a", "b", "c", "a"} {
		l.get(t, m, key)
	}
	if got := l.n.Load(); got != 4 {
		t.Errorf("%d loads, want 4: two values are remembered", got)
	}
}

func TestNotRemembered(t *testing.T) {
	t.Parallel()
	m := newMemo(t, 2)
	down := errors.New("down")
	n := 0
	for range 2 {
		if _, err := m.Get(t.Context(), "error", func(context.Context) (string, time.Time, error) {
			n++
			return "", time.Now().Add(time.Hour), down
		}); !errors.Is(err, down) {
			t.Errorf("the error is %v", err)
		}
		if got, err := m.Get(t.Context(), "once", func(context.Context) (string, time.Time, error) {
			n++
			return "this once", time.Time{}, nil
		}); got != "this once" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	if n != 4 {
		t.Errorf("%d loads, want 4", n)
	}
	// What is not remembered takes no place from what is.
	small, l := newMemo(t, 1), &loads{}
	l.get(t, small, "a")
	if _, err := small.Get(t.Context(), "once", func(context.Context) (string, time.Time, error) { return "", time.Time{}, nil }); err != nil {
		t.Error(err)
	}
	l.get(t, small, "a")
	if l.n.Load() != 1 {
		t.Error("a value for once has pushed another out")
	}
}

// TestShared: many ask at once, and the first of them gives up while the others wait.
func TestShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemo(t, 2)
		release, n := make(chan struct{}), atomic.Int32{}
		load := func(ctx context.Context) (string, time.Time, error) {
			n.Add(1)
			select {
			case <-release:
				return "shared", time.Now().Add(time.Minute), nil
			case <-ctx.Done():
				return "", time.Time{}, ctx.Err()
			}
		}
		first, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := m.Get(first, "a", load); !errors.Is(err, context.Canceled) {
				t.Errorf("who gives up gets %v", err)
			}
		})
		synctest.Wait()
		for range 9 {
			all.Go(func() {
				if got, err := m.Get(t.Context(), "a", load); got != "shared" || err != nil {
					t.Errorf("who waits gets %q, %v", got, err)
				}
			})
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		close(release)
		all.Wait()
		if n.Load() != 1 {
			t.Errorf("%d loads for one key at a time", n.Load())
		}
	})
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := newMemo(t, 1).Get(t.Context(), "a", func(ctx context.Context) (string, time.Time, error) {
			<-ctx.Done()
			return "", time.Time{}, ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != timeout {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestPanic: one failed load, whose error has not what was thrown: that may hold what was loaded.
func TestPanic(t *testing.T) {
	t.Parallel()
	for name, load := range map[string]func(context.Context) (string, time.Time, error){
		"string": func(context.Context) (string, time.Time, error) { panic("hush") },
		"index":  func(context.Context) (string, time.Time, error) { return []string{}[len(unknown())], time.Time{}, nil },
	} {
		_, err := newMemo(t, 1).Get(t.Context(), "a", load)
		if err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// unknown is no constant: the compiler would see that the index is wrong.
func unknown() string { return os.Args[0] }
