package identity

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxKeys bounds a set; issuers publish a handful.
	maxKeys = 100
	// minRSA is the smallest modulus of RFC 7518 section 3.3; maxRSA bounds the work of a
	// verification.
	minRSA, maxRSA = 2048, 8192
)

// snapshot is an issuer's usable keys at one time. It does not change once it is published.
type snapshot struct {
	fetched time.Time
	keys    map[string]*key // by kid
	keyfunc keyfunc.Keyfunc
	leftOut error // why published keys are not among keys; nil when all are
}

// key stands for a public key. Its address is its identity: it stays the same from one
// snapshot to the next as long as the issuer publishes the same key under the same kid.
type key struct{ public publicKey }

// publicKey is what all public keys of the standard library can do.
type publicKey interface{ Equal(crypto.PublicKey) bool }

// keep takes over the identity of the keys that the older snapshot, nil if there is none,
// has already.
func (s *snapshot) keep(older *snapshot) {
	if older == nil {
		return
	}
	for kid, k := range s.keys {
		if known := older.keys[kid]; known != nil && known.public.Equal(k.public) {
			s.keys[kid] = known
		}
	}
}

// parseKeys reads a JWK Set (RFC 7517). Keys that cannot verify a signature of ours are
// left out: issuers publish others beside them. An empty set is valid and verifies nothing.
func parseKeys(document []byte) (*snapshot, error) {
	var set struct {
		Keys *[]jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, fmt.Errorf("the key set is not strict JSON: %w", err)
	}
	if set.Keys == nil || len(*set.Keys) > maxKeys {
		return nil, fmt.Errorf("the key set has no keys member, or more than %d keys", maxKeys)
	}
	byID := make(map[string][]jwkset.JWK)
	var leftOut []error
	for _, raw := range *set.Keys {
		jwk, err := parseKey(raw)
		if err != nil {
			leftOut = append(leftOut, err)
			continue
		}
		kid := jwk.Marshal().KID
		byID[kid] = append(byID[kid], jwk)
	}
	snap, err := newSnapshot(byID)
	if err != nil {
		return nil, err
	}
	snap.leftOut = errors.Join(append(leftOut, snap.leftOut)...)
	return snap, nil
}

func newSnapshot(byID map[string][]jwkset.JWK) (*snapshot, error) {
	store := jwkset.NewMemoryStorage()
	keys := make(map[string]*key, len(byID))
	var ambiguous error
	for kid, found := range byID {
		// Which of two keys a kid means is anybody's guess, so it means neither.
		if len(found) != 1 {
			ambiguous = errors.New("several keys share a kid")
			continue
		}
		public, ok := found[0].Key().(publicKey)
		if !ok {
			return nil, fmt.Errorf("a %T cannot be compared", found[0].Key())
		}
		keys[kid] = &key{public: public}
		if err := store.KeyWrite(context.Background(), found[0]); err != nil {
			return nil, fmt.Errorf("store a key: %w", err)
		}
	}
	f, err := keyfunc.New(keyfunc.Options{Storage: store})
	if err != nil {
		return nil, fmt.Errorf("key lookup: %w", err)
	}
	return &snapshot{keys: keys, keyfunc: f, leftOut: ambiguous}, nil
}

// parseKey reads one public signing key (RULES 13).
func parseKey(raw jsontext.Value) (jwkset.JWK, error) {
	var m jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &m); err != nil {
		return jwkset.JWK{}, err
	}
	if !isName(m.KID) || m.USE != "" && m.USE != jwkset.UseSig {
		return jwkset.JWK{}, errors.New("no usable kid, or not a signing key")
	}
	if m.KEYOPS != nil && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify) {
		return jwkset.JWK{}, errors.New("not for verifying")
	}
	if m.D != "" || m.K != "" {
		return jwkset.JWK{}, errors.New("a secret that the issuer has published")
	}
	// Certificates are not needed, and a URL of one must not be followed.
	m.X5U, m.X5C, m.X5T, m.X5TS256 = "", nil, "", ""
	jwk, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return jwkset.JWK{}, err
	}
	switch k := jwk.Key().(type) {
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return jwk, nil
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSA || bits > maxRSA {
			return jwkset.JWK{}, fmt.Errorf("an RSA modulus of %d bits", bits)
		}
		return jwk, nil
	}
	return jwkset.JWK{}, fmt.Errorf("a %T does not sign", jwk.Key())
}
