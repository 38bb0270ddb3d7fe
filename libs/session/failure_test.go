package session_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"leasehold.example/libs/session"
	"leasehold.example/libs/session/sessiontest"
)

// fail makes the named calls answer err.
func (f *fixture) fail(err error, calls ...string) {
	f.spy.Fail = func(_ context.Context, call string) error {
		if slices.Contains(calls, call) {
			return err
		}
		return nil
	}
}

// TestStoreDown demands ErrUnavailable of everything, whatever the store's error is:
// never ErrNotFound, and never a new session.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	for _, broken := range []error{session.ErrUnavailable, errors.New("unheard of"), context.DeadlineExceeded} {
		f := newFixture(t, session.Options{})
		p := somebody()
		id, rec := f.create(p, session.KindMCP)
		f.fail(broken, "Create", "Load", "LoadData", "Change", "Delete", "ListOwner", "ListTenant")
		newID, _, createErr := f.Create(t.Context(), p, session.New{Kind: session.KindMCP})
		_, resolveErr := f.resolve(p, session.KindMCP, id)
		_, _, dataErr := f.Data(t.Context(), rec)
		_, updateErr := f.Update(t.Context(), rec, func(b []byte) ([]byte, error) { return b, nil })
		_, listErr := f.List(t.Context(), p.Owner())
		_, _, tenantErr := f.ListTenant(t.Context(), p.Tenant, "", 1)
		_, ownerErr := f.RevokeOwner(t.Context(), p.Owner())
		for name, err := range map[string]error{
			"create": createErr, "resolve": resolveErr, "data": dataErr, "update": updateErr, "list": listErr,
			"list tenant": tenantErr, "revoke owner": ownerErr, "revoke": f.Revoke(t.Context(), p, session.KindMCP, id),
			"revoke record": f.RevokeRecord(t.Context(), rec), "confirm": f.Confirm(t.Context(), rec),
			"log level": f.SetLogLevel(t.Context(), rec, "info"), "consume": f.Consume(t.Context(), p, "n", f.now.Add(time.Hour)),
		} {
			if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, broken) || errors.Is(err, session.ErrNotFound) {
				t.Errorf("%s with %v: %v", name, broken, err)
			}
		}
		f.wantProblems() // and no miss was classified
		if newID != "" {
			t.Error("an id was given out")
		}
	}
}

// TestCreateRollsBack fails the count behind the write: no session is left, though the
// caller leaves too.
func TestCreateRollsBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p := somebody()
	ctx, cancel := context.WithCancel(t.Context())
	f.spy.Fail = func(_ context.Context, call string) error {
		if call == "ListOwner" {
			cancel()
			return session.ErrUnavailable
		}
		return nil
	}
	_, _, err := f.Create(ctx, p, session.New{Kind: session.KindMCP})
	sessiontest.WantErr(t, err, session.ErrUnavailable)
	f.wantCalls("Create", "ListOwner", "Delete")
	f.spy.Fail = nil
	if live, err := f.List(t.Context(), p.Owner()); len(live) != 0 || err != nil {
		t.Errorf("%d sessions left, %v", len(live), err)
	}

	// When the roll-back fails as well, both errors are told.
	limited := newFixture(t, session.Options{MaxPerOwner: 1})
	limited.create(p, session.KindMCP)
	limited.fail(session.ErrUnavailable, "Delete")
	_, _, err = limited.Create(t.Context(), p, session.New{Kind: session.KindMCP})
	sessiontest.WantErr(t, err, session.ErrLimit)
	sessiontest.WantErr(t, err, session.ErrUnavailable)
}

// TestTouchFails lets the write behind a good read fail: the session was proved.
func TestTouchFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p := somebody()
	id, rec := f.create(p, session.KindSession)
	f.fail(session.ErrUnavailable, "Change")
	f.now = f.now.Add(time.Minute)
	got, err := f.resolve(p, session.KindSession, id)
	sessiontest.Must(t, err)
	if got != rec {
		t.Errorf("resolved %+v, want %+v", got, rec)
	}
	f.wantProblems(session.TouchFailed)
}

func TestRevokeOwnerGoesOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p := somebody()
	for range 3 {
		f.create(p, session.KindNotebook)
	}
	failed := false
	f.spy.Fail = func(_ context.Context, call string) error {
		if call == "Delete" && !failed {
			failed = true
			return session.ErrUnavailable
		}
		return nil
	}
	n, err := f.RevokeOwner(t.Context(), p.Owner())
	sessiontest.WantErr(t, err, session.ErrUnavailable)
	if n != 2 {
		t.Errorf("revoked %d", n)
	}
}

// TestUpdateRetries slips another writer's update in between, twice: fn gets what is
// there then, and both are in the end.
func TestUpdateRetries(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	_, rec, err := f.Create(t.Context(), somebody(), session.New{Kind: session.KindSession, Data: []byte(`{"theirs":0}`)})
	sessiontest.Must(t, err)
	calls := 0
	version, err := f.Update(t.Context(), rec, func(data []byte) ([]byte, error) {
		if calls++; calls <= 2 {
			c := session.Change{Now: f.now, Data: []byte(`{"theirs":` + string(rune('0'+calls)) + `}`), IfVersion: int64(calls)}
			sessiontest.Must(t, f.spy.Store.Change(t.Context(), rec.Key, c))
		}
		return append(data[:len(data)-1], `,"ours":1}`...), nil
	})
	sessiontest.Must(t, err)
	data, stored, err := f.Data(t.Context(), rec)
	sessiontest.Must(t, err)
	if string(data) != `{"theirs":2,"ours":1}` || version != 4 || stored != 4 || calls != 3 {
		t.Errorf("data %s of version %d (%d), %d calls", data, stored, version, calls)
	}
}

func TestUpdateGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, session.Options{})
		_, rec := f.create(somebody(), session.KindSession)
		f.fail(session.ErrConflict, "Change")
		keep := func(b []byte) ([]byte, error) { return b, nil }
		start := time.Now()
		_, err := f.Update(t.Context(), rec, keep)
		sessiontest.WantErr(t, err, session.ErrConflict)
		if calls := len(f.spy.Take()); calls != 16 {
			t.Errorf("%d calls, want 8 reads and 8 writes", calls)
		}
		if waited := time.Since(start); waited != 630*time.Millisecond {
			t.Errorf("waited %v", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Millisecond)
		defer cancel()
		_, err = f.Update(ctx, rec, keep)
		sessiontest.WantErr(t, err, context.DeadlineExceeded)
		sessiontest.WantErr(t, err, session.ErrUnavailable)
	})
}

func TestUpdateFnFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	_, rec := f.create(somebody(), session.KindSession)
	refusal := errors.New("no")
	_, err := f.Update(t.Context(), rec, func([]byte) ([]byte, error) { return nil, refusal })
	sessiontest.WantErr(t, err, refusal)
	f.wantCalls("LoadData")
	if _, err = f.Update(t.Context(), rec, func([]byte) ([]byte, error) { return nil, nil }); err == nil {
		t.Error("no data: accepted")
	}
	f.spy.Take()
	// A conflict of fn's own is none of ours: it ends the update.
	_, err = f.Update(t.Context(), rec, func([]byte) ([]byte, error) { return nil, session.ErrConflict })
	sessiontest.WantErr(t, err, session.ErrConflict)
	f.wantCalls("LoadData")
}
