package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"

	"github.com/go-json-experiment/json"
)

// keySize is the size of root keys and of derived keys, in bytes.
const keySize = 32

// kidPattern keeps the id of a key apart from the dots of the sealed format.
var kidPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// Key is a root key, from which all others are derived.
type Key struct {
	id   string
	root [keySize]byte
}

// Keys are the root keys in use at one time. Current is always there; Pending, which is
// about to become current, and Previous, which was, are nil when there is none.
type Keys struct {
	Current           Key
	Pending, Previous *Key
}

// NewKey returns the key with the given id, 1 to 32 letters, digits, `-` and `_`. The
// root holds 32 bytes from a cryptographic source of randomness.
func NewKey(id string, root []byte) (Key, error) {
	if !kidPattern.MatchString(id) {
		return Key{}, fmt.Errorf("seal: the id of a key does not match %s", kidPattern)
	}
	if len(root) != keySize {
		return Key{}, fmt.Errorf("seal: key has %d bytes, want %d", len(root), keySize)
	}
	k := Key{id: id}
	copy(k.root[:], root)
	return k, nil
}

// ID returns the id of k, which is no secret.
func (k Key) ID() string { return k.id }

// Format prints the id whatever the verb is, so that no root key gets into a log.
func (k Key) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "seal.Key(%s)", k.id) }

// keyDocument is a key as it is stored: the SecretString of one version of a Secrets
// Manager secret, or a member of a File.
type keyDocument struct {
	KID string `json:"kid"`
	Key string `json:"key"` // standard base64 of 32 bytes
}

func (d keyDocument) decode() (Key, error) {
	root, err := base64.StdEncoding.DecodeString(d.Key)
	if err != nil {
		return Key{}, errors.New("seal: key is not standard base64") // err quotes from the key
	}
	return NewKey(d.KID, root)
}

func (k Key) document() keyDocument {
	return keyDocument{KID: k.id, Key: base64.StdEncoding.EncodeToString(k.root[:])}
}

// ParseKey decodes `{"kid": "…", "key": "…"}`, the SecretString of one version of a
// secret. The key is the standard base64 of 32 bytes. Unknown members are refused.
func ParseKey(document []byte) (Key, error) {
	var d keyDocument
	if err := json.Unmarshal(document, &d, json.RejectUnknownMembers(true)); err != nil {
		// The error could quote from the document, so it stays here.
		return Key{}, errors.New(`seal: secret is not of the form {"kid": "…", "key": "…"}`)
	}
	return d.decode()
}

// NewDocument returns a new random key in the form that ParseKey reads.
func NewDocument() ([]byte, error) {
	document, err := json.Marshal(randomKey().document())
	if err != nil {
		return nil, errors.New("seal: new key: cannot be encoded") // err could quote the key
	}
	return document, nil
}

// derive returns the key for one purpose within one tenant; tenant is empty for what
// belongs to no tenant.
func (k Key) derive(purpose, tenant string) ([]byte, error) {
	info := frame("leasehold/seal/v1", purpose, tenant)
	key, err := hkdf.Key(sha256.New, k.root[:], nil, string(info), keySize)
	if err != nil {
		return nil, fmt.Errorf("seal: derive key: %w", err)
	}
	return key, nil
}

// find returns the key with the given id among those that open.
func (k Keys) find(kid string) (Key, bool) {
	if k.Current.id == kid {
		return k.Current, true
	}
	for _, other := range []*Key{k.Pending, k.Previous} {
		if other != nil && other.id == kid {
			return *other, true
		}
	}
	return Key{}, false
}

// check refuses a set in which one id stands for two keys: which of them opens a value
// would depend on the order of a lookup. Two stages of one version are fine.
func (k Keys) check() error {
	for _, other := range []*Key{k.Pending, k.Previous} {
		if other == nil {
			continue
		}
		if known, ok := k.find(other.id); ok && known.root != other.root {
			return fmt.Errorf("seal: two keys have the id %q", other.id)
		}
	}
	return nil
}
