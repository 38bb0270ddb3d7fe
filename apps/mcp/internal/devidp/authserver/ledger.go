package authserver

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

const (
	// maxClients bounds the registered clients. The oldest that nobody is signed in with
	// makes room.
	maxClients = 200
	// maxFamilies bounds who is signed in: the oldest is signed out.
	maxFamilies = 200
	openTimeout = time.Second
)

// The buckets. Access tokens are named by their `jti`, refresh tokens by their hash.
var (
	clientBucket  = []byte("clients")  // id to client
	familyBucket  = []byte("families") // id to family
	revokedBucket = []byte("revoked")  // id of an access token to when it expires anyway
)

var (
	errNoGrant = errors.New("authserver: unknown, expired or of another client")
	errReused  = errors.New("authserver: a refresh token was used again")
	errFull    = errors.New("authserver: no room for another client")
)

// person is who a code or a token is for.
type person struct {
	Tenant  string `json:"tenant"`
	Subject string `json:"subject"`
}

// family is what one consent gave: a refresh token, which changes with every use, and
// access tokens. They end together.
type family struct {
	ID     string   `json:"id"`
	Client string   `json:"client"`
	Person person   `json:"person"`
	Scopes []string `json:"scopes"`
	// Refresh is the hash of the present refresh token; empty when the client gets none.
	Refresh string    `json:"refresh,omitempty"`
	Until   time.Time `json:"until"`
	// Access are the access tokens that may not have expired yet.
	Access []access `json:"access,omitempty"`
}

// access is an access token by its `jti`.
type access struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"`
}

// ledger is what has to survive a restart. Each method is one transaction.
type ledger struct {
	db  *bbolt.DB
	now func() time.Time
}

func openLedger(path string, now func() time.Time) (*ledger, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: openTimeout})
	if err != nil {
		return nil, fmt.Errorf("authserver: %s: %w (is another server using it?)", path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		var errs []error
		for _, name := range [][]byte{clientBucket, familyBucket, revokedBucket} {
			_, err := tx.CreateBucketIfNotExists(name)
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("authserver: %s: %w", path, err), db.Close())
	}
	return &ledger{db, now}, nil
}

func (l *ledger) close() error { return l.db.Close() }

// client returns a registered client, or errNoClient.
func (l *ledger) client(id string) (c client, err error) {
	err = l.db.View(func(tx *bbolt.Tx) error {
		found, err := get(tx.Bucket(clientBucket), id, &c)
		if err == nil && !found {
			return errNoClient
		}
		return err
	})
	return c, err
}

// addClient keeps c, or is errFull.
func (l *ledger) addClient(c client) error {
	return l.db.Update(func(tx *bbolt.Tx) error {
		clients := tx.Bucket(clientBucket)
		if err := l.makeRoom(tx, clients); err != nil {
			return err
		}
		return put(clients, c.ID, c)
	})
}

func (l *ledger) makeRoom(tx *bbolt.Tx, clients *bbolt.Bucket) error {
	all, err := list[client](clients)
	if err != nil || len(all) < maxClients {
		return err
	}
	families, err := list[family](tx.Bucket(familyBucket))
	if err != nil {
		return err
	}
	idle := slices.DeleteFunc(all, func(c client) bool {
		return slices.ContainsFunc(families, func(f family) bool { return f.Client == c.ID && l.now().Before(f.Until) })
	})
	if len(idle) == 0 {
		return errFull
	}
	oldest := slices.MinFunc(idle, func(a, b client) int { return a.Created.Compare(b.Created) })
	return clients.Delete([]byte(oldest.ID))
}

// begin keeps a new family with its first access token.
func (l *ledger) begin(f family) error {
	return l.db.Update(func(tx *bbolt.Tx) error {
		families := tx.Bucket(familyBucket)
		all, err := list[family](families)
		if err != nil {
			return err
		}
		slices.SortFunc(all, func(a, b family) int { return a.Until.Compare(b.Until) })
		for n, old := range all {
			if l.now().Before(old.Until) && len(all)-n < maxFamilies {
				break
			}
			if err := l.end(tx, old); err != nil {
				return err
			}
		}
		return put(families, f.ID, f)
	})
}

// rotate redeems a refresh token of a client: issue makes the access token that goes with
// the new one. A token that was redeemed before ends its family, since either of its two
// users has stolen it (OAuth 2.1 section 4.3.1); that is errReused. Everything else that is
// wrong is errNoGrant and changes nothing.
func (l *ledger) rotate(token, clientID string, issue func(family) (access, error)) (f family, fresh string, err error) {
	reused := false
	err = l.db.Update(func(tx *bbolt.Tx) error {
		families := tx.Bucket(familyBucket)
		if f, err = l.familyOf(families, token, clientID); err != nil {
			return err
		}
		if !sameHash(token, f.Refresh) {
			reused = true
			return l.end(tx, f)
		}
		given, err := issue(f)
		if err != nil {
			return err
		}
		fresh = newRefreshToken(f.ID)
		f.Refresh = hashOf(fresh)
		f.Access = append(slices.DeleteFunc(f.Access, func(a access) bool { return !l.now().Before(a.Until) }), given)
		return put(families, f.ID, f)
	})
	if err == nil && reused {
		err = errReused
	}
	return f, fresh, err
}

// familyOf finds the family that a refresh token names, whether it is the present one or
// was one once.
func (l *ledger) familyOf(families *bbolt.Bucket, token, clientID string) (f family, err error) {
	id, _, _ := strings.Cut(token, ".")
	found, err := get(families, id, &f)
	if err == nil && (!found || f.Refresh == "" || f.Client != clientID || !l.now().Before(f.Until)) {
		err = errNoGrant
	}
	return f, err
}

// revokeRefresh ends the family of a refresh token of a client. Others are no error
// (RFC 7009 section 2.2).
func (l *ledger) revokeRefresh(token, clientID string) error {
	err := l.db.Update(func(tx *bbolt.Tx) error {
		f, err := l.familyOf(tx.Bucket(familyBucket), token, clientID)
		if err != nil {
			return err
		}
		return l.end(tx, f)
	})
	if errors.Is(err, errNoGrant) {
		return nil
	}
	return err
}

// revokeFamily ends a family and its access tokens; it may have ended before.
func (l *ledger) revokeFamily(id string) error {
	return l.db.Update(func(tx *bbolt.Tx) error {
		var f family
		found, err := get(tx.Bucket(familyBucket), id, &f)
		if err != nil || !found {
			return err
		}
		return l.end(tx, f)
	})
}

// revokeAccess ends one access token.
func (l *ledger) revokeAccess(a access) error {
	return l.db.Update(func(tx *bbolt.Tx) error { return l.refuse(tx, a) })
}

func (l *ledger) end(tx *bbolt.Tx, f family) error {
	if err := l.refuse(tx, f.Access...); err != nil {
		return err
	}
	return tx.Bucket(familyBucket).Delete([]byte(f.ID))
}

// refuse notes access tokens as revoked, and forgets those that have expired since.
func (l *ledger) refuse(tx *bbolt.Tx, tokens ...access) error {
	revoked := tx.Bucket(revokedBucket)
	all, err := list[access](revoked)
	if err != nil {
		return err
	}
	for _, a := range append(all, tokens...) {
		if l.now().Before(a.Until) {
			err = put(revoked, a.ID, a)
		} else {
			err = revoked.Delete([]byte(a.ID))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// revoked reports whether the access token with a `jti` has been revoked. The empty one
// is no token's.
func (l *ledger) revoked(id string) (found bool, err error) {
	err = l.db.View(func(tx *bbolt.Tx) error {
		found = tx.Bucket(revokedBucket).Get([]byte(id)) != nil
		return nil
	})
	return found, err
}

func get[T any](b *bbolt.Bucket, key string, into *T) (found bool, err error) {
	data := b.Get([]byte(key))
	if data == nil {
		return false, nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return false, fmt.Errorf("authserver: stored record: %w", err)
	}
	return true, nil
}

func put(b *bbolt.Bucket, key string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("authserver: record: %w", err)
	}
	return b.Put([]byte(key), data)
}

func list[T any](b *bbolt.Bucket) (all []T, err error) {
	err = b.ForEach(func(_, data []byte) error {
		var one T
		if err := json.Unmarshal(data, &one); err != nil {
			return fmt.Errorf("authserver: stored record: %w", err)
		}
		all = append(all, one)
		return nil
	})
	return all, err
}

// newRefreshToken names its family, so that an old one is told from an unknown one.
func newRefreshToken(family string) string { return family + "." + rand.Text() + rand.Text() }

// hashOf is how codes, refresh tokens and secrets are kept. They are random, so that a
// plain hash does not give them away.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func sameHash(secret, hash string) bool {
	return subtle.ConstantTimeCompare([]byte(hashOf(secret)), []byte(hash)) == 1
}
