// Package memstore keeps sessions in memory: for tests, and for a single process that may
// forget.
package memstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// sweepEvery is how many creates lie between two sweeps of expired records.
const sweepEvery = 1024

// Store is a session.Store, Lister and Locator. Expired records are dropped by creates.
type Store struct {
	mu      sync.RWMutex
	records map[session.Key]*entry
	owners  map[identity.Owner]map[session.Key]*entry
	handles map[handle]session.Key
	creates int
}

type entry struct {
	record session.Record
	data   []byte // never altered, only replaced; nil when the record has none
}

type handle struct {
	kind session.Kind
	hash session.Hash
}

var (
	_ session.Store   = (*Store)(nil)
	_ session.Lister  = (*Store)(nil)
	_ session.Locator = (*Store)(nil)
)

// New returns an empty Store.
func New() *Store {
	return &Store{
		records: make(map[session.Key]*entry),
		owners:  make(map[identity.Owner]map[session.Key]*entry),
		handles: make(map[handle]session.Key),
	}
}

// Create implements session.Store.
func (s *Store) Create(ctx context.Context, r session.Record, data []byte) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.creates++; s.creates%sweepEvery == 0 {
		s.sweep(r.Created)
	}
	if _, taken := s.records[r.Key]; taken {
		return session.ErrExists
	}
	e := &entry{record: r.Truncated()}
	if len(data) > 0 {
		e.data = slices.Clone(data)
	}
	s.records[r.Key] = e
	if s.owners[r.Key.Owner] == nil {
		s.owners[r.Key.Owner] = make(map[session.Key]*entry)
	}
	s.owners[r.Key.Owner][r.Key] = e
	s.handles[handle{r.Key.Kind, r.Key.Hash}] = r.Key
	return nil
}

// sweep drops what has expired at now, which is the caller's time: a Store has no clock.
func (s *Store) sweep(now time.Time) {
	for k, e := range s.records {
		if !e.record.Live(now) {
			s.drop(k)
		}
	}
}

func (s *Store) drop(k session.Key) {
	delete(s.records, k)
	delete(s.owners[k.Owner], k)
	if len(s.owners[k.Owner]) == 0 {
		delete(s.owners, k.Owner)
	}
	if h := (handle{k.Kind, k.Hash}); s.handles[h] == k {
		delete(s.handles, h)
	}
}

// Load implements session.Store.
func (s *Store) Load(ctx context.Context, k session.Key) (session.Record, error) {
	if err := alive(ctx); err != nil {
		return session.Record{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, ok := s.records[k]
	if !ok {
		return session.Record{}, session.ErrNotFound
	}
	return e.record, nil
}

// LoadData implements session.Store.
func (s *Store) LoadData(ctx context.Context, k session.Key) ([]byte, int64, error) {
	if err := alive(ctx); err != nil {
		return nil, 0, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, ok := s.records[k]
	if !ok || e.data == nil {
		return nil, 0, session.ErrNotFound
	}
	return slices.Clone(e.data), e.record.Version, nil
}

// Change implements session.Store.
func (s *Store) Change(ctx context.Context, k session.Key, c session.Change) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.records[k]
	if !ok {
		return session.ErrNotFound
	}
	r, err := c.Apply(e.record)
	if err != nil {
		return err
	}
	if c.Data != nil {
		if e.data == nil {
			return session.ErrNotFound
		}
		e.data = slices.Clone(c.Data)
	}
	e.record = r
	return nil
}

// Delete implements session.Store.
func (s *Store) Delete(ctx context.Context, k session.Key) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.records[k]; !ok {
		return session.ErrNotFound
	}
	s.drop(k)
	return nil
}

// ListOwner implements session.Lister.
func (s *Store) ListOwner(ctx context.Context, owner identity.Owner) ([]session.Record, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	records := make([]session.Record, 0, len(s.owners[owner]))
	for _, e := range s.owners[owner] {
		records = append(records, e.record)
	}
	slices.SortFunc(records, func(a, b session.Record) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Key.Hash, b.Key.Hash))
	})
	return records, nil
}

// ListTenant implements session.Lister. A cursor is the sort key of the last entry.
func (s *Store) ListTenant(ctx context.Context, tenant, cursor string, limit int) ([]session.TenantEntry, string, error) {
	if err := alive(ctx); err != nil {
		return nil, "", err
	}
	if cursor != "" && strings.Count(cursor, "/") != 2 {
		return nil, "", session.ErrCursor
	}
	s.mu.RLock()
	var entries []session.TenantEntry
	for k, e := range s.records {
		if k.Owner.Tenant != tenant || k.Kind == session.KindNonce {
			continue
		}
		if entry := e.record.TenantEntry(); position(entry) > cursor {
			entries = append(entries, entry)
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(entries, func(a, b session.TenantEntry) int { return cmp.Compare(position(a), position(b)) })
	if len(entries) <= limit {
		return entries, "", nil
	}
	return entries[:limit], position(entries[limit-1]), nil
}

// position orders by creation, then by key; times of this era have as many digits.
func position(e session.TenantEntry) string {
	return fmt.Sprintf("%012d/%s/%s", e.Created.Unix(), e.Kind, e.Hash)
}

// Locate implements session.Locator.
func (s *Store) Locate(ctx context.Context, kind session.Kind, h session.Hash) (tenant, ownerHash string, found bool, err error) {
	if err := alive(ctx); err != nil {
		return "", "", false, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, ok := s.handles[handle{kind, h}]
	if !ok {
		return "", "", false, nil
	}
	return k.Owner.Tenant, k.Owner.Hash(), true, nil
}

// alive gives a cancelled context its due, as a store behind a network would.
func alive(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
	}
	return nil
}
