// Package pipeline is how a pipeline gets tokens of two tenants: it has them, or it has the key of
// an issuer that the server trusts for two tenants and nothing else.
package pipeline

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"leasehold.example/libs/scopes"
)

// Issuer signs tokens for a pipeline.
type Issuer struct {
	url string
	key *ecdsa.PrivateKey
	kid string
}

// NewIssuer reads a private key in PEM (PKCS #8), which is of the curve P-256. url is the `iss` of its tokens.
func NewIssuer(url, key string) (*Issuer, error) {
	block, _ := pem.Decode([]byte(key))
	if block == nil {
		return nil, errors.New("VERIFY_KEY: want a private key in PEM, as `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` makes one")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || private.Curve != elliptic.P256() {
		return nil, errors.New("VERIFY_KEY: want a PKCS #8 key of the curve P-256") // what is wrong with it is nobody's business
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("VERIFY_KEY: %w", err)
	}
	digest := sha256.Sum256(public)
	return &Issuer{url: url, key: private, kid: base64.RawURLEncoding.EncodeToString(digest[:])}, nil
}

// JWKS is the set of its public key (RFC 7517), for the address that the server trusts as jwks_url.
func (i *Issuer) JWKS() ([]byte, error) {
	key, err := jwkset.NewJWKFromKey(&i.key.PublicKey, jwkset.JWKOptions{
		Metadata: jwkset.JWKMetadataOptions{KID: i.kid, ALG: jwkset.AlgES256, USE: jwkset.UseSig},
	})
	if err != nil {
		return nil, fmt.Errorf("JWKS: %w", err)
	}
	return json.MarshalIndent(map[string]any{"keys": []any{key.Marshal()}}, "", "  ")
}

// Token is an access token (RFC 9068) of a tenant for an audience, with every scope that there is.
func (i *Issuer) Token(audience, tenant, subject string, now time.Time, ttl time.Duration) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": i.url, "aud": audience, "sub": subject, "client_id": "pipeline", "tenant": tenant,
		"scope": strings.Join(scopes.Names(), " "), "iat": now.Unix(), "exp": now.Add(ttl).Unix(), "jti": rand.Text(),
	})
	t.Header["kid"], t.Header["typ"] = i.kid, "at+jwt"
	signed, err := t.SignedString(i.key)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return signed, nil
}
