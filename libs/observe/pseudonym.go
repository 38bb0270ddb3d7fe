package observe

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"sync/atomic"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// pseudonymPurpose separates the key of pseudonyms from all others of the same root.
const pseudonymPurpose = "leasehold/pseudonym/v1"

// pseudonymSize is the length of a pseudonym before encoding, in bytes: enough that two
// people never share one by chance.
const pseudonymSize = 16

// NoPseudonym stands where a pseudonym would, when no key can be had. What happened is
// logged all the same.
const NoPseudonym = "unavailable"

// Deriver derives keys from a root key; *seal.Keyring is one.
type Deriver interface {
	// Derive returns a key of 32 bytes for purpose, and the id of its root key.
	Derive(ctx context.Context, purpose string) (kid string, key []byte, err error)
}

// Pseudonyms name principals in logs.
type Pseudonyms struct {
	keys Deriver
	last atomic.Pointer[pseudonymKey]
}

// pseudonymKey is a derived key. To derive it costs more than all that is done with it, so
// that it is kept for keepKey.
type pseudonymKey struct {
	kid  string
	key  []byte
	when time.Time
}

const keepKey = time.Minute

// NewPseudonyms returns pseudonyms under the keys of d.
func NewPseudonyms(d Deriver) *Pseudonyms { return &Pseudonyms{keys: d} }

// ready reports whether Pseudonym waits for nothing: a Keyring that has had a key has one.
func (p *Pseudonyms) ready() bool { return p.last.Load() != nil }

// key returns the key in use, at most keepKey old.
func (p *Pseudonyms) key(ctx context.Context) (*pseudonymKey, error) {
	now := time.Now().Round(0) // wall clock: the monotonic one stands still in a frozen Lambda
	if k := p.last.Load(); k != nil {
		if age := now.Sub(k.when); 0 <= age && age < keepKey {
			return k, nil
		}
	}
	kid, key, err := p.keys.Derive(ctx, pseudonymPurpose)
	if err != nil {
		return nil, err
	}
	k := &pseudonymKey{kid, key, now}
	p.last.Store(k)
	return k, nil
}

// Pseudonym returns `kid.hash` for owner, where hash is a keyed HMAC-SHA256: who lacks
// the key cannot find out whom it means by trying subjects. It is the same for all of an
// owner's requests until the root key rotates, which the kid shows. It is NoPseudonym
// when there is no key.
func (p *Pseudonyms) Pseudonym(ctx context.Context, owner identity.Owner) string {
	k, err := p.key(ctx)
	if err != nil {
		return NoPseudonym
	}
	// Neither a tenant nor the hash contains "#", so no two owners give one input.
	return k.name(owner.Tenant + "#" + owner.Hash())
}

// session is Pseudonym for a session. An owner's input begins with a tenant, so none is of
// this kind.
func (p *Pseudonyms) session(ctx context.Context, hash session.Hash) string {
	k, err := p.key(ctx)
	if err != nil {
		return NoPseudonym
	}
	return k.name("#session#" + string(hash))
}

func (k *pseudonymKey) name(of string) string {
	mac := hmac.New(sha256.New, k.key)
	mac.Write([]byte(of))
	return k.kid + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:pseudonymSize])
}
