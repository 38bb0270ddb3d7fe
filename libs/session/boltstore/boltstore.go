// Package boltstore keeps sessions in one bbolt file: the embedded default, for a single
// process whose sessions survive a restart.
package boltstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"leasehold.example/libs/session"
)

const (
	// lockTimeout is how long Open waits for another process to let go of the file.
	lockTimeout = time.Second
	// sweepEvery is how many creates lie between two sweeps of expired records; the first
	// create after Open sweeps too.
	sweepEvery = 256
)

// The buckets share one key, `<owner key>/<kind>#<hash>`, except handles, which maps
// `<kind>#<hash>` to it.
var (
	headers = []byte("headers")
	data    = []byte("data")
	handles = []byte("handles")
)

// Store is a session.Store, Lister and Locator. Every write is on disk when it returns.
// Expired records are dropped by creates, so that the file stops growing; bbolt reuses
// their pages.
type Store struct {
	db      *bbolt.DB
	creates atomic.Int64
}

var (
	_ session.Store   = (*Store)(nil)
	_ session.Lister  = (*Store)(nil)
	_ session.Locator = (*Store)(nil)
)

// Open opens the file at path, or makes it, readable by its owner only. A file that
// another process holds is an error after a second. Close it.
func Open(path string) (*Store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout})
	if err != nil {
		return nil, fmt.Errorf("boltstore: open %s (is another server using it?): %w", path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{headers, data, handles} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("boltstore: prepare %s: %w", path, err), db.Close())
	}
	return &Store{db: db}, nil
}

// Close releases the file, after the transactions under way. What comes later is
// session.ErrUnavailable.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("boltstore: close: %w", err)
	}
	return nil
}

// Create implements session.Store.
func (s *Store) Create(ctx context.Context, r session.Record, content []byte) error {
	key, handle := itemKey(r.Key), handleKey(r.Key.Kind, r.Key.Hash)
	sweeping := s.creates.Add(1)%sweepEvery == 1
	return s.update(ctx, func(tx *bbolt.Tx) error {
		if sweeping {
			if err := sweep(tx, r.Created); err != nil {
				return err
			}
		}
		if tx.Bucket(headers).Get(key) != nil {
			return session.ErrExists
		}
		if len(content) > 0 {
			if err := tx.Bucket(data).Put(key, content); err != nil {
				return err
			}
		}
		if err := tx.Bucket(handles).Put(handle, key); err != nil {
			return err
		}
		return putHeader(tx, key, r)
	})
}

// sweep drops what has expired at now, which is the caller's time: a Store has no clock.
// A record that cannot be read stays and does not keep others from being made.
func sweep(tx *bbolt.Tx, now time.Time) error {
	var expired [][]byte
	cursor := tx.Bucket(headers).Cursor()
	for key, value := cursor.First(); key != nil; key, value = cursor.Next() {
		if h, err := decode(value); err == nil && h.Expires <= now.Unix() {
			expired = append(expired, slices.Clone(key))
		}
	}
	for _, key := range expired {
		if err := drop(tx, key); err != nil {
			return err
		}
	}
	return nil
}

func drop(tx *bbolt.Tx, key []byte) error {
	_, handle := splitKey(key)
	return errors.Join(
		tx.Bucket(headers).Delete(key),
		tx.Bucket(data).Delete(key),
		tx.Bucket(handles).Delete(handle),
	)
}

// Load implements session.Store.
func (s *Store) Load(ctx context.Context, k session.Key) (r session.Record, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		r, err = getHeader(tx, k)
		return err
	})
	return r, err
}

// LoadData implements session.Store.
func (s *Store) LoadData(ctx context.Context, k session.Key) (content []byte, version int64, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		r, err := getHeader(tx, k)
		if err != nil {
			return err
		}
		stored := tx.Bucket(data).Get(itemKey(k))
		if stored == nil {
			return session.ErrNotFound
		}
		content, version = slices.Clone(stored), r.Version
		return nil
	})
	return content, version, err
}

// Change implements session.Store.
func (s *Store) Change(ctx context.Context, k session.Key, c session.Change) error {
	key := itemKey(k)
	return s.update(ctx, func(tx *bbolt.Tx) error {
		old, err := getHeader(tx, k)
		if err != nil {
			return err
		}
		r, err := c.Apply(old)
		if err != nil {
			return err
		}
		if c.Data != nil {
			if tx.Bucket(data).Get(key) == nil {
				return session.ErrNotFound
			}
			if err := tx.Bucket(data).Put(key, c.Data); err != nil {
				return err
			}
		}
		return putHeader(tx, key, r)
	})
}

// Delete implements session.Store.
func (s *Store) Delete(ctx context.Context, k session.Key) error {
	key := itemKey(k)
	return s.update(ctx, func(tx *bbolt.Tx) error {
		if tx.Bucket(headers).Get(key) == nil {
			return session.ErrNotFound
		}
		return drop(tx, key)
	})
}

// Locate implements session.Locator.
func (s *Store) Locate(ctx context.Context, kind session.Kind, h session.Hash) (tenant, ownerHash string, found bool, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		key := tx.Bucket(handles).Get(handleKey(kind, h))
		if key == nil {
			return nil
		}
		owner, _ := splitKey(key)
		tenant, ownerHash = splitOwner(owner)
		found = true
		return nil
	})
	return tenant, ownerHash, found, err
}

func (s *Store) view(ctx context.Context, fn func(tx *bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	return unavailable(s.db.View(fn))
}

// update runs fn in a transaction that an error of fn undoes. Concurrent writers wait for
// each other.
func (s *Store) update(ctx context.Context, fn func(tx *bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	return unavailable(s.db.Update(fn))
}

// unavailable lets through what says something about a record.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	for _, known := range []error{session.ErrNotFound, session.ErrExists, session.ErrConflict, session.ErrCursor} {
		if errors.Is(err, known) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
}
