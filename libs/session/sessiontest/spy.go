package sessiontest

import (
	"context"
	"slices"
	"sync"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// Spy is a store that notes the calls it passes on to another, and lets a test refuse
// them. Safe for concurrent use; Fail is set before.
type Spy struct {
	// Store answers.
	Store Backend
	// Fail, when not nil, is asked before each call by its name ("Load"); its error, when
	// it has one, is the answer instead of the store's.
	Fail func(ctx context.Context, call string) error

	mu    sync.Mutex
	calls []string
}

var _ Backend = (*Spy)(nil)

// Take returns the names of the calls since the last Take, in their order.
func (s *Spy) Take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := slices.Clone(s.calls)
	s.calls = nil
	return taken
}

func (s *Spy) note(ctx context.Context, call string) error {
	s.mu.Lock()
	s.calls = append(s.calls, call)
	s.mu.Unlock()
	if s.Fail == nil {
		return nil
	}
	return s.Fail(ctx, call)
}

// Create implements session.Store.
func (s *Spy) Create(ctx context.Context, r session.Record, data []byte) error {
	if err := s.note(ctx, "Create"); err != nil {
		return err
	}
	return s.Store.Create(ctx, r, data)
}

// Load implements session.Store.
func (s *Spy) Load(ctx context.Context, k session.Key) (session.Record, error) {
	if err := s.note(ctx, "Load"); err != nil {
		return session.Record{}, err
	}
	return s.Store.Load(ctx, k)
}

// LoadData implements session.Store.
func (s *Spy) LoadData(ctx context.Context, k session.Key) ([]byte, int64, error) {
	if err := s.note(ctx, "LoadData"); err != nil {
		return nil, 0, err
	}
	return s.Store.LoadData(ctx, k)
}

// Change implements session.Store.
func (s *Spy) Change(ctx context.Context, k session.Key, c session.Change) error {
	if err := s.note(ctx, "Change"); err != nil {
		return err
	}
	return s.Store.Change(ctx, k, c)
}

// Delete implements session.Store.
func (s *Spy) Delete(ctx context.Context, k session.Key) error {
	if err := s.note(ctx, "Delete"); err != nil {
		return err
	}
	return s.Store.Delete(ctx, k)
}

// ListOwner implements session.Lister.
func (s *Spy) ListOwner(ctx context.Context, owner identity.Owner) ([]session.Record, error) {
	if err := s.note(ctx, "ListOwner"); err != nil {
		return nil, err
	}
	return s.Store.ListOwner(ctx, owner)
}

// ListTenant implements session.Lister.
func (s *Spy) ListTenant(ctx context.Context, tenant, cursor string, limit int) ([]session.TenantEntry, string, error) {
	if err := s.note(ctx, "ListTenant"); err != nil {
		return nil, "", err
	}
	return s.Store.ListTenant(ctx, tenant, cursor, limit)
}

// Locate implements session.Locator.
func (s *Spy) Locate(ctx context.Context, kind session.Kind, h session.Hash) (tenant, ownerHash string, found bool, err error) {
	if err := s.note(ctx, "Locate"); err != nil {
		return "", "", false, err
	}
	return s.Store.Locate(ctx, kind, h)
}
