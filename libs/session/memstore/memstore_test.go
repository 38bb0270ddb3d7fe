package memstore_test

import (
	"testing"
	"time"

	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
	"leasehold.example/libs/session/sessiontest"
)

func open(*testing.T) session.Store { return memstore.New() }

func TestStore(t *testing.T)      { t.Parallel(); sessiontest.Run(t, open) }
func TestConcurrent(t *testing.T) { t.Parallel(); sessiontest.RunConcurrent(t, open) }
func TestProperty(t *testing.T)   { sessiontest.RunProperty(t, open) }

// TestExpiredAreDropped creates one record an hour, each of which lives for an hour: the
// number of those that are kept is bounded.
func TestExpiredAreDropped(t *testing.T) {
	t.Parallel()
	store, owner := memstore.New(), sessiontest.Owner()
	now := sessiontest.Epoch
	for range 5000 {
		r := sessiontest.Record(owner, session.KindNotebook)
		r.Created, r.Expires = now, now.Add(time.Hour)
		sessiontest.Must(t, store.Create(t.Context(), r, []byte("{}")))
		now = now.Add(time.Hour)
	}
	records, err := store.ListOwner(t.Context(), owner)
	sessiontest.Must(t, err)
	entries, _, err := store.ListTenant(t.Context(), owner.Tenant, "", 5000)
	sessiontest.Must(t, err)
	if len(records) > 1024 || len(records) != len(entries) {
		t.Errorf("%d records, %d entries kept", len(records), len(entries))
	}
}
