package session_test

import (
	"context"
	"encoding/base64"
	"errors"
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

func TestRule27Cap(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{MaxPerOwner: 3, Idle: 10 * time.Minute})
	p, q := somebody(), somebody()
	id, _ := f.create(p, session.KindMCP)
	f.create(p, session.KindSession)
	f.create(p, session.KindNotebook)
	for i := range 5 { // nonces do not count
		sessiontest.Must(t, f.Consume(t.Context(), p, fmt.Sprint(i), f.now.Add(time.Hour)))
	}
	refused := func() {
		t.Helper()
		newID, _, err := f.Create(t.Context(), p, session.New{Kind: session.KindNotebook})
		sessiontest.WantErr(t, err, session.ErrLimit)
		live, err := f.List(t.Context(), p.Owner())
		sessiontest.Must(t, err)
		if newID != "" || len(live) != 3 {
			t.Fatalf("id %d bytes, %d live", len(newID), len(live))
		}
	}
	refused()
	f.create(q, session.KindMCP) // another principal has a cap of their own
	sessiontest.Must(t, f.Revoke(t.Context(), p, session.KindMCP, id))
	f.create(p, session.KindNotebook)
	refused()
	f.now = f.now.Add(10 * time.Minute) // expired ones make room, deleted or not
	f.create(p, session.KindNotebook)
}

func TestRule27Data(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p := somebody()
	object := func(size int) []byte { return []byte(`{"s":"` + strings.Repeat("x", size-len(`{"s":""}`)) + `"}`) }
	for name, data := range map[string][]byte{
		"array": []byte(`[]`), "null": []byte(`null`), "string": []byte(`"{}"`), "cut": []byte(`{"a":1`),
		"twice": []byte(`{"a":1,"a":2}`), "nested twice": []byte(`{"o":{"a":1,"a":2}}`), "UTF-8": []byte("{\"a\":\"\xff\"}"),
		"trailing": []byte(`{} {}`), "space": []byte(` `),
	} {
		_, _, err := f.Create(t.Context(), p, session.New{Kind: session.KindMCP, Data: data})
		if err == nil {
			t.Errorf("create with %s: accepted", name)
		}
		_, rec := f.create(p, session.KindSession)
		if _, err = f.Update(t.Context(), rec, func([]byte) ([]byte, error) { return data, nil }); err == nil {
			t.Errorf("update to %s: accepted", name)
		}
		if data, version, err := f.Data(t.Context(), rec); string(data) != "{}" || version != 1 || err != nil {
			t.Errorf("%s: data %q of version %d after a refused update, %v", name, data, version, err)
		}
	}
	_, _, err := f.Create(t.Context(), p, session.New{Kind: session.KindMCP, Data: object(32<<10 + 1)})
	sessiontest.WantErr(t, err, session.ErrTooLarge)
	_, rec, err := f.Create(t.Context(), p, session.New{Kind: session.KindMCP, Data: object(32 << 10)})
	sessiontest.Must(t, err)
	_, err = f.Update(t.Context(), rec, func(b []byte) ([]byte, error) { return append(b, ' '), nil })
	sessiontest.WantErr(t, err, session.ErrTooLarge)
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p := somebody()
	for name, n := range map[string]session.New{
		"no kind": {}, "a nonce": {Kind: session.KindNonce}, "a separator": {Kind: "a#b"},
		"a long protocol": {Kind: session.KindMCP, Protocol: strings.Repeat("1", 33)},
	} {
		if _, _, err := f.Create(t.Context(), p, n); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, lacks := range []func(*identity.Principal){
		func(p *identity.Principal) { p.Tenant = "" }, func(p *identity.Principal) { p.Issuer = "" },
		func(p *identity.Principal) { p.Subject = "" }, func(p *identity.Principal) { p.Tenant = "a#U#b" },
	} {
		q := p
		lacks(&q)
		_, _, createErr := f.Create(t.Context(), q, session.New{Kind: session.KindMCP})
		_, resolveErr := f.resolve(q, session.KindMCP, "id")
		consumeErr := f.Consume(t.Context(), q, "nonce", f.now.Add(time.Hour))
		for _, err := range []error{createErr, resolveErr, consumeErr} {
			if err == nil || errors.Is(err, session.ErrNotFound) {
				t.Errorf("principal %+v: %v", q.Owner(), err)
			}
		}
	}
	f.wantCalls()
	long := session.New{Kind: session.KindMCP, Client: strings.Repeat("x", 127) + "é\xff"}
	p.ClientID = strings.Repeat("https://client.example/", 100)
	_, rec, err := f.Create(t.Context(), p, long)
	sessiontest.Must(t, err)
	if rec.Client != strings.Repeat("x", 127) || len(rec.ClientID) > 128 {
		t.Errorf("client %q, client id %q", rec.Client, rec.ClientID)
	}
}

func TestListAndRevokeOwner(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p, other := somebody(), somebody()
	other.Tenant = p.Tenant
	other.Subject = "user-2"
	id, _ := f.create(p, session.KindMCP)
	f.create(p, session.KindNotebook)
	kept, _ := f.create(other, session.KindNotebook)
	sessiontest.Must(t, f.Consume(t.Context(), p, "nonce", f.now.Add(time.Hour)))

	entries, next, err := f.ListTenant(t.Context(), p.Tenant, "", 10)
	sessiontest.Must(t, err)
	if len(entries) != 3 || next != "" {
		t.Errorf("%d entries of the tenant, next %q", len(entries), next)
	}
	_, _, err = f.ListTenant(t.Context(), p.Tenant, "nonsense", 10)
	sessiontest.WantErr(t, err, session.ErrCursor)

	n, err := f.RevokeOwner(t.Context(), p.Owner())
	if n != 2 || err != nil {
		t.Fatalf("revoked %d, %v", n, err)
	}
	_, err = f.resolve(p, session.KindMCP, id)
	sessiontest.WantErr(t, err, session.ErrNotFound)
	_, err = f.resolve(other, session.KindNotebook, kept)
	sessiontest.Must(t, err)
	// rule 30: what was used stays used
	sessiontest.WantErr(t, f.Consume(t.Context(), p, "nonce", f.now.Add(time.Hour)), session.ErrExists)
}

func TestRule30Consume(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p, q := somebody(), somebody()
	until := f.now.Add(10*time.Minute + 300*time.Millisecond)
	sessiontest.Must(t, f.Consume(t.Context(), p, "nonce", until))
	sessiontest.WantErr(t, f.Consume(t.Context(), p, "nonce", until), session.ErrExists)
	sessiontest.Must(t, f.Consume(t.Context(), p, "other", until))
	sessiontest.Must(t, f.Consume(t.Context(), q, "nonce", until))
	stored, err := f.spy.ListOwner(t.Context(), q.Owner())
	sessiontest.Must(t, err)
	if len(stored) != 1 || stored[0].Expires.Before(until) {
		t.Errorf("%d nonces; forgotten before its time", len(stored))
	}
	f.now = until
	sessiontest.WantErr(t, f.Consume(t.Context(), p, "third", until), session.ErrNotFound)
	for _, bad := range []string{"", strings.Repeat("x", 129)} {
		if err := f.Consume(t.Context(), p, bad, until.Add(time.Hour)); err == nil {
			t.Errorf("a nonce of %d bytes: accepted", len(bad))
		}
	}
	if live, err := f.List(t.Context(), p.Owner()); len(live) != 0 || err != nil {
		t.Errorf("nonces are listed: %v, %v", live, err)
	}
}

// FuzzResolve presents any string: only the one that was given out is a session.
func FuzzResolve(f *testing.F) {
	for _, seed := range []string{"", "x", "\x00", "é", strings.Repeat("A", 43), strings.Repeat("A", 1<<20), "S#mcp#x", "../x", "null"} {
		f.Add(seed)
	}
	store := memstore.New()
	r, err := session.NewRegistry(store, session.Options{})
	sessiontest.Must(f, err)
	p := somebody()
	id, _, err := r.Create(f.Context(), p, session.New{Kind: session.KindSession})
	sessiontest.Must(f, err)
	for _, near := range []string{id + " ", id[:42], strings.ToLower(id), id + "=", " " + id, id + strings.Repeat("x", 100)} {
		f.Add(near)
	}
	f.Fuzz(func(t *testing.T, presented string) {
		_, err := r.Resolve(t.Context(), p, session.KindSession, presented)
		if (err == nil) != (presented == id) {
			t.Fatalf("resolve: %v", err)
		}
	})
}

// What is over does not pile up where DynamoDB deletes late: every Create reads it.
func TestCreateSweeps(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p := somebody()
	for range 20 {
		f.create(p, session.KindSession)
		f.create(p, session.KindMCP) // never confirmed
		f.now = f.now.Add(time.Hour)
	}
	_, rec := f.create(p, session.KindSession)
	all, err := f.spy.ListOwner(t.Context(), p.Owner())
	sessiontest.Must(t, err)
	if len(all) > 4 || all[len(all)-1].Key != rec.Key {
		t.Errorf("%d records are left of 41", len(all))
	}
	f.now = f.now.Add(31 * time.Minute) // over, but a slow clock may see it live
	_, err = f.spy.Load(t.Context(), rec.Key)
	sessiontest.Must(t, err)
	f.create(p, session.KindSession)
	if _, err = f.spy.Load(t.Context(), rec.Key); err != nil {
		t.Errorf("a record that ended a minute ago: %v", err)
	}
}
