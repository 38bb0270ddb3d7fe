package seal_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"leasehold.example/libs/seal"
)

// clock is a time that moves when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// source hands out keys that a test can change, can be down, and counts its calls.
type source struct {
	mu      sync.Mutex
	keys    seal.Keys
	down    bool
	fetches int
	release chan struct{} // when not nil, a fetch waits for it
}

var errDown = errors.New("secrets are down")

func (s *source) Fetch(ctx context.Context) (seal.Keys, error) {
	if s.release != nil {
		select {
		case <-s.release:
		case <-ctx.Done():
			return seal.Keys{}, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetches++
	if s.down {
		return seal.Keys{}, errDown
	}
	return s.keys, nil
}

func (s *source) set(keys seal.Keys) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = keys
}

func (s *source) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *source) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches
}

// testKey is a key whose bytes follow from its id.
func testKey(tb testing.TB, id string) seal.Key {
	tb.Helper()
	root := bytes.Repeat([]byte{id[len(id)-1]}, 32)
	k, err := seal.NewKey(id, root)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

const purpose = "request-state"

// fixture is a sealer over key "k1" of a source and a clock that a test controls.
type fixture struct {
	*seal.Sealer
	ring  *seal.Keyring
	src   *source
	clock *clock
}

func newFixture(tb testing.TB) *fixture {
	tb.Helper()
	return newFixtureOver(tb, &source{keys: seal.Keys{Current: testKey(tb, "k1")}}, newClock())
}

func newFixtureOver(tb testing.TB, src *source, c *clock) *fixture {
	tb.Helper()
	ring := seal.NewKeyring(src, seal.KeyringOptions{Now: c.Now, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	s, err := seal.New(ring, seal.Options{Purpose: purpose, Now: c.Now})
	if err != nil {
		tb.Fatal(err)
	}
	return &fixture{Sealer: s, ring: ring, src: src, clock: c}
}

func (f *fixture) mustSeal(tb testing.TB, b seal.Binding, state string) string {
	tb.Helper()
	sealed, err := f.Seal(tb.Context(), b, []byte(state))
	if err != nil {
		tb.Fatal(err)
	}
	return sealed
}

func testBinding(tb testing.TB) seal.Binding {
	tb.Helper()
	digest, err := seal.DigestArgs(map[string]any{"notebook": "n-1"})
	if err != nil {
		tb.Fatal(err)
	}
	return seal.Binding{
		Resource: "https://mcp.example.com/mcp", Protocol: "2026-07-28", Method: "tools/call", Tool: "notebook_delete",
		Tenant: "acme", Issuer: "https://issuer.example", Subject: "user-1", ClientID: "client-1", ArgsDigest: digest,
	}
}
