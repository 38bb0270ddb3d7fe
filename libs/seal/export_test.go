package seal

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// Forgery is a value that only a holder of the key can make, with parts that Seal
// would never put together. The cipher's nonce is zero, so it is always the same.
type Forgery struct {
	Key             Key
	Purpose, Tenant string  // of the derived key
	Outside, Inside Binding // of the associated data and of the payload
	Expires         time.Time
	Plain           []byte // replaces the payload when not nil
}

// Value returns the sealed value.
func (f Forgery) Value() string {
	s := &Sealer{purpose: f.Purpose}
	aead, err := s.cipher(f.Key, f.Tenant)
	if err != nil {
		panic(err)
	}
	plain := f.Plain
	if plain == nil {
		plain = payload{binding: f.Inside.digest(f.Key.id), expires: f.Expires}.encode()
	}
	digest := f.Outside.digest(f.Key.id)
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	return strings.Join([]string{version, f.Key.id, encode(nonce), encode(aead.Seal(nil, nonce, plain, digest[:]))}, ".")
}

// Digest is the digest of b under the key kid.
func Digest(b Binding, kid string) [sha256.Size]byte { return b.digest(kid) }

// FetchLate is a fetch by a caller that decided for it before any other one took place.
func (r *Keyring) FetchLate(ctx context.Context) error {
	_, err := r.fetch(ctx, ringState{})
	return err
}
