package devidp

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/golang-jwt/jwt/v5"
)

// tenantPattern is what the verifier accepts as a tenant id; another one would only be
// refused later, with less said.
var tenantPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// maxSubject is the longest subject in bytes (OpenID Connect Core section 2).
const maxSubject = 255

// InputError says which parameter of Mint is wrong.
type InputError struct {
	// Field is "tenant", "subject", "scopes" or "ttl".
	Field string
	// Want says what was expected.
	Want string
}

func (e *InputError) Error() string { return fmt.Sprintf("devidp: %s: want %s", e.Field, e.Want) }

// Mint returns a signed access token (RFC 9068) for subject of tenant that expires after
// ttl. No scopes means every scope there is. Errors about parameters are *InputError.
func (i *Issuer) Mint(tenant, subject string, scopes []string, ttl time.Duration) (string, error) {
	if err := i.check(tenant, subject, scopes, ttl); err != nil {
		return "", err
	}
	if len(scopes) == 0 {
		scopes = i.options.Scopes
	}
	now := i.options.Now()
	token := jwt.NewWithClaims(i.key.method, jwt.MapClaims{
		"iss":       i.URL(),
		"aud":       i.Audience(),
		"sub":       subject,
		tenantClaim: tenant,
		"client_id": ClientID,
		"scope":     strings.Join(scopes, " "),
		"iat":       now.Unix(),
		"exp":       now.Add(ttl).Unix(),
		"jti":       rand.Text(),
	})
	token.Header["typ"] = "at+jwt"
	token.Header["kid"] = i.key.id
	signed, err := token.SignedString(i.key.private)
	if err != nil {
		return "", fmt.Errorf("devidp: sign: %w", err)
	}
	return signed, nil
}

func (i *Issuer) check(tenant, subject string, scopes []string, ttl time.Duration) error {
	if !tenantPattern.MatchString(tenant) {
		return &InputError{"tenant", "1 to 64 letters, digits, dots, underscores and hyphens, with a letter or digit first"}
	}
	if subject == "" || len(subject) > maxSubject || strings.ContainsFunc(subject, unicode.IsControl) {
		return &InputError{"subject", fmt.Sprintf("1 to %d bytes without control characters", maxSubject)}
	}
	for _, scope := range scopes {
		if !slices.Contains(i.options.Scopes, scope) {
			return &InputError{"scopes", "some of: " + strings.Join(i.options.Scopes, " ")}
		}
	}
	if ttl < time.Second {
		return &InputError{"ttl", "at least one second, such as 1h"}
	}
	return nil
}
