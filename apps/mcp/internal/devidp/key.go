package devidp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"leasehold.example/libs/privatefile"
)

const (
	// privateType and publicType are the labels of PKCS #8 and of SubjectPublicKeyInfo
	// (RFC 7468 sections 10 and 13).
	privateType = "PRIVATE KEY"
	publicType  = "PUBLIC KEY"
	// maxRetired bounds the retired keys: the tokens of the ninth last key are refused.
	maxRetired = 8
)

var algorithm = jwt.SigningMethodES256

// publicKey is a P-256 key and its id.
type publicKey struct {
	*ecdsa.PublicKey
	id string
}

// keyring is the key that signs and all that tokens may be signed with, it first.
type keyring struct {
	private *ecdsa.PrivateKey
	public  []publicKey
}

// keys reads the key files. They are read for every use, so that a rotation by another
// process, and the tokens of another process, need no restart.
func (i *Issuer) keys() (keyring, error) {
	private, err := openKey(filepath.Join(i.options.Dir, keyFile))
	if err != nil {
		return keyring{}, err
	}
	current, err := newPublicKey(&private.PublicKey)
	if err != nil {
		return keyring{}, err
	}
	retired, err := openRetired(filepath.Join(i.options.Dir, retiredFile))
	if err != nil {
		return keyring{}, err
	}
	ring := keyring{private: private, public: []publicKey{current}}
	for _, key := range retired {
		if key.id != current.id { // a rotation is under way
			ring.public = append(ring.public, key)
		}
	}
	return ring, nil
}

// Rotate makes a new signing key. Of the old one only the public half is kept, so that
// its tokens stay good; a running server notices by itself.
func (i *Issuer) Rotate() error {
	ring, err := i.keys()
	if err != nil {
		return err
	}
	var retired []byte
	for _, key := range ring.public[:min(len(ring.public), maxRetired)] {
		der, err := x509.MarshalPKIXPublicKey(key.PublicKey)
		if err != nil {
			return fmt.Errorf("devidp: retired key: %w", err)
		}
		retired = append(retired, pem.EncodeToMemory(&pem.Block{Type: publicType, Bytes: der})...)
	}
	fresh, err := generateKey()
	if err != nil {
		return err
	}
	// In this order the key set has every key that signs, at any time.
	if err := privatefile.Replace(filepath.Join(i.options.Dir, retiredFile), retired); err != nil {
		return err
	}
	return privatefile.Replace(filepath.Join(i.options.Dir, keyFile), fresh)
}

// openKey reads the key at path, or puts a new one there.
func openKey(path string) (*ecdsa.PrivateKey, error) {
	data, err := privatefile.ReadOrCreate(path, generateKey)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != privateType {
		return nil, fmt.Errorf("devidp: %s is not a PEM file with a %s", path, privateType)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("devidp: %s: %w", path, err)
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, fmt.Errorf("devidp: %s is not a P-256 key", path)
	}
	return private, nil
}

// openRetired reads the keys at path, the latest first; there are none without a file.
func openRetired(path string) ([]publicKey, error) {
	data, err := privatefile.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var keys []publicKey
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("devidp: %s: %w", path, err)
		}
		public, ok := parsed.(*ecdsa.PublicKey)
		if !ok || public.Curve != elliptic.P256() {
			return nil, fmt.Errorf("devidp: %s holds what is not a P-256 key", path)
		}
		key, err := newPublicKey(public)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// newPublicKey derives the id from the key, so that a new key is a new id to caches.
func newPublicKey(key *ecdsa.PublicKey) (publicKey, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return publicKey{}, fmt.Errorf("devidp: key id: %w", err)
	}
	digest := sha256.Sum256(der)
	return publicKey{key, base64.RawURLEncoding.EncodeToString(digest[:12])}, nil
}

func generateKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("devidp: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, errors.New("devidp: the new key cannot be encoded")
	}
	return pem.EncodeToMemory(&pem.Block{Type: privateType, Bytes: der}), nil
}

// jwks is the key set that clients get (RFC 7517).
func (k keyring) jwks() (jwkset.JWKSMarshal, error) {
	var set jwkset.JWKSMarshal
	for _, key := range k.public {
		jwk, err := jwkset.NewJWKFromKey(key.PublicKey, jwkset.JWKOptions{
			Metadata: jwkset.JWKMetadataOptions{ALG: jwkset.ALG(algorithm.Alg()), KID: key.id, USE: jwkset.UseSig},
		})
		if err != nil {
			return jwkset.JWKSMarshal{}, fmt.Errorf("devidp: %w", err)
		}
		set.Keys = append(set.Keys, jwk.Marshal())
	}
	return set, nil
}

// find is the key of a token.
func (k keyring) find(id any) (*ecdsa.PublicKey, error) {
	for _, key := range k.public {
		if key.id == id {
			return key.PublicKey, nil
		}
	}
	return nil, errors.New("devidp: no such key")
}
