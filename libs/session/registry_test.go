package session_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
	"leasehold.example/libs/session/sessiontest"
)

// fixture is a Registry over a spied memory store, with a clock of its own.
type fixture struct {
	*session.Registry
	t      *testing.T
	spy    *sessiontest.Spy
	now    time.Time
	events []session.Event
}

func newFixture(t *testing.T, o session.Options) *fixture {
	t.Helper()
	f := &fixture{t: t, spy: &sessiontest.Spy{Store: memstore.New()}, now: sessiontest.Epoch}
	o.Now = func() time.Time { return f.now }
	o.Audit = func(_ context.Context, e session.Event) { f.events = append(f.events, e) }
	var err error
	f.Registry, err = session.NewRegistry(f.spy, o)
	sessiontest.Must(t, err)
	return f
}

func (f *fixture) create(p identity.Principal, kind session.Kind) (string, session.Record) {
	f.t.Helper()
	id, rec, err := f.Create(f.t.Context(), p, session.New{Kind: kind})
	sessiontest.Must(f.t, err)
	f.spy.Take()
	return id, rec
}

func (f *fixture) resolve(p identity.Principal, kind session.Kind, id string) (session.Record, error) {
	return f.Resolve(f.t.Context(), p, kind, id)
}

func (f *fixture) wantCalls(want ...string) {
	f.t.Helper()
	if got := f.spy.Take(); !slices.Equal(got, want) {
		f.t.Errorf("calls %v, want %v", got, want)
	}
}

func (f *fixture) wantProblems(want ...session.Problem) {
	f.t.Helper()
	var got []session.Problem
	for _, e := range f.events {
		got = append(got, e.Problem)
	}
	f.events = nil
	if !slices.Equal(got, want) {
		f.t.Errorf("events %v, want %v", got, want)
	}
}

func somebody() identity.Principal { return sessiontest.Principal(sessiontest.Owner()) }

func TestNewRegistryRefuses(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]session.Options{
		"rule 26: idle under 5 minutes": {Idle: 5*time.Minute - 1},
		"negative idle":                 {Idle: -time.Hour},
		"absolute under idle":           {Idle: time.Hour, Absolute: 59 * time.Minute},
		"rule 27: data over 256 KiB":    {MaxData: 256<<10 + 1},
		"negative data":                 {MaxData: -1},
		"negative cap":                  {MaxPerOwner: -1},
	} {
		if _, err := session.NewRegistry(memstore.New(), o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, o := range []session.Options{{}, {Idle: 5 * time.Minute}, {Idle: 48 * time.Hour}, {MaxData: 256 << 10}} {
		if _, err := session.NewRegistry(memstore.New(), o); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := session.NewRegistry(struct{ session.Store }{memstore.New()}, session.Options{}); err == nil {
		t.Error("a store that neither lists nor locates: accepted")
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{MaxPerOwner: 1000})
	p, seen := somebody(), map[string]bool{}
	for range 500 {
		id, rec := f.create(p, session.KindNotebook) // rule 23: always a new one
		raw, err := base64.RawURLEncoding.DecodeString(id)
		if err != nil || len(raw) != 32 || seen[id] {
			t.Fatalf("id of %d bytes, seen before %v, %v", len(raw), seen[id], err)
		}
		seen[id] = true
		if strings.Contains(fmt.Sprintf("%+v", rec), id) { // rule 24
			t.Fatal("the record holds the id")
		}
	}
}

// TestRule24Hash holds the encoding still: a change of it would end every session.
func TestRule24Hash(t *testing.T) {
	t.Parallel()
	const want = session.Hash("32-FfNXId9cbxN8BfPd8xxqjv7dNgartpFtS4xpgsl8")
	if got := session.HashID(session.KindMCP, "id"); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
	seen := map[session.Hash]string{}
	for _, pair := range [][2]string{{"mcp", "id"}, {"mcpi", "d"}, {"mc", "pid"}, {"", "mcpid"}, {"mcp", "id\x00"}, {"mcp", ""}} {
		h := session.HashID(session.Kind(pair[0]), pair[1])
		if other, taken := seen[h]; taken {
			t.Errorf("%q and %s collide", pair, other)
		}
		seen[h] = fmt.Sprint(pair)
	}
}

func TestRule24KindsDoNotInterchange(t *testing.T) {
	t.Parallel()
	kinds := []session.Kind{session.KindMCP, session.KindSession, session.KindNotebook, session.KindNonce}
	f := newFixture(t, session.Options{})
	p := somebody()
	sessiontest.Must(t, f.Consume(t.Context(), p, "a-nonce", f.now.Add(time.Hour)))
	for _, made := range kinds[:3] {
		id, _ := f.create(p, made)
		for _, used := range kinds {
			_, err := f.resolve(p, used, id)
			if (err == nil) != (made == used) {
				t.Errorf("%s as %s: %v", made, used, err)
			}
		}
		_, err := f.resolve(p, made, "a-nonce")
		sessiontest.WantErr(t, err, session.ErrNotFound)
	}
}

func TestRule23Unconfirmed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p := somebody()
	id, rec := f.create(p, session.KindMCP)
	if rec.Confirmed || !rec.Expires.Equal(f.now.Add(time.Minute)) {
		t.Fatalf("created %+v", rec)
	}
	f.now = f.now.Add(59 * time.Second)
	unconfirmed, err := f.resolve(p, session.KindMCP, id)
	sessiontest.Must(t, err)
	f.wantCalls("Load") // and no touch
	f.now = f.now.Add(time.Second)
	_, err = f.resolve(p, session.KindMCP, id)
	sessiontest.WantErr(t, err, session.ErrNotFound)
	sessiontest.WantErr(t, f.Confirm(t.Context(), unconfirmed), session.ErrNotFound)

	id, rec = f.create(p, session.KindMCP)
	sessiontest.Must(t, f.Confirm(t.Context(), rec))
	f.now = f.now.Add(29 * time.Minute)
	rec, err = f.resolve(p, session.KindMCP, id)
	sessiontest.Must(t, err)
	if !rec.Confirmed {
		t.Error("not confirmed")
	}
	f.spy.Take()
	sessiontest.Must(t, f.Confirm(t.Context(), rec))
	f.wantCalls() // again is no write

	// No use extends an unconfirmed one, however long it has.
	planted := sessiontest.Record(p.Owner(), session.KindMCP)
	planted.Key.Hash, planted.Confirmed = session.HashID(session.KindMCP, "planted"), false
	sessiontest.Must(t, f.spy.Store.Create(t.Context(), planted, []byte("{}")))
	_, err = f.resolve(p, session.KindMCP, "planted")
	sessiontest.Must(t, err)
	f.wantCalls("Load")
}

func TestRule26Touch(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{Idle: 10 * time.Minute, Absolute: 15 * time.Minute})
	p, start := somebody(), f.now
	id, _ := f.create(p, session.KindSession)
	for _, step := range []struct {
		at      time.Duration
		touched bool
		expires time.Duration
	}{
		{0, false, 10 * time.Minute},
		{59*time.Second + 999*time.Millisecond, false, 10 * time.Minute},
		{60 * time.Second, true, 11 * time.Minute},
		{61 * time.Second, false, 11 * time.Minute},
		{4 * time.Minute, true, 14 * time.Minute},
		{9 * time.Minute, true, 15 * time.Minute}, // absolute
		{14*time.Minute + 59*time.Second, true, 15 * time.Minute},
	} {
		f.now = start.Add(step.at)
		rec, err := f.resolve(p, session.KindSession, id)
		sessiontest.Must(t, err)
		if step.touched {
			f.wantCalls("Load", "Change")
		} else {
			f.wantCalls("Load")
		}
		if !rec.Expires.Equal(start.Add(step.expires)) || rec.Version != 1 {
			t.Errorf("at %v: expires %v, version %d", step.at, rec.Expires.Sub(start), rec.Version)
		}
	}
	f.now = start.Add(15 * time.Minute)
	_, err := f.resolve(p, session.KindSession, id)
	sessiontest.WantErr(t, err, session.ErrNotFound)
}

func TestIdleEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{Idle: 10 * time.Minute})
	p := somebody()
	id, rec := f.create(p, session.KindSession)
	f.now = f.now.Add(10 * time.Minute)
	_, err := f.resolve(p, session.KindSession, id)
	sessiontest.WantErr(t, err, session.ErrNotFound)
	sessiontest.WantErr(t, f.Revoke(t.Context(), p, session.KindSession, id), session.ErrNotFound)
	_, _, err = f.Data(t.Context(), rec)
	sessiontest.WantErr(t, err, session.ErrNotFound)
	sessiontest.WantErr(t, f.SetLogLevel(t.Context(), rec, "info"), session.ErrNotFound)
	f.wantProblems(session.SessionUnknown, session.SessionUnknown)
}

// TestRule26RevokedStaysRevoked holds a record from before the end and tries every write.
func TestRule26RevokedStaysRevoked(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p := somebody()
	id, rec := f.create(p, session.KindMCP)
	sessiontest.Must(t, f.Revoke(t.Context(), p, session.KindMCP, id))
	f.wantCalls("Load", "Delete")
	sessiontest.WantErr(t, f.Confirm(t.Context(), rec), session.ErrNotFound)
	sessiontest.WantErr(t, f.SetLogLevel(t.Context(), rec, "info"), session.ErrNotFound)
	_, err := f.Update(t.Context(), rec, func(b []byte) ([]byte, error) { return b, nil })
	sessiontest.WantErr(t, err, session.ErrNotFound)
	sessiontest.WantErr(t, f.RevokeRecord(t.Context(), rec), session.ErrNotFound)
	_, err = f.resolve(p, session.KindMCP, id)
	sessiontest.WantErr(t, err, session.ErrNotFound)

	id, _ = f.create(p, session.KindSession)
	f.now = f.now.Add(time.Minute)
	sessiontest.Must(t, f.Revoke(t.Context(), p, session.KindSession, id))
	f.wantCalls("Load", "Delete") // what ends is not touched first

	// Revoked between the read and the touch.
	id, rec = f.create(p, session.KindSession)
	f.now = f.now.Add(time.Minute)
	f.spy.Fail = func(ctx context.Context, call string) error {
		if call == "Change" {
			return f.spy.Store.Delete(ctx, rec.Key)
		}
		return nil
	}
	_, err = f.resolve(p, session.KindSession, id)
	sessiontest.WantErr(t, err, session.ErrNotFound)
}
