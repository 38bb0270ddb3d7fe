// Package bearer reads bearer tokens off requests and words the challenges that answer
// them (RFC 6750 section 3, RFC 9728 section 5.1): once, for the server and for the
// authorizer in front of it, whose answers a client must not be able to tell apart.
package bearer

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"leasehold.example/libs/identity"
)

// Token is the token in the value of an Authorization header; empty when it is of another
// scheme or has none. The scheme is compared without case (RFC 9110 section 11.1).
func Token(authorization string) string {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.Trim(token, " ")
}

// What a client may read of a token that is not good enough. The texts are fixed: what
// exactly was wrong goes to the log, where it helps no attacker.
const (
	CodeInvalidToken      = "invalid_token"
	CodeInsufficientScope = "insufficient_scope"
	CodeNoTenant          = "no_tenant"

	TextInvalidToken      = "the access token is not valid here"
	TextInsufficientScope = "the access token lacks a scope that this needs"
	TextNoTenant          = "the access token names no tenant that is known here"
)

// MetadataPath is the well-known path of the protected resource metadata.
const MetadataPath = "/.well-known/oauth-protected-resource"

// Config says who challenges, and what to ask for.
type Config struct {
	// ResourceURL is the public URL of the MCP endpoint.
	ResourceURL string
	// MetadataURL is where clients find the metadata. Absent means the well-known place of
	// ResourceURL (RFC 9728 section 3.1).
	MetadataURL string
	// BaseScopes are the scopes to sign in with. They must not include offline_access,
	// which is not a matter of the resource.
	BaseScopes []string
	// KnownScopes are all scopes that something here needs. Of a token's scopes, challenges
	// repeat those that are among them or among BaseScopes.
	KnownScopes []string
}

// Challenger words challenges, the values of WWW-Authenticate.
type Challenger struct {
	metadataURL string
	base        []string // sorted
	known       []string // sorted, base included
}

// NewChallenger checks c and reports all that is wrong with it.
func NewChallenger(c Config) (*Challenger, error) {
	var problems []error
	problems = append(problems, checkScopes(c.BaseScopes), checkScopes(c.KnownScopes))
	if slices.Contains(c.BaseScopes, "offline_access") {
		problems = append(problems, errors.New("bearer: offline_access is no scope of a resource"))
	}
	if err := checkURL(c.ResourceURL); err != nil {
		problems = append(problems, fmt.Errorf("bearer: resource URL: %w", err))
	}
	if c.MetadataURL == "" {
		c.MetadataURL = wellKnown(c.ResourceURL)
	}
	if err := checkURL(c.MetadataURL); err != nil {
		problems = append(problems, fmt.Errorf("bearer: metadata URL: %w", err))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return &Challenger{
		metadataURL: c.MetadataURL, base: union(c.BaseScopes, nil), known: union(c.KnownScopes, c.BaseScopes),
	}, nil
}

// checkScopes demands scope-tokens (RFC 6749 section 3.3), which need no quoting.
func checkScopes(scopes []string) error {
	for _, scope := range scopes {
		if scope == "" || strings.ContainsFunc(scope, func(r rune) bool {
			return r <= ' ' || r >= 0x7f || r == '"' || r == '\\'
		}) {
			return fmt.Errorf("bearer: %q is not a scope", scope)
		}
	}
	return nil
}

func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil ||
		strings.ContainsAny(raw, "?#\"\\ ") {
		return fmt.Errorf("%q must be an absolute URL without credentials, query and fragment", raw)
	}
	return nil
}

// wellKnown inserts the well-known path between host and path (RFC 9728 section 3.1).
func wellKnown(resource string) string {
	u, err := url.Parse(resource)
	if err != nil {
		return ""
	}
	path := u.EscapedPath()
	if path == "/" {
		path = ""
	}
	return u.Scheme + "://" + u.Host + MetadataPath + path
}

// union is both, sorted, without duplicates.
func union(one, other []string) []string {
	both := slices.Concat(one, other)
	slices.Sort(both)
	return slices.Compact(both)
}

// BaseScopes are the scopes to sign in with, sorted.
func (c *Challenger) BaseScopes() []string { return slices.Clone(c.base) }

// Recognised are the scopes of p's token that mean something here, sorted.
func (c *Challenger) Recognised(p identity.Principal) []string {
	return slices.DeleteFunc(slices.Clone(p.Scopes), func(scope string) bool {
		_, known := slices.BinarySearch(c.known, scope)
		return !known
	})
}

// Missing are the needed scopes that p's token lacks, sorted, as p's issuer calls them.
func Missing(p identity.Principal, needed ...string) []string {
	return asAsked(p, slices.DeleteFunc(union(needed, nil), p.HasScope))
}

// asAsked returns the names by which a client asks p's issuer for scopes.
func asAsked(p identity.Principal, scopes []string) []string {
	for i := range scopes {
		scopes[i] = p.ScopePrefix + scopes[i]
	}
	return scopes
}

// Unauthenticated answers a request without a token: without `error` (RFC 6750 section 3.1).
func (c *Challenger) Unauthenticated() string { return c.challenge("", "", c.base) }

// InvalidToken answers a token that is not good here.
func (c *Challenger) InvalidToken() string {
	return c.challenge(CodeInvalidToken, TextInvalidToken, c.base)
}

// InsufficientScope answers p, whose token lacks some of the needed scopes. It carries all
// that is needed together with what the token has already and we know, because clients ask
// for exactly what it says and would lose the rest
// (https://github.com/modelcontextprotocol/typescript-sdk/issues/1582).
func (c *Challenger) InsufficientScope(p identity.Principal, needed ...string) string {
	return c.challenge(CodeInsufficientScope, TextInsufficientScope, asAsked(p, union(needed, c.Recognised(p))))
}

// challenge needs no escaping: NewChallenger has seen to the URL and the scopes.
func (c *Challenger) challenge(code, text string, scopes []string) string {
	var params []string
	add := func(name, value string) {
		if value != "" {
			params = append(params, name+`="`+value+`"`)
		}
	}
	add("error", code)
	add("error_description", text)
	add("scope", strings.Join(scopes, " "))
	add("resource_metadata", c.metadataURL)
	return "Bearer " + strings.Join(params, ", ")
}
