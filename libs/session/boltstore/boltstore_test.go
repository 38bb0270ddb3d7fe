package boltstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"leasehold.example/libs/session"
	"leasehold.example/libs/session/boltstore"
	"leasehold.example/libs/session/sessiontest"
)

func open(t *testing.T) session.Store {
	t.Helper()
	store, _ := openAt(t, filepath.Join(t.TempDir(), "sessions.db"))
	return store
}

func openAt(t *testing.T, path string) (*boltstore.Store, string) {
	t.Helper()
	store, err := boltstore.Open(path)
	sessiontest.Must(t, err)
	t.Cleanup(func() { sessiontest.Must(t, store.Close()) })
	return store, path
}

func TestStore(t *testing.T)      { t.Parallel(); sessiontest.Run(t, open) }
func TestConcurrent(t *testing.T) { t.Parallel(); sessiontest.RunConcurrent(t, open) }
func TestProperty(t *testing.T)   { sessiontest.RunProperty(t, open) }

func TestSurvivesRestart(t *testing.T) {
	t.Parallel()
	store, path := openAt(t, filepath.Join(t.TempDir(), "sessions.db"))
	r := sessiontest.Record(sessiontest.Owner(), session.KindMCP)
	sessiontest.Must(t, store.Create(t.Context(), r, []byte(`{"n":1}`)))
	sessiontest.Must(t, store.Close())
	_, err := store.Load(t.Context(), r.Key)
	sessiontest.WantErr(t, err, session.ErrUnavailable)

	again, _ := openAt(t, path)
	got, err := again.Load(t.Context(), r.Key)
	sessiontest.Must(t, err)
	data, _, err := again.LoadData(t.Context(), r.Key)
	sessiontest.Must(t, err)
	if got != r || string(data) != `{"n":1}` {
		t.Errorf("loaded %+v with %s", got, data)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestOneProcess(t *testing.T) {
	t.Parallel()
	_, path := openAt(t, filepath.Join(t.TempDir(), "sessions.db"))
	if _, err := boltstore.Open(path); err == nil {
		t.Error("the file was opened twice")
	}
	if _, err := boltstore.Open(t.TempDir()); err == nil {
		t.Error("a directory was opened")
	}
}

// TestExpiredAreDropped creates and lets expire: what is left is what a sweep has not met.
func TestExpiredAreDropped(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sessions.db")
	store, _ := openAt(t, path)
	owner := sessiontest.Owner()
	for i := range 10 {
		r := sessiontest.Record(owner, session.KindNotebook)
		r.Created = sessiontest.Epoch.Add(time.Duration(i) * time.Second)
		sessiontest.Must(t, store.Create(t.Context(), r, []byte("{}")))
	}
	living := sessiontest.Record(owner, session.KindNotebook)
	living.Expires = living.Expires.Add(time.Second)
	sessiontest.Must(t, store.Create(t.Context(), living, []byte("{}")))
	sessiontest.Must(t, store.Close())

	store, _ = openAt(t, path)
	last := sessiontest.Record(owner, session.KindNotebook)
	last.Created = sessiontest.Epoch.Add(time.Hour) // the others' Expires
	sessiontest.Must(t, store.Create(t.Context(), last, []byte("{}")))
	records, err := store.ListOwner(t.Context(), owner)
	sessiontest.Must(t, err)
	if len(records) != 2 || records[0] != living || records[1].Key != last.Key {
		t.Errorf("%d records left", len(records))
	}
	sessiontest.Must(t, store.Close())
	wantKeys(t, path, 2)
}

// wantKeys counts the keys of every bucket: nothing of a dropped record stays anywhere.
func wantKeys(t *testing.T, path string, want int) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	sessiontest.Must(t, err)
	defer func() { sessiontest.Must(t, db.Close()) }()
	sessiontest.Must(t, db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			if got := b.Stats().KeyN; got != want {
				return fmt.Errorf("bucket %s has %d keys, want %d", name, got, want)
			}
			return nil
		})
	}))
}

// TestDamagedRecord is trouble, not absence.
func TestDamagedRecord(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sessions.db")
	store, _ := openAt(t, path)
	r := sessiontest.Record(sessiontest.Owner(), session.KindMCP)
	sessiontest.Must(t, store.Create(t.Context(), r, []byte("{}")))
	sessiontest.Must(t, store.Close())
	db, err := bbolt.Open(path, 0o600, nil)
	sessiontest.Must(t, err)
	sessiontest.Must(t, db.Update(func(tx *bbolt.Tx) error {
		key, _ := tx.Bucket([]byte("headers")).Cursor().First()
		return tx.Bucket([]byte("headers")).Put(key, []byte("damaged"))
	}))
	sessiontest.Must(t, db.Close())

	store, _ = openAt(t, path)
	_, loadErr := store.Load(t.Context(), r.Key)
	_, listErr := store.ListOwner(t.Context(), r.Key.Owner)
	_, _, tenantErr := store.ListTenant(t.Context(), r.Key.Owner.Tenant, "", 10)
	for _, err := range []error{loadErr, listErr, tenantErr} {
		sessiontest.WantErr(t, err, session.ErrUnavailable)
	}
	// Somebody else's session can be made all the same.
	sessiontest.Must(t, store.Create(t.Context(), sessiontest.Record(sessiontest.Owner(), session.KindMCP), []byte("{}")))
}
