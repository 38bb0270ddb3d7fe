package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// ListOwner implements session.Lister.
func (s *Store) ListOwner(ctx context.Context, owner identity.Owner) (records []session.Record, err error) {
	prefix := append(ownerKey(owner), separator...)
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(headers).Cursor()
		for key, value := cursor.Seek(prefix); bytes.HasPrefix(key, prefix); key, value = cursor.Next() {
			h, err := decode(value)
			if err != nil {
				return err
			}
			_, handle := splitKey(key)
			kind, hash := splitHandle(handle)
			records = append(records, h.record(session.Key{Owner: owner, Kind: kind, Hash: hash}))
		}
		return nil
	})
	slices.SortStableFunc(records, func(a, b session.Record) int { return a.Created.Compare(b.Created) })
	return records, err
}

// ListTenant implements session.Lister. A cursor is the position of the last entry.
func (s *Store) ListTenant(ctx context.Context, tenant, after string, limit int) (entries []session.TenantEntry, next string, err error) {
	if after != "" && strings.Count(after, "/") != 2 {
		return nil, "", session.ErrCursor
	}
	prefix := tenantPrefix(tenant)
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(headers).Cursor()
		for key, value := cursor.Seek(prefix); bytes.HasPrefix(key, prefix); key, value = cursor.Next() {
			h, err := decode(value)
			if err != nil {
				return err
			}
			if e := h.entry(key); e.Kind != session.KindNonce && position(e) > after {
				entries = append(entries, e)
			}
		}
		return nil
	})
	slices.SortFunc(entries, func(a, b session.TenantEntry) int { return cmp.Compare(position(a), position(b)) })
	if len(entries) <= limit {
		return entries, "", err
	}
	return entries[:limit], position(entries[limit-1]), err
}

// position orders by creation, then by key; times of this era have as many digits.
func position(e session.TenantEntry) string {
	return fmt.Sprintf("%012d/%s/%s", e.Created.Unix(), e.Kind, e.Hash)
}
