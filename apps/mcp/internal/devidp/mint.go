package devidp

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"leasehold.example/libs/identity"
)

// maxSubject is the longest subject in bytes (OpenID Connect Core section 2).
const maxSubject = 255

// InputError says which parameter of a token is wrong.
type InputError struct {
	// Field is "tenant", "subject", "scopes" or "ttl".
	Field string
	// Want says what was expected.
	Want string
}

func (e *InputError) Error() string { return fmt.Sprintf("devidp: %s: want %s", e.Field, e.Want) }

// Grant is what a token says.
type Grant struct {
	Tenant, Subject, ClientID string
	// Scopes are some of the issuer's; none is a token that opens nothing.
	Scopes []string
	// TTL is how long the token is good for, at least a second.
	TTL time.Duration
}

// Token is an access token.
type Token struct {
	// Signed is the token as it is sent.
	Signed string
	// ID is its `jti`, which says nothing to who does not have the token.
	ID        string
	ExpiresAt time.Time
}

// Mint returns a signed access token for subject of tenant that expires after ttl. No
// scopes means every scope there is. Errors about parameters are *InputError.
func (i *Issuer) Mint(tenant, subject string, scopes []string, ttl time.Duration) (string, error) {
	if len(scopes) == 0 {
		scopes = i.options.Scopes
	}
	token, err := i.Issue(Grant{Tenant: tenant, Subject: subject, ClientID: ClientID, Scopes: scopes, TTL: ttl})
	return token.Signed, err
}

// accessClaims are those of RFC 9068 section 2.2, and the tenant.
type accessClaims struct {
	jwt.RegisteredClaims

	// Audience is one string, as all clients understand it.
	Audience string `json:"aud"`
	Tenant   string `json:"tenant"` // tenantClaim
	ClientID string `json:"client_id"`
	Scope    string `json:"scope"`
}

// Issue returns a signed access token (RFC 9068). Errors about g are *InputError.
func (i *Issuer) Issue(g Grant) (Token, error) {
	if err := i.check(g); err != nil {
		return Token{}, err
	}
	ring, err := i.keys()
	if err != nil {
		return Token{}, err
	}
	now := i.options.Now()
	issued := Token{ID: rand.Text(), ExpiresAt: now.Add(g.TTL)}
	token := jwt.NewWithClaims(algorithm, accessClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: i.URL(), Subject: g.Subject, ID: issued.ID,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(issued.ExpiresAt),
		},
		Audience: i.Audience(), Tenant: g.Tenant, ClientID: g.ClientID, Scope: strings.Join(g.Scopes, " "),
	})
	token.Header["typ"] = "at+jwt"
	token.Header["kid"] = ring.public[0].id
	issued.Signed, err = token.SignedString(ring.private)
	if err != nil {
		return Token{}, fmt.Errorf("devidp: sign: %w", err)
	}
	return issued, nil
}

// Inspect returns the client and the identity of a token that this issuer signed and
// that has not expired.
func (i *Issuer) Inspect(signed string) (clientID string, t Token, err error) {
	ring, err := i.keys()
	if err != nil {
		return "", Token{}, err
	}
	var claims accessClaims
	_, err = jwt.ParseWithClaims(signed, &claims,
		func(t *jwt.Token) (any, error) { return ring.find(t.Header["kid"]) },
		jwt.WithValidMethods([]string{algorithm.Alg()}), jwt.WithIssuer(i.URL()), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(i.options.Now))
	if err != nil {
		return "", Token{}, fmt.Errorf("devidp: %w", err)
	}
	return claims.ClientID, Token{Signed: signed, ID: claims.ID, ExpiresAt: claims.ExpiresAt.Time}, nil
}

// TokenID reads the ID that a token claims, whoever signed it; empty when it is none.
func TokenID(signed string) string {
	var claims accessClaims
	if _, _, err := jwt.NewParser().ParseUnverified(signed, &claims); err != nil {
		return ""
	}
	return claims.ID
}

// invisible reports whether r could make two subjects look like one.
func invisible(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }

// CheckPerson says what is wrong with a tenant and a subject; nothing when all is well.
func CheckPerson(tenant, subject string) []*InputError {
	var wrong []*InputError
	if !identity.IsTenant(tenant) { // the verifier would refuse it later, with less said
		wrong = append(wrong, &InputError{"tenant", "1 to 64 letters, digits, dots, underscores and hyphens, with a letter or digit first"})
	}
	// JSON makes all that is no UTF-8 the same, so that two subjects would be one.
	if subject == "" || len(subject) > maxSubject || !utf8.ValidString(subject) || strings.ContainsFunc(subject, invisible) {
		wrong = append(wrong, &InputError{"subject", fmt.Sprintf("1 to %d bytes of UTF-8 without control and other invisible characters", maxSubject)})
	}
	return wrong
}

func (i *Issuer) check(g Grant) error {
	if wrong := CheckPerson(g.Tenant, g.Subject); len(wrong) > 0 {
		return wrong[0]
	}
	for _, scope := range g.Scopes {
		if !slices.Contains(i.options.Scopes, scope) {
			return &InputError{"scopes", "some of: " + strings.Join(i.options.Scopes, " ")}
		}
	}
	if g.TTL < time.Second {
		return &InputError{"ttl", "at least one second, such as 1h"}
	}
	return nil
}
