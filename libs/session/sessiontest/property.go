package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// The limits of the model; small, so that random steps reach them.
const (
	modelIdle     = 10 * time.Minute
	modelAbsolute = 25 * time.Minute
	modelCap      = 4
)

var modelKinds = []session.Kind{session.KindMCP, session.KindSession, session.KindNotebook}

// RunProperty runs a Registry over the store through random interleavings of create,
// resolve, update, confirm, revoke and the passing of time, by several principals who
// present each other's ids, and compares every answer and every stored record with a
// model (rules 23 to 28). The flags -rapid.checks and -rapid.steps say how many.
func RunProperty(t *testing.T, open func(t *testing.T) session.Store) {
	t.Parallel()
	s := backend(t, open)
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(rt, s)
		rt.Repeat(map[string]func(*rapid.T){
			"":             m.check,
			"create":       m.create,
			"resolve":      m.resolve,
			"resolve own":  m.resolveOwn,
			"update":       m.update,
			"confirm":      m.confirm,
			"revoke":       m.revoke,
			"revoke owner": m.revokeOwner,
			"list":         m.list,
			"consume":      m.consume,
			"advance":      m.advance,
		})
	})
}

type model struct {
	store      Backend
	registry   *session.Registry
	now        time.Time
	principals []identity.Principal
	sessions   []*modelSession
	nonces     map[string]bool
	events     []session.Event
}

type modelSession struct {
	id      string
	record  session.Record // what the store must hold
	data    string
	revoked bool
}

func newModel(t *rapid.T, s Backend) *model {
	m := &model{store: s, now: Epoch, nonces: map[string]bool{}}
	one, two := Tenant(), Tenant()
	for _, o := range []identity.Owner{
		{Tenant: one, Issuer: "https://a.example/", Subject: "user-1"},
		{Tenant: one, Issuer: "https://a.example/", Subject: "user-2"},
		{Tenant: one, Issuer: "https://a.example/u", Subject: "ser-1"}, // rule 25: the same letters in a row
		{Tenant: one, Issuer: "https://b.example/", Subject: "user-1"},
		{Tenant: two, Issuer: "https://a.example/", Subject: "user-1"},
	} {
		m.principals = append(m.principals, Principal(o))
	}
	var err error
	m.registry, err = session.NewRegistry(s, session.Options{
		Idle: modelIdle, Absolute: modelAbsolute, MaxPerOwner: modelCap,
		Now:   func() time.Time { return m.now },
		Audit: func(_ context.Context, e session.Event) { m.events = append(m.events, e) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *model) live(s *modelSession) bool { return !s.revoked && m.now.Before(s.record.Expires) }

func (m *model) liveOf(o identity.Owner) (live []*modelSession) {
	for _, s := range m.sessions {
		if s.record.Key.Owner == o && m.live(s) {
			live = append(live, s)
		}
	}
	return live
}

func (m *model) drawPrincipal(t *rapid.T) identity.Principal {
	return rapid.SampledFrom(m.principals).Draw(t, "principal")
}

func (m *model) drawSession(t *rapid.T) *modelSession {
	if len(m.sessions) == 0 {
		t.Skip("no session yet")
	}
	return rapid.SampledFrom(m.sessions).Draw(t, "session")
}

func (m *model) create(t *rapid.T) {
	p, kind := m.drawPrincipal(t), rapid.SampledFrom(modelKinds).Draw(t, "kind")
	live := len(m.liveOf(p.Owner()))
	id, rec, err := m.registry.Create(t.Context(), p, session.New{Kind: kind, Protocol: "2025-11-25", Client: "client"})
	if live >= modelCap {
		if !errors.Is(err, session.ErrLimit) {
			t.Fatalf("create with %d live: %v", live, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	want := session.Record{
		Key:     session.Key{Owner: p.Owner(), Kind: kind, Hash: session.HashID(kind, id)},
		Version: 1, Created: m.now, Seen: m.now, Expires: m.now.Add(modelIdle), Absolute: m.now.Add(modelAbsolute),
		Confirmed: true, Protocol: "2025-11-25", Client: "client", ClientID: p.ClientID, Size: 2,
	}
	if kind == session.KindMCP {
		want.Confirmed, want.Expires = false, m.now.Add(time.Minute)
	}
	if rec != want {
		t.Fatalf("created %+v, want %+v", rec, want)
	}
	m.sessions = append(m.sessions, &modelSession{id: id, record: want, data: "{}"})
}

// resolve presents any id as any kind by anybody.
func (m *model) resolve(t *rapid.T) {
	p, kind, s := m.drawPrincipal(t), rapid.SampledFrom(modelKinds).Draw(t, "kind"), m.drawSession(t)
	id := rapid.SampledFrom([]string{s.id, s.id, s.id, s.id + "=", "", s.id[1:]}).Draw(t, "id")
	m.resolveAs(t, p, kind, s, id)
}

func (m *model) resolveOwn(t *rapid.T) {
	s := m.drawSession(t)
	m.resolveAs(t, Principal(s.record.Key.Owner), s.record.Key.Kind, s, s.id)
}

func (m *model) resolveAs(t *rapid.T, p identity.Principal, kind session.Kind, s *modelSession, id string) {
	m.events = nil
	rec, err := m.registry.Resolve(t.Context(), p, kind, id)
	known := id == s.id && kind == s.record.Key.Kind
	if known && p.Owner() == s.record.Key.Owner && m.live(s) {
		if err != nil {
			t.Fatalf("own session: %v", err)
		}
		m.touch(s)
		if rec != s.record || len(m.events) > 0 {
			t.Fatalf("resolved %+v, want %+v; events %v", rec, s.record, m.events)
		}
		return
	}
	if err != session.ErrNotFound { //nolint:errorlint // the bare one, so that no text tells more
		t.Fatalf("resolved with %v", err)
	}
	m.wantEvent(t, m.problem(p, s, known))
}

// problem is what a miss of p means for the audit log. Of an expired session it is open,
// whether the store still has it; one's own are unknown either way.
func (m *model) problem(p identity.Principal, s *modelSession, known bool) []session.Problem {
	owner := s.record.Key.Owner
	switch {
	case !known || s.revoked || p.Owner() == owner:
		return []session.Problem{session.SessionUnknown}
	case p.Issuer == owner.Issuer && p.Subject == owner.Subject:
		return m.maybe(s, session.TenantChanged)
	default:
		return m.maybe(s, session.SessionBindingViolation)
	}
}

func (m *model) maybe(s *modelSession, p session.Problem) []session.Problem {
	if m.live(s) {
		return []session.Problem{p}
	}
	return []session.Problem{p, session.SessionUnknown}
}

func (m *model) wantEvent(t *rapid.T, want []session.Problem) {
	var got session.Problem
	switch {
	case len(m.events) > 1:
		t.Fatalf("events %v", m.events)
	case len(m.events) == 1:
		got = m.events[0].Problem
	}
	if got != session.Unclassified && !slices.Contains(want, got) {
		t.Fatalf("event %q, want one of %q", got, want)
	}
}

// touch is the model of rules 23 and 26.
func (m *model) touch(s *modelSession) {
	if s.record.Confirmed && m.now.Sub(s.record.Seen) >= time.Minute {
		m.extend(s)
	}
}

func (m *model) extend(s *modelSession) {
	s.record.Seen, s.record.Expires = m.now, m.now.Add(modelIdle)
	if s.record.Absolute.Before(s.record.Expires) {
		s.record.Expires = s.record.Absolute
	}
}

// use presents the id of a session as its owner, and then lets something happen before
// the record is used.
func (m *model) use(t *rapid.T) (*modelSession, session.Record) {
	s := m.drawSession(t)
	rec, err := m.registry.Resolve(t.Context(), Principal(s.record.Key.Owner), s.record.Key.Kind, s.id)
	if (err == nil) != m.live(s) {
		t.Fatalf("resolve: %v", err)
	}
	if err != nil {
		t.Skip("the session is over")
	}
	m.touch(s)
	switch rapid.SampledFrom([]string{"nothing", "nothing", "revoke", "advance"}).Draw(t, "between") {
	case "revoke":
		if err := m.registry.RevokeRecord(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		s.revoked = true
	case "advance":
		m.advance(t)
	}
	return s, rec
}

// wantLive demands success of a write to a live session, and ErrNotFound otherwise.
func (m *model) wantLive(t *rapid.T, s *modelSession, err error) (live bool) {
	live = m.live(s)
	if live && err != nil || !live && !errors.Is(err, session.ErrNotFound) {
		t.Fatalf("a write to a session, live %v: %v", live, err)
	}
	return live
}

func (m *model) update(t *rapid.T) {
	s, rec := m.use(t)
	next := fmt.Sprintf(`{"n":%d}`, rapid.IntRange(0, 1e6).Draw(t, "n"))
	version, err := m.registry.Update(t.Context(), rec, func(data []byte) ([]byte, error) {
		if string(data) != s.data {
			t.Fatalf("update was given %q, want %q", data, s.data)
		}
		return []byte(next), nil
	})
	if !m.wantLive(t, s, err) {
		return
	}
	s.data = next
	s.record.Version, s.record.Size = s.record.Version+1, len(next)
	if version != s.record.Version {
		t.Fatalf("version %d, want %d", version, s.record.Version)
	}
}

func (m *model) confirm(t *rapid.T) {
	s, rec := m.use(t)
	if rec.Confirmed {
		t.Skip("confirmed already")
	}
	if m.wantLive(t, s, m.registry.Confirm(t.Context(), rec)) {
		s.record.Confirmed = true
		m.extend(s)
	}
}

func (m *model) revoke(t *rapid.T) {
	p, s := m.drawPrincipal(t), m.drawSession(t)
	err := m.registry.Revoke(t.Context(), p, s.record.Key.Kind, s.id)
	if p.Owner() != s.record.Key.Owner {
		if !errors.Is(err, session.ErrNotFound) {
			t.Fatalf("revoked a foreign session: %v", err)
		}
		return
	}
	if m.wantLive(t, s, err) {
		s.revoked = true
	}
}

func (m *model) revokeOwner(t *rapid.T) {
	p := m.drawPrincipal(t)
	live := m.liveOf(p.Owner())
	n, err := m.registry.RevokeOwner(t.Context(), p.Owner())
	if err != nil || n != len(live) {
		t.Fatalf("revoked %d of %d: %v", n, len(live), err)
	}
	for _, s := range live {
		s.revoked = true
	}
}

func (m *model) list(t *rapid.T) {
	p := m.drawPrincipal(t)
	got, err := m.registry.List(t.Context(), p.Owner())
	if err != nil {
		t.Fatal(err)
	}
	live := m.liveOf(p.Owner())
	if len(got) != len(live) {
		t.Fatalf("listed %d, want %d", len(got), len(live))
	}
	for _, s := range live {
		if !slices.Contains(got, s.record) {
			t.Fatalf("%+v is not listed", s.record)
		}
	}
}

func (m *model) consume(t *rapid.T) {
	p, nonce := m.drawPrincipal(t), rapid.SampledFrom([]string{"n1", "n2", "n3"}).Draw(t, "nonce")
	key := p.Tenant + p.Issuer + "|" + p.Subject + "|" + nonce
	err := m.registry.Consume(t.Context(), p, nonce, m.now.Add(100*time.Hour))
	if used := m.nonces[key]; used != errors.Is(err, session.ErrExists) || !used && err != nil {
		t.Fatalf("consume, used before %v: %v", used, err)
	}
	m.nonces[key] = true
}

func (m *model) advance(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.SampledFrom([]int{1, 29, 59, 60, 61, 240, 599, 600}).Draw(t, "seconds")) * time.Second)
}

// check compares the store with the model, whoever has tried what (rule 28).
func (m *model) check(t *rapid.T) {
	for _, s := range m.sessions {
		rec, err := m.store.Load(t.Context(), s.record.Key)
		if errors.Is(err, session.ErrNotFound) && !m.live(s) {
			continue // revoked, or expired and dropped
		}
		if err != nil || s.revoked || rec != s.record {
			t.Fatalf("stored %+v (%v), want %+v, revoked %v", rec, err, s.record, s.revoked)
		}
		data, version, err := m.store.LoadData(t.Context(), s.record.Key)
		if err != nil || string(data) != s.data || version != s.record.Version {
			t.Fatalf("stored data %q of version %d (%v), want %q of %d", data, version, err, s.data, s.record.Version)
		}
	}
}
