package observe

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/session"
)

// wholeStore is a store that a session.Registry accepts.
type wholeStore interface {
	session.Store
	session.Lister
	session.Locator
}

// TimeStore returns store, whose calls are counted and timed for the summary line of the
// request that they belong to, and logged with the level debug. A store that a
// session.Registry would refuse is returned as it is, to be refused.
func TimeStore(store session.Store, log *slog.Logger) session.Store {
	whole, ok := store.(wholeStore)
	if !ok {
		return store
	}
	return &timedStore{whole, log}
}

// StoreThrottled is for dynamostore.OnThrottle: it counts an attempt that was throttled.
func StoreThrottled(ctx context.Context) { From(ctx).Count(metric.StoreThrottles) }

type timedStore struct {
	store wholeStore
	log   *slog.Logger
}

// done ends a call that began at began with err.
func (s *timedStore) done(ctx context.Context, call string, began time.Time, err error) {
	took := time.Since(began)
	r := From(ctx)
	r.storeCall(took)
	if errors.Is(err, session.ErrConflict) {
		r.Count(metric.StoreConflicts)
	}
	if s.log.Enabled(ctx, slog.LevelDebug) {
		s.log.LogAttrs(ctx, slog.LevelDebug, "store call", slog.String("call", call),
			slog.Float64(metric.FieldDurationMS, milliseconds(took)), slog.Any("error", err))
	}
}

// Create implements session.Store.
func (s *timedStore) Create(ctx context.Context, r session.Record, data []byte) error {
	began := time.Now()
	err := s.store.Create(ctx, r, data)
	s.done(ctx, "Create", began, err)
	return err
}

// Load implements session.Store.
func (s *timedStore) Load(ctx context.Context, k session.Key) (session.Record, error) {
	began := time.Now()
	r, err := s.store.Load(ctx, k)
	s.done(ctx, "Load", began, err)
	return r, err
}

// LoadData implements session.Store.
func (s *timedStore) LoadData(ctx context.Context, k session.Key) (data []byte, version int64, err error) {
	began := time.Now()
	data, version, err = s.store.LoadData(ctx, k)
	s.done(ctx, "LoadData", began, err)
	return data, version, err
}

// Change implements session.Store.
func (s *timedStore) Change(ctx context.Context, k session.Key, c session.Change) error {
	began := time.Now()
	err := s.store.Change(ctx, k, c)
	s.done(ctx, "Change", began, err)
	return err
}

// Delete implements session.Store.
func (s *timedStore) Delete(ctx context.Context, k session.Key) error {
	began := time.Now()
	err := s.store.Delete(ctx, k)
	s.done(ctx, "Delete", began, err)
	return err
}

// ListOwner implements session.Lister.
func (s *timedStore) ListOwner(ctx context.Context, owner identity.Owner) ([]session.Record, error) {
	began := time.Now()
	all, err := s.store.ListOwner(ctx, owner)
	s.done(ctx, "ListOwner", began, err)
	return all, err
}

// ListTenant implements session.Lister.
func (s *timedStore) ListTenant(ctx context.Context, tenant, cursor string, limit int) (keys []session.TenantEntry, next string, err error) {
	began := time.Now()
	keys, next, err = s.store.ListTenant(ctx, tenant, cursor, limit)
	s.done(ctx, "ListTenant", began, err)
	return keys, next, err
}

// Locate implements session.Locator.
func (s *timedStore) Locate(ctx context.Context, kind session.Kind, h session.Hash) (tenant, ownerHash string, found bool, err error) {
	began := time.Now()
	tenant, ownerHash, found, err = s.store.Locate(ctx, kind, h)
	s.done(ctx, "Locate", began, err)
	return tenant, ownerHash, found, err
}
