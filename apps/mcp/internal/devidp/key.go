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

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"leasehold.example/libs/privatefile"
)

// pemType is the label of a PKCS #8 key (RFC 7468 section 10).
const pemType = "PRIVATE KEY"

// signingKey is a P-256 key and its id.
type signingKey struct {
	private *ecdsa.PrivateKey
	id      string
	method  *jwt.SigningMethodECDSA
}

// openKey reads the key at path, or puts a new one there.
func openKey(path string) (signingKey, error) {
	data, err := privatefile.ReadOrCreate(path, generateKey)
	if err != nil {
		return signingKey{}, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != pemType {
		return signingKey{}, fmt.Errorf("devidp: %s is not a PEM file with a %s", path, pemType)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return signingKey{}, fmt.Errorf("devidp: %s: %w", path, err)
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return signingKey{}, fmt.Errorf("devidp: %s is not a P-256 key", path)
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return signingKey{}, fmt.Errorf("devidp: %s: %w", path, err)
	}
	// Derived from the key, so that a new key is a new id to caches.
	digest := sha256.Sum256(public)
	return signingKey{
		private: private, id: base64.RawURLEncoding.EncodeToString(digest[:12]), method: jwt.SigningMethodES256,
	}, nil
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
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}

// jwks is the key set that clients get: the public half.
func (k signingKey) jwks() (jwkset.JWKSMarshal, error) {
	jwk, err := jwkset.NewJWKFromKey(k.private.Public(), jwkset.JWKOptions{
		Metadata: jwkset.JWKMetadataOptions{ALG: jwkset.ALG(k.method.Alg()), KID: k.id, USE: jwkset.UseSig},
	})
	if err != nil {
		return jwkset.JWKSMarshal{}, fmt.Errorf("devidp: %w", err)
	}
	return jwkset.JWKSMarshal{Keys: []jwkset.JWKMarshal{jwk.Marshal()}}, nil
}
