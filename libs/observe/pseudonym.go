package observe

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"sync/atomic"

	"leasehold.example/libs/identity"
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
	had  atomic.Bool // a key, once
}

// NewPseudonyms returns pseudonyms under the keys of d.
func NewPseudonyms(d Deriver) *Pseudonyms { return &Pseudonyms{keys: d} }

// ready reports whether Pseudonym waits for nothing: a Keyring that has had a key has one.
func (p *Pseudonyms) ready() bool { return p.had.Load() }

// Pseudonym returns `kid.hash` for owner, where hash is a keyed HMAC-SHA256: who lacks
// the key cannot find out whom it means by trying subjects. It is the same for all of an
// owner's requests until the root key rotates, which the kid shows. It is NoPseudonym
// when there is no key.
func (p *Pseudonyms) Pseudonym(ctx context.Context, owner identity.Owner) string {
	kid, key, err := p.keys.Derive(ctx, pseudonymPurpose)
	if err != nil {
		return NoPseudonym
	}
	p.had.Store(true)
	mac := hmac.New(sha256.New, key)
	// Neither a tenant nor the hash contains "#", so no two owners give one input.
	mac.Write([]byte(owner.Tenant + "#" + owner.Hash()))
	return kid + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:pseudonymSize])
}
