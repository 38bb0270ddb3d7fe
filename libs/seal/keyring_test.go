package seal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leasehold.example/libs/seal"
)

// Rule 31: seal with current; open with pending, current and previous.
func TestRotation(t *testing.T) {
	t.Parallel()
	b := testBinding(t)
	k1, k2, k3 := testKey(t, "k1"), testKey(t, "k2"), testKey(t, "k3")
	f := newFixture(t)
	old := f.mustSeal(t, b, "old")

	// Another instance has rotated already: its value names a key that is pending here.
	ahead := newFixtureOver(t, &source{keys: seal.Keys{Current: k2, Previous: &k1}}, f.clock)
	early := ahead.mustSeal(t, b, "early")
	f.src.set(seal.Keys{Current: k1, Pending: &k2})
	if got, err := f.Open(t.Context(), b, early); err != nil || string(got.State) != "early" {
		t.Errorf("pending key: Open = %q, %v", got.State, err)
	}
	if sealed := f.mustSeal(t, b, "x"); !strings.HasPrefix(sealed, "v1.k1.") {
		t.Errorf("sealed with %.6q, want the current key, not the pending one", sealed)
	}

	f.src.set(seal.Keys{Current: k2, Previous: &k1})
	f.clock.Advance(seal.DefaultMaxAge)
	if sealed := f.mustSeal(t, b, "x"); !strings.HasPrefix(sealed, "v1.k2.") {
		t.Errorf("sealed with %.6q, want the new current key once the old ones have aged", sealed)
	}
	if got, err := f.Open(t.Context(), b, old); err != nil || string(got.State) != "old" {
		t.Errorf("previous key: Open = %q, %v", got.State, err)
	}

	f.src.set(seal.Keys{Current: k3, Previous: &k2})
	f.clock.Advance(seal.DefaultMaxAge)
	if _, err := f.Open(t.Context(), b, f.mustSeal(t, b, "x")); err != nil {
		t.Errorf("newest key: %v", err)
	}
	if _, err := f.Open(t.Context(), b, old); !errors.Is(err, seal.ErrInvalid) {
		t.Errorf("key that left the ring: Open = %v, want ErrInvalid", err)
	}
}

// Rule 31: the key's id does not vouch for its bytes.
func TestAnotherKeyOfTheSameID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	impostor, err := seal.NewKey("k1", []byte(strings.Repeat("?", 32)))
	if err != nil {
		t.Fatal(err)
	}
	other := newFixtureOver(t, &source{keys: seal.Keys{Current: impostor}}, f.clock)
	b := testBinding(t)
	if _, err := f.Open(t.Context(), b, other.mustSeal(t, b, "x")); !errors.Is(err, seal.ErrInvalid) {
		t.Errorf("Open = %v, want ErrInvalid", err)
	}
	f.src.set(seal.Keys{Current: testKey(t, "k1"), Previous: &impostor})
	f.clock.Advance(seal.DefaultMaxAge)
	if _, err := f.Seal(t.Context(), b, nil); err != nil {
		t.Errorf("a malformed set replaced known keys: %v", err)
	}
	fresh := newFixtureOver(t, f.src, f.clock)
	if _, err := fresh.Seal(t.Context(), b, nil); !errors.Is(err, seal.ErrUnavailable) {
		t.Errorf("two keys of one id: Seal = %v, want ErrUnavailable", err)
	}
}

// Rule 31: an unknown kid refetches once, and a storm of them is bounded.
func TestUnknownKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := testBinding(t)
	sealed := f.mustSeal(t, b, "x")
	foreign := func(i int) string { return strings.Replace(sealed, "v1.k1.", fmt.Sprintf("v1.u%d.", i), 1) }

	if _, err := f.Open(t.Context(), b, foreign(0)); !errors.Is(err, seal.ErrInvalid) {
		t.Errorf("unknown key: Open = %v, want ErrInvalid", err)
	}
	if n := f.src.count(); n != 2 {
		t.Errorf("%d fetches after the first use and one unknown key, want 2", n)
	}
	var wg sync.WaitGroup
	for i := range 500 {
		wg.Go(func() {
			if _, err := f.Open(t.Context(), b, foreign(i)); !errors.Is(err, seal.ErrInvalid) {
				t.Errorf("storm: Open = %v, want ErrInvalid", err)
			}
		})
	}
	wg.Wait()
	if n := f.src.count(); n > 3 {
		t.Errorf("a storm of unknown keys led to %d fetches, want at most 3", n)
	}
	if _, err := f.Open(t.Context(), b, sealed); err != nil {
		t.Errorf("known key after the storm: %v", err)
	}
	// And the ring is not stuck: a key that appears later is found.
	k2 := testKey(t, "k2")
	f.src.set(seal.Keys{Current: k2})
	other := newFixtureOver(t, &source{keys: seal.Keys{Current: k2}}, f.clock)
	f.clock.Advance(30 * time.Second)
	if _, err := f.Open(t.Context(), b, other.mustSeal(t, b, "x")); err != nil {
		t.Errorf("new key after the storm: %v", err)
	}
}

// A first use with an unknown key has just fetched: fetching again would be no news.
func TestUnknownKeyAtFirstUse(t *testing.T) {
	t.Parallel()
	b := testBinding(t)
	sealed := newFixture(t).mustSeal(t, b, "x")
	f := newFixtureOver(t, &source{keys: seal.Keys{Current: testKey(t, "k2")}}, newClock())
	if _, err := f.Open(t.Context(), b, sealed); !errors.Is(err, seal.ErrInvalid) {
		t.Errorf("Open = %v, want ErrInvalid", err)
	}
	if n := f.src.count(); n != 1 {
		t.Errorf("%d fetches, want 1", n)
	}
}

// Rule 31: no key is 503, a known key keeps working, and recovery needs no restart.
func TestSourceDown(t *testing.T) {
	t.Parallel()
	b := testBinding(t)
	f := newFixture(t)
	f.src.setDown(true)
	for range 50 {
		if _, err := f.Seal(t.Context(), b, nil); !errors.Is(err, seal.ErrUnavailable) || errors.Is(err, seal.ErrInvalid) {
			t.Fatalf("Seal without a key = %v, want ErrUnavailable", err)
		}
		if _, err := f.Open(t.Context(), b, newFixture(t).mustSeal(t, b, "x")); !errors.Is(err, seal.ErrUnavailable) {
			t.Fatalf("Open without a key = %v, want ErrUnavailable", err)
		}
	}
	if n := f.src.count(); n > 3 {
		t.Errorf("%d fetches of a source that is down, want at most 3", n)
	}

	f.src.setDown(false)
	f.clock.Advance(5 * time.Second)
	sealed := f.mustSeal(t, b, "x")

	f.src.setDown(true)
	f.clock.Advance(seal.DefaultMaxAge)
	if _, err := f.Open(t.Context(), b, sealed); err != nil {
		t.Errorf("known key, source down: %v", err)
	}
	if _, err := f.Open(t.Context(), b, strings.Replace(sealed, "v1.k1.", "v1.k2.", 1)); !errors.Is(err, seal.ErrUnavailable) {
		t.Errorf("unknown key, source down: Open = %v, want ErrUnavailable: nobody can tell", err)
	}
}

// Steady state: one fetch per MaxAge, by wall clock.
func TestMaxAge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := testBinding(t)
	for range 100 {
		f.mustSeal(t, b, "x")
	}
	f.clock.Advance(seal.DefaultMaxAge - time.Second)
	f.mustSeal(t, b, "x")
	if n := f.src.count(); n != 1 {
		t.Errorf("%d fetches within MaxAge, want 1", n)
	}
	f.clock.Advance(time.Second)
	f.mustSeal(t, b, "x")
	if n := f.src.count(); n != 2 {
		t.Errorf("%d fetches after MaxAge, want 2", n)
	}
	f.clock.Advance(-time.Hour)
	f.mustSeal(t, b, "x")
	if n := f.src.count(); n != 3 {
		t.Errorf("%d fetches after the clock went back, want 3", n)
	}
}

// Concurrent first uses share one fetch, and the first of them leaving ends it for none.
func TestSingleFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{keys: seal.Keys{Current: testKey(t, "k1")}, release: make(chan struct{})}
		f := newFixtureOver(t, src, newClock())
		b := testBinding(t)
		impatient, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := f.Seal(impatient, b, nil)
			left <- err
		}()
		synctest.Wait()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := f.Seal(t.Context(), b, nil); err != nil {
					t.Errorf("Seal: %v", err)
				}
			})
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		if err := <-left; !errors.Is(err, seal.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("the caller that left got %v, want ErrUnavailable and its context's error", err)
		}
		close(src.release)
		wg.Wait()
		if n := src.count(); n != 1 {
			t.Errorf("%d fetches, want 1", n)
		}
		// One who saw no keys, and comes when the fetch is over, has no reason for another.
		if err := f.ring.FetchLate(t.Context()); err != nil || src.count() != 1 {
			t.Errorf("a late caller: %v, %d fetches, want 1", err, src.count())
		}
	})
}

// A source that does not answer fails after seconds, not with the request.
func TestFetchTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixtureOver(t, &source{release: make(chan struct{})}, newClock())
		begin := time.Now()
		_, err := f.Seal(t.Context(), testBinding(t), nil)
		if !errors.Is(err, seal.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Seal = %v, want ErrUnavailable", err)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("gave up after %v", took)
		}
	})
}

func TestDerive(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	kid, key, err := f.ring.Derive(t.Context(), "pseudonym")
	if err != nil || kid != "k1" || len(key) != 32 {
		t.Fatalf("Derive = %q, %d bytes, %v", kid, len(key), err)
	}
	_, other, err := f.ring.Derive(t.Context(), "another")
	if err != nil || bytes.Equal(other, key) {
		t.Errorf("rule 31: two purposes have one key (%v)", err)
	}
	f.clock.Advance(24 * time.Hour)
	if _, again, err := f.ring.Derive(t.Context(), "pseudonym"); err != nil || !bytes.Equal(again, key) {
		t.Errorf("Derive with old keys gave another key or %v", err)
	}
	if n := f.src.count(); n != 1 {
		t.Errorf("%d fetches, want 1: Derive does not wait for newer keys", n)
	}
	down := newFixtureOver(t, &source{down: true}, newClock())
	if _, _, err := down.ring.Derive(t.Context(), "pseudonym"); !errors.Is(err, seal.ErrUnavailable) {
		t.Errorf("Derive without a key = %v, want ErrUnavailable", err)
	}
}
