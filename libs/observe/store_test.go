package observe_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
	"leasehold.example/libs/session/sessiontest"
)

// TestTimeStore: it is the store that it times.
func TestTimeStore(t *testing.T) {
	t.Parallel()
	sessiontest.Run(t, func(*testing.T) session.Store {
		return observe.TimeStore(memstore.New(), slog.New(slog.DiscardHandler))
	})
}

// TestStoreInSummary: each call is counted and timed, and so is what became of sessions.
func TestStoreInSummary(t *testing.T) {
	t.Parallel()
	s := newScene(t, slog.LevelInfo, 1, true, deriver{kid: "k1"})
	registry := s.registry(t, 1)
	var id string
	line := s.only(s.get(nil, func(_ http.ResponseWriter, r *http.Request) {
		var err error
		if id, _, err = registry.Create(r.Context(), s.caller, session.New{Kind: session.KindSession}); err != nil {
			t.Error(err)
		}
	}))
	if line["storeCalls"] != 2.0 || line["SessionsOpened"] != 1.0 {
		t.Errorf("create: %v", line)
	}
	wantEmbedded(t, line)
	line = s.only(s.get(nil, func(_ http.ResponseWriter, r *http.Request) {
		_, _, err := registry.Create(r.Context(), s.caller, session.New{Kind: session.KindSession})
		sessiontest.WantErr(t, err, session.ErrLimit)
	}))
	if line["LimitsReached"] != 1.0 || line["SessionsOpened"] != nil {
		t.Errorf("create beyond the cap: %v", line)
	}
	line = s.only(s.get(nil, func(_ http.ResponseWriter, r *http.Request) {
		stranger := identity.Principal{Tenant: "globex", Issuer: s.caller.Issuer, Subject: "user-2"}
		_, err := registry.Resolve(r.Context(), stranger, session.KindSession, id)
		sessiontest.WantErr(t, err, session.ErrNotFound)
	})[1:])
	if line["SessionBindingViolations"] != 1.0 || line["problem"] != string(session.SessionBindingViolation) {
		t.Errorf("a foreign session: %v", line)
	}
	line = s.only(s.get(nil, func(_ http.ResponseWriter, r *http.Request) {
		if err := registry.Revoke(r.Context(), s.caller, session.KindSession, id); err != nil {
			t.Error(err)
		}
	}))
	if line["SessionsRevoked"] != 1.0 || line["storeCalls"] != 2.0 {
		t.Errorf("revoke: %v", line)
	}
}

func (s *scene) registry(t *testing.T, limit int) *session.Registry {
	t.Helper()
	audit := observe.NewAuditor(s.log, observe.NewPseudonyms(deriver{kid: "k1"}))
	r, err := session.NewRegistry(observe.TimeStore(memstore.New(), s.log), session.Options{
		Audit: audit.Session, Happened: observe.Happened, MaxPerOwner: limit,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestConflicts: a write that came too late is counted, also when the next try succeeds.
func TestConflicts(t *testing.T) {
	t.Parallel()
	s := newScene(t, slog.LevelInfo, 1, true, deriver{kid: "k1"})
	registry := s.registry(t, 10)
	_, rec, err := registry.Create(t.Context(), s.caller, session.New{Kind: session.KindSession})
	if err != nil {
		t.Fatal(err)
	}
	line := s.only(s.get(nil, func(_ http.ResponseWriter, r *http.Request) {
		tries := 0
		_, err := registry.Update(r.Context(), rec, func(data []byte) ([]byte, error) {
			if tries++; tries == 1 {
				_, err := registry.Update(t.Context(), rec, func([]byte) ([]byte, error) { return []byte(`{"a":1}`), nil })
				return data, err
			}
			return data, nil
		})
		if err != nil {
			t.Error(err)
		}
	}))
	if line["StoreConflicts"] != 1.0 {
		t.Errorf("line %v", line)
	}
}

// TestRepeats: what comes with every request of a caller is written once a minute, and then
// says how often it was. Alarms, and others' events, are not held back.
func TestRepeats(t *testing.T) {
	t.Parallel()
	s := newScene(t, slog.LevelInfo, 1, false, deriver{kid: "k1"})
	audit := observe.NewAuditor(s.log, observe.NewPseudonyms(deriver{kid: "k1"}))
	for _, p := range []session.Problem{session.Unclassified, session.ClientChanged} {
		other := s.caller
		other.Subject = "user-2"
		for range 5 {
			audit.Session(t.Context(), session.Event{Problem: p, Kind: session.KindMCP, Principal: s.caller})
			audit.Session(t.Context(), session.Event{Problem: p, Kind: session.KindMCP, Principal: other})
			audit.Session(t.Context(), session.Event{Problem: session.SessionBindingViolation, Principal: s.caller, Refused: true})
		}
		if lines := s.lines(); len(lines) != 2+5 {
			t.Errorf("%s: %d lines: %v", p, len(lines), lines)
		}
		s.out.Reset()
	}
	for range 3 {
		audit.Session(t.Context(), session.Event{Problem: session.ClientChanged, Principal: s.caller, Refused: true})
	}
	if lines := s.lines(); len(lines) != 3 {
		t.Errorf("refusals: %v", lines)
	}
}

// TestRepeatsInTime is the same over minutes.
func TestRepeatsInTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	e := session.Event{Problem: session.Unclassified, Principal: identity.Principal{Tenant: "acme", Subject: "user-1"}}
	allow := observe.NewRepeats()
	for i, step := range []struct {
		after time.Duration
		more  int
		ok    bool
	}{
		{0, 0, true},
		{time.Second, 0, false},
		{58 * time.Second, 0, false},
		{time.Second, 2, true},
		{time.Second, 0, false},
		{-time.Hour, 1, true}, // a clock that went back
	} {
		now = now.Add(step.after)
		if more, ok := allow(e, now); more != step.more || ok != step.ok {
			t.Errorf("step %d: %d, %v, want %d, %v", i, more, ok, step.more, step.ok)
		}
	}
}

// TestManyStoreCalls: a line has no more values of a metric than CloudWatch takes, and
// counts all.
func TestManyStoreCalls(t *testing.T) {
	t.Parallel()
	s := newScene(t, slog.LevelInfo, 1, true, deriver{kid: "k1"})
	store := observe.TimeStore(memstore.New(), s.log)
	line := s.only(s.get(nil, func(_ http.ResponseWriter, r *http.Request) {
		for range 101 {
			_ = store.Delete(r.Context(), session.Key{Kind: session.KindSession})
		}
	}))
	if line["storeCalls"] != 101.0 {
		t.Errorf("line %v", line)
	}
	wantEmbedded(t, line)
}

// TestThrottled counts where dynamostore tells.
func TestThrottled(t *testing.T) {
	t.Parallel()
	s := newScene(t, slog.LevelInfo, 1, true, deriver{kid: "k1"})
	line := s.only(s.get(nil, func(_ http.ResponseWriter, r *http.Request) {
		observe.StoreThrottled(r.Context())
		observe.StoreThrottled(r.Context())
	}))
	if line[metric.StoreThrottles] != 2.0 || line["outcome"] != "ok" {
		t.Errorf("line %v", line)
	}
}

// TestUnclassified: misses that nobody looked into are counted, because a violation may be
// among them (RULES 9). One that was looked into is not.
func TestUnclassified(t *testing.T) {
	t.Parallel()
	s := newScene(t, slog.LevelInfo, 1, true, deriver{kid: "k1"})
	audit := observe.NewAuditor(s.log, observe.NewPseudonyms(deriver{kid: "k1"}))
	for p, want := range map[session.Problem]any{session.Unclassified: 2.0, session.ClassifierFailed: 2.0, session.SessionUnknown: nil} {
		lines := s.get(nil, func(_ http.ResponseWriter, r *http.Request) {
			for range 2 { // also those that the audit gathers
				audit.Session(r.Context(), session.Event{Problem: p, Principal: s.caller, Refused: true})
			}
		})
		line := lines[len(lines)-1]
		if line[metric.UnclassifiedMisses] != want {
			t.Errorf("%s: %v", p, line)
		}
		wantEmbedded(t, line)
	}
}
