package identitytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// Key is a key pair with the names that it is published under.
type Key struct {
	// ID is the `kid`.
	ID string
	// Alg is the algorithm of the tokens it signs and, unless Unlabelled, of its JWK.
	Alg string
	// Use is the JWK's `use`; empty leaves it out.
	Use string
	// Unlabelled leaves `alg` out of the JWK.
	Unlabelled bool
	// Private signs. For HS algorithms it is a []byte.
	Private any
}

var keyNumber atomic.Int64

// NewKey makes a key for alg, with a kid that no other key of the process has.
func NewKey(tb testing.TB, alg string) *Key {
	tb.Helper()
	k := &Key{ID: "key-" + strconv.FormatInt(keyNumber.Add(1), 10), Alg: alg, Use: "sig"}
	var err error
	switch alg {
	case "ES256":
		k.Private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		k.Private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		k.Private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, k.Private, err = ed25519.GenerateKey(rand.Reader)
	default:
		k.Private = sharedRSA()
	}
	if err != nil {
		tb.Fatalf("identitytest: %s key: %v", alg, err)
	}
	return k
}

// sharedRSA is one RSA key for the whole process: making one takes a while, and what tells
// published keys apart is the kid.
var sharedRSA = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("identitytest: " + err.Error())
	}
	return k
})

// Public is the public half.
func (k *Key) Public() crypto.PublicKey {
	signer, ok := k.Private.(crypto.Signer)
	if !ok {
		return nil
	}
	return signer.Public()
}

// JWK is the public key as the issuer publishes it, with everything that the Key says.
func (k *Key) JWK(tb testing.TB) map[string]any {
	tb.Helper()
	var members map[string]any
	if err := json.Unmarshal(k.jwk(tb), &members); err != nil {
		tb.Fatalf("identitytest: %v", err)
	}
	return members
}

func (k *Key) jwk(tb testing.TB) []byte {
	tb.Helper()
	named := jwkset.JWKMetadataOptions{KID: k.ID, USE: jwkset.USE(k.Use)}
	if !k.Unlabelled {
		named.ALG = jwkset.ALG(k.Alg)
	}
	jwk, err := jwkset.NewJWKFromKey(k.Public(), jwkset.JWKOptions{Metadata: named})
	if err != nil {
		tb.Fatalf("identitytest: JWK of a %s key: %v", k.Alg, err)
	}
	encoded, err := json.Marshal(jwk.Marshal())
	if err != nil {
		tb.Fatalf("identitytest: %v", err)
	}
	return encoded
}

// Draft is a token before it is signed. RawHeader and RawClaims, when set, stand for
// Header and Claims, so that even what no encoder would write can be signed.
type Draft struct {
	Header, Claims       map[string]any
	RawHeader, RawClaims string
	Key                  *Key
}

// Change is one deviation from a good token.
type Change func(*Draft)

// Token returns a token for subject "user-1" of tenant "acme", from client "client-1", for
// Audience, without scopes, issued now and good for an hour, with the changes applied in
// their order.
func (i *Issuer) Token(changes ...Change) string {
	i.tb.Helper()
	now := time.Now
	if i.Now != nil {
		now = i.Now
	}
	k := i.SigningKey()
	d := &Draft{
		Header: map[string]any{"typ": "at+jwt", "alg": k.Alg, "kid": k.ID},
		Claims: map[string]any{
			"iss": i.URL(), "aud": Audience, "sub": "user-1", "tenant": "acme", "client_id": "client-1",
			"iat": now().Unix(), "exp": now().Add(time.Hour).Unix(),
		},
		Key: k,
	}
	for _, change := range changes {
		change(d)
	}
	return d.Sign(i.tb)
}

// Sign encodes and signs the draft with its key, whatever its header says.
func (d *Draft) Sign(tb testing.TB) string {
	tb.Helper()
	signed := segment(tb, d.RawHeader, d.Header) + "." + segment(tb, d.RawClaims, d.Claims)
	signature, err := jwt.GetSigningMethod(d.Key.Alg).Sign(signed, d.Key.Private)
	if err != nil {
		tb.Fatalf("identitytest: sign with %s: %v", d.Key.Alg, err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func segment(tb testing.TB, raw string, members map[string]any) string {
	tb.Helper()
	if raw == "" {
		encoded, err := json.Marshal(members)
		if err != nil {
			tb.Fatalf("identitytest: %v", err)
		}
		raw = string(encoded)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(raw))
}

// Claim sets a claim.
func Claim(name string, value any) Change { return func(d *Draft) { d.Claims[name] = value } }

// Without removes claims.
func Without(names ...string) Change {
	return func(d *Draft) {
		maps.DeleteFunc(d.Claims, func(name string, _ any) bool { return slices.Contains(names, name) })
	}
}

// Header sets a header parameter.
func Header(name string, value any) Change { return func(d *Draft) { d.Header[name] = value } }

// WithoutHeader removes header parameters.
func WithoutHeader(names ...string) Change {
	return func(d *Draft) {
		maps.DeleteFunc(d.Header, func(name string, _ any) bool { return slices.Contains(names, name) })
	}
}

// Tenant sets the claim "tenant".
func Tenant(id string) Change { return Claim("tenant", id) }

// Subject sets `sub`.
func Subject(sub string) Change { return Claim("sub", sub) }

// Client sets `client_id`.
func Client(id string) Change { return Claim("client_id", id) }

// Scopes sets `scope`.
func Scopes(scopes ...string) Change { return Claim("scope", strings.Join(scopes, " ")) }

// Expires sets `exp`.
func Expires(at time.Time) Change { return Claim("exp", at.Unix()) }

// SignedBy signs with k and names it in the header.
func SignedBy(k *Key) Change {
	return func(d *Draft) {
		d.Key = k
		d.Header["alg"], d.Header["kid"] = k.Alg, k.ID
	}
}

// ForgedBy signs with k, while the header keeps naming the issuer's key.
func ForgedBy(k *Key) Change {
	return func(d *Draft) {
		d.Key = k
		d.Header["alg"] = k.Alg
	}
}

// RawClaims signs payload instead of the claims.
func RawClaims(payload string) Change { return func(d *Draft) { d.RawClaims = payload } }

// RawHeader signs header instead of the header's parameters.
func RawHeader(header string) Change { return func(d *Draft) { d.RawHeader = header } }
