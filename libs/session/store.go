package session

import (
	"context"
	"errors"
	"time"

	"leasehold.example/libs/identity"
)

var (
	// ErrNotFound is the one answer for unknown, foreign, expired and revoked.
	ErrNotFound = errors.New("session: not found")
	// ErrExists means that Create met a record under the same key.
	ErrExists = errors.New("session: exists")
	// ErrConflict means that the data changed since it was read.
	ErrConflict = errors.New("session: conflict")
	// ErrLimit means that the principal has as many live sessions as it may have.
	ErrLimit = errors.New("session: too many live sessions")
	// ErrTooLarge means that the data would exceed its limit.
	ErrTooLarge = errors.New("session: data too large")
	// ErrCursor means that a cursor of a list is not one that a list gave.
	ErrCursor = errors.New("session: bad cursor")
	// ErrUnavailable wraps every failure of a store that says nothing about the
	// record: down, throttled after retries, timed out. Callers fail closed.
	ErrUnavailable = errors.New("session: store unavailable")
)

// Change is a conditional write to an existing record. Nil fields stay as they are.
type Change struct {
	// Now is the time of the caller: the write demands that the record exists and that
	// Expires is after Now.
	Now time.Time
	// Header fields.
	Seen, Expires *time.Time
	Confirmed     *bool
	LogLevel      *string
	// Data, when not nil, replaces the data if its version is still IfVersion, and
	// makes it IfVersion+1; otherwise ErrConflict.
	Data      []byte
	IfVersion int64
}

// Apply returns r as c leaves it: what a store does that holds the record in its hands.
// ErrNotFound when r has expired at c.Now, ErrConflict when its version is another one.
func (c Change) Apply(r Record) (Record, error) {
	if !r.Live(c.Now) {
		return Record{}, ErrNotFound
	}
	if c.Data != nil {
		if r.Version != c.IfVersion {
			return Record{}, ErrConflict
		}
		r.Version, r.Size = r.Version+1, len(c.Data)
	}
	if c.Seen != nil {
		r.Seen = seconds(*c.Seen)
	}
	if c.Expires != nil {
		r.Expires = seconds(*c.Expires)
	}
	if c.Confirmed != nil {
		r.Confirmed = *c.Confirmed
	}
	if c.LogLevel != nil {
		r.LogLevel = *c.LogLevel
	}
	return r, nil
}

// Store keeps records and their data. Implementations are safe for concurrent use;
// reads of a single record are strongly consistent. Errors are ErrNotFound, ErrExists, ErrConflict, or
// wrap ErrUnavailable; a context's error is wrapped as well. A Store knows no
// lifetimes: an expired record that is still there is returned.
type Store interface {
	// Create writes a record and its data, both or neither; ErrExists when the key is
	// taken. Empty data means that the record has none, now or later (a nonce).
	Create(ctx context.Context, r Record, data []byte) error
	// Load returns the record without its data, in one read; ErrNotFound when absent.
	Load(ctx context.Context, k Key) (Record, error)
	// LoadData returns the data and its version, in one read; ErrNotFound when absent.
	// The caller may keep and alter what it gets.
	LoadData(ctx context.Context, k Key) (data []byte, version int64, err error)
	// Change applies c; ErrNotFound when the record is absent or expired at c.Now. It
	// never makes a record, so a revoked one stays revoked.
	Change(ctx context.Context, k Key, c Change) error
	// Delete removes the record and its data; ErrNotFound when there was none.
	Delete(ctx context.Context, k Key) error
}

// Lister is what operators and the cap on live sessions need; a Registry demands it.
type Lister interface {
	// ListOwner returns all records of owner, expired ones and nonces included, by
	// creation. Strongly consistent: the cap relies on it.
	ListOwner(ctx context.Context, owner identity.Owner) ([]Record, error)
	// ListTenant returns up to limit keys of a tenant, oldest first within a shard, after
	// cursor (empty: from the start; one that it did not give: ErrCursor); next is empty
	// at the end. Nonces are left out. Eventually consistent.
	ListTenant(ctx context.Context, tenant string, cursor string, limit int) (keys []TenantEntry, next string, err error)
}

// TenantEntry is a row of a tenant's list: what never changes of a record. OwnerHash
// stands for issuer and subject, which are not stored.
type TenantEntry struct {
	Tenant, OwnerHash string
	Kind              Kind
	Hash              Hash
	Created, Absolute time.Time
	Protocol, Client  string
}

// Locator classifies a miss; a Registry demands it.
type Locator interface {
	// Locate tells in which tenant and for which owner hash the hash of kind is stored,
	// whoever asks; found is false when nobody has it. Eventually consistent. For the
	// audit log only, never for an answer.
	Locate(ctx context.Context, kind Kind, h Hash) (tenant, ownerHash string, found bool, err error)
}
