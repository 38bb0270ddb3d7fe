package seal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// version names the format; another one would change what digest covers.
const version = "v1"

// DefaultLifetime is how long a value opens unless Options says otherwise.
const DefaultLifetime = 10 * time.Minute

// MaxState is the largest state that can be sealed, in bytes.
const MaxState = 8 << 10

// maxSealed is more than the longest value that Seal makes. Longer input is refused
// before anything is done with it.
const maxSealed = 4*(MaxState+headSize+chacha20poly1305.Overhead)/3 + 128

const (
	onceSize = 16 // bytes of a nonce that is used up once
	headSize = sha256.Size + 8 + onceSize
)

var (
	// ErrInvalid is the one error for every value that does not open: malformed,
	// changed, expired, sealed for somebody or something else, or by a key that is not
	// known any more. Its text gives the reason, for the log only; clients get a fixed text.
	ErrInvalid = errors.New("seal: invalid value")
	// ErrUnavailable means that no key can be had, so the value is neither good nor bad:
	// answer 503.
	ErrUnavailable = errors.New("seal: keys unavailable")
)

// Options configure a Sealer.
type Options struct {
	// Purpose separates the keys of one use from those of every other; required.
	Purpose string
	// Lifetime is how long a value opens, in whole seconds. DefaultLifetime when zero.
	Lifetime time.Duration
	// Now is time.Now when nil.
	Now func() time.Time
}

// Sealer seals and opens values. It is safe for concurrent use.
type Sealer struct {
	ring     *Keyring
	purpose  string
	lifetime time.Duration
	now      func() time.Time
}

// Opened is what a sealed value held.
type Opened struct {
	// State is what was passed to Seal.
	State []byte
	// Nonce identifies the value. Whoever must not act on it twice records it as used, until
	// ExpiresAt, before acting.
	Nonce string
	// ExpiresAt is when the value stops opening.
	ExpiresAt time.Time
}

// New returns a Sealer that takes its keys from ring.
func New(ring *Keyring, o Options) (*Sealer, error) {
	if o.Purpose == "" {
		return nil, errors.New("seal: Options.Purpose is empty")
	}
	if o.Lifetime == 0 {
		o.Lifetime = DefaultLifetime
	}
	if o.Lifetime < time.Second {
		return nil, errors.New("seal: Options.Lifetime is under a second")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Sealer{ring: ring, purpose: o.Purpose, lifetime: o.Lifetime, now: o.Now}, nil
}

// Seal returns state sealed for b, with a nonce of 128 random bits. Opening does not use
// it up; the caller does, see Opened. Seal fails when b lacks a field or state exceeds
// MaxState, and with ErrUnavailable without a key.
func (s *Sealer) Seal(ctx context.Context, b Binding, state []byte) (string, error) {
	if !b.complete() {
		return "", errors.New("seal: incomplete binding")
	}
	if len(state) > MaxState {
		return "", fmt.Errorf("seal: state has %d bytes, more than %d", len(state), MaxState)
	}
	key, err := s.ring.current(ctx)
	if err != nil {
		return "", err
	}
	digest := b.digest(key.id)
	p := payload{binding: digest, expires: s.now().Add(s.lifetime), state: state}
	_, _ = rand.Read(p.once[:]) // never fails: crypto/rand ends the process instead
	aead, err := s.cipher(key, b.Tenant)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	_, _ = rand.Read(nonce)
	ct := aead.Seal(nil, nonce, p.encode(), digest[:])
	return strings.Join([]string{version, key.id, encode(nonce), encode(ct)}, "."), nil
}

// Open returns what sealed holds if it was sealed for b and has not expired. Every
// other value is ErrInvalid. ErrUnavailable says nothing about the value.
func (s *Sealer) Open(ctx context.Context, b Binding, sealed string) (Opened, error) {
	if !b.complete() {
		return Opened{}, invalid("incomplete binding")
	}
	kid, nonce, ct, err := split(sealed)
	if err != nil {
		return Opened{}, err
	}
	key, err := s.ring.lookup(ctx, kid)
	if err != nil {
		return Opened{}, err
	}
	aead, err := s.cipher(key, b.Tenant)
	if err != nil {
		return Opened{}, err
	}
	digest := b.digest(kid)
	plain, err := aead.Open(nil, nonce, ct, digest[:])
	if err != nil {
		return Opened{}, invalid("changed, or sealed for another principal or operation")
	}
	p, err := decodePayload(plain)
	if err != nil {
		return Opened{}, err
	}
	// The tag vouches for the digest already. XChaCha20-Poly1305 does not commit to its
	// key, though: one ciphertext can be crafted to open under two known keys. The
	// digest inside ties the plaintext to the key's id, tenant and operation as well.
	if subtle.ConstantTimeCompare(p.binding[:], digest[:]) != 1 {
		return Opened{}, invalid("payload is bound to something else")
	}
	if !s.now().Before(p.expires) {
		return Opened{}, invalid("expired")
	}
	return Opened{State: p.state, Nonce: encode(p.once[:]), ExpiresAt: p.expires}, nil
}

func invalid(reason string) error { return fmt.Errorf("%w: %s", ErrInvalid, reason) }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decode refuses the spellings that Go's decoder tolerates (line breaks, loose trailing
// bits), so that one value has one spelling.
func decode(s string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil && base64.RawURLEncoding.EncodedLen(len(b)) == len(s)
}
