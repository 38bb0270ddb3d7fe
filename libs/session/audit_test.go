package session_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/sessiontest"
)

// foreigners returns everybody that p could be mistaken for, and what their misses are.
func foreigners(p identity.Principal) map[string]struct {
	identity.Principal
	problem session.Problem
} {
	alter := func(problem session.Problem, fn func(*identity.Principal)) struct {
		identity.Principal
		problem session.Problem
	} {
		q := p
		fn(&q)
		return struct {
			identity.Principal
			problem session.Problem
		}{q, problem}
	}
	violation := session.SessionBindingViolation
	return map[string]struct {
		identity.Principal
		problem session.Problem
	}{
		"another user":           alter(violation, func(q *identity.Principal) { q.Subject = "user-2" }),
		"another tenant's user":  alter(violation, func(q *identity.Principal) { q.Tenant, q.Subject = q.Tenant+"2", "user-2" }),
		"same subject elsewhere": alter(violation, func(q *identity.Principal) { q.Issuer = "https://other.example" }),
		"rule 25: concatenation": alter(violation, func(q *identity.Principal) { q.Issuer += "u"; q.Subject = q.Subject[1:] }),
		"rule 9: tenant changed": alter(session.TenantChanged, func(q *identity.Principal) { q.Tenant += "2" }),
	}
}

func TestRule28ForeignAttemptsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p := somebody()
	id, rec := f.create(p, session.KindSession)
	f.now = f.now.Add(5 * time.Minute) // a touch would be due
	for name, foreign := range foreigners(p) {
		_, err := f.resolve(foreign.Principal, session.KindSession, id)
		if err != session.ErrNotFound { //nolint:errorlint // no text may tell more
			t.Errorf("%s: resolve: %v", name, err)
		}
		f.wantProblems(foreign.problem)
		if err = f.Revoke(t.Context(), foreign.Principal, session.KindSession, id); err != session.ErrNotFound { //nolint:errorlint // as above
			t.Errorf("%s: revoke: %v", name, err)
		}
		f.wantProblems(foreign.problem)
	}
	stored, err := f.spy.Load(t.Context(), rec.Key)
	sessiontest.Must(t, err)
	if stored != rec {
		t.Errorf("stored %+v, was %+v", stored, rec)
	}
}

// TestRule9SameCalls demands that unknown, foreign, expired, revoked, malformed and
// absurdly long ids cost the same calls and get the same answer.
func TestRule9SameCalls(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p, other := somebody(), somebody()
	foreign, _ := f.create(other, session.KindMCP)
	revoked, _ := f.create(p, session.KindMCP)
	sessiontest.Must(t, f.Revoke(t.Context(), p, session.KindMCP, revoked))
	expired, _ := f.create(p, session.KindMCP)
	f.now = f.now.Add(time.Minute)
	theirs, rec, err := f.Create(t.Context(), other, session.New{Kind: session.KindMCP})
	sessiontest.Must(t, err)
	f.spy.Take()
	long := strings.Repeat("x", 16<<20)
	for name, id := range map[string]string{
		"unknown": strings.Repeat("A", 43), "foreign": theirs, "foreign and expired": foreign, "revoked": revoked,
		"expired": expired, "empty": "", "long": long, "binary": "\x00\xff", "a stored hash": string(rec.Key.Hash),
	} {
		for operation, try := range map[string]func() error{
			"resolve": func() error { _, err := f.resolve(p, session.KindMCP, id); return err },
			"revoke":  func() error { return f.Revoke(t.Context(), p, session.KindMCP, id) },
		} {
			if err := try(); err != session.ErrNotFound { //nolint:errorlint // no text may tell more
				t.Errorf("%s %s: %v", operation, name, err)
			}
			if calls := f.spy.Take(); !slices.Equal(calls, []string{"Load", "Locate"}) {
				t.Errorf("%s %s: calls %v", operation, name, calls)
			}
		}
	}
	// Of a long id the first 128 bytes are hashed, no megabytes.
	planted := sessiontest.Record(p.Owner(), session.KindMCP)
	planted.Key.Hash = session.HashID(session.KindMCP, long[:128])
	sessiontest.Must(t, f.spy.Store.Create(t.Context(), planted, []byte("{}")))
	_, err = f.resolve(p, session.KindMCP, long)
	sessiontest.Must(t, err)
}

func TestRule9ClassifierFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p, other := somebody(), somebody()
	theirs, _ := f.create(other, session.KindMCP)
	broken := errors.New("index is away")
	f.spy.Fail = func(_ context.Context, call string) error {
		if call == "Locate" {
			return broken
		}
		return nil
	}
	for _, id := range []string{theirs, "unknown"} {
		if _, err := f.resolve(p, session.KindMCP, id); err != session.ErrNotFound { //nolint:errorlint // no text may tell more
			t.Error(err)
		}
		if len(f.events) != 1 || !errors.Is(f.events[0].Err, broken) {
			t.Errorf("events %+v", f.events)
		}
		f.wantProblems(session.ClassifierFailed)
	}
}

// TestRule9ClientGone leaves before the classification: it happens all the same.
func TestRule9ClientGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	theirs, _ := f.create(somebody(), session.KindMCP)
	ctx, cancel := context.WithCancel(t.Context())
	f.spy.Fail = func(_ context.Context, call string) error {
		if call == "Locate" {
			cancel()
		}
		return nil
	}
	_, err := f.Resolve(ctx, somebody(), session.KindMCP, theirs)
	sessiontest.WantErr(t, err, session.ErrNotFound)
	f.wantProblems(session.SessionBindingViolation)
}

func TestRule9ClassificationIsBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p, other := somebody(), somebody()
	theirs, _ := f.create(other, session.KindSession)
	guess := func(id string) {
		t.Helper()
		_, err := f.resolve(p, session.KindSession, id)
		sessiontest.WantErr(t, err, session.ErrNotFound)
	}
	for range 20 {
		guess("unknown")
		f.wantCalls("Load", "Locate")
		f.wantProblems(session.SessionUnknown)
	}
	for _, id := range []string{"unknown", theirs, "unknown"} {
		guess(id)
		f.wantCalls("Load") // the same for both
		f.wantProblems(session.Unclassified)
	}
	_, err := f.resolve(somebody(), session.KindSession, theirs) // another principal has a budget of their own
	sessiontest.WantErr(t, err, session.ErrNotFound)
	f.wantProblems(session.SessionBindingViolation)
	f.now = f.now.Add(3 * time.Second)
	guess(theirs)
	f.wantProblems(session.SessionBindingViolation)
	guess(theirs)
	f.wantProblems(session.Unclassified)
}

func TestRule21AnotherClient(t *testing.T) {
	t.Parallel()
	for _, bound := range []bool{false, true} {
		f := newFixture(t, session.Options{BindClient: bound})
		p := somebody()
		long := strings.Repeat("https://client.example/", 100)
		p.ClientID = long
		id, _ := f.create(p, session.KindSession)
		p.Scopes = []string{"another"} // scopes are the present token's and bind nothing
		_, err := f.resolve(p, session.KindSession, id)
		sessiontest.Must(t, err)
		f.wantProblems()
		f.spy.Take()
		for _, client := range []string{"client-2", "", long[1:]} {
			p.ClientID = client
			_, err = f.resolve(p, session.KindSession, id)
			if len(f.events) != 1 || f.events[0].Refused != bound {
				t.Errorf("bound %v: events %+v", bound, f.events)
			}
			f.wantProblems(session.ClientChanged)
			if !bound {
				sessiontest.Must(t, err)
				f.wantCalls("Load")
				continue
			}
			sessiontest.WantErr(t, err, session.ErrNotFound)
			f.wantCalls("Load", "Locate")
		}
	}
}

// TestRule25NothingLeaks looks for ids and their hashes in every event and error.
func TestRule25NothingLeaks(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{BindClient: true})
	p := somebody()
	id, rec := f.create(p, session.KindSession)
	q := p
	q.ClientID = "another"
	var errs []error
	try := func(p identity.Principal) {
		_, err := f.resolve(p, session.KindSession, id)
		errs = append(errs, err, f.Revoke(t.Context(), p, session.KindSession, id))
	}
	for _, foreign := range foreigners(p) {
		try(foreign.Principal)
	}
	try(q)
	f.spy.Fail = func(context.Context, string) error { return errors.New("away") }
	f.now = f.now.Add(time.Minute)
	try(p)
	_, err := f.Update(t.Context(), rec, nil)
	errs = append(errs, err, f.RevokeRecord(t.Context(), rec), f.SetLogLevel(t.Context(), rec, "info"))
	text := fmt.Sprintf("%+v %v", f.events, errs)
	for _, secret := range []string{id, string(rec.Key.Hash), rec.Key.Owner.Hash()} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in an event or an error: %s", secret, text)
		}
	}
	if len(f.events) < 12 || len(errs) < 15 {
		t.Fatalf("%d events, %d errors: too few to prove anything", len(f.events), len(errs))
	}
}
