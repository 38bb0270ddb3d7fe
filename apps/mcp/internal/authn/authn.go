// Package authn authenticates requests by bearer token and words the refusals: challenges
// of RFC 6750 and RFC 9728, the protected resource metadata, and CORS.
//
// The rules it follows are the MCP authorization specification's
// (https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization).
package authn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leasehold.example/libs/identity"
)

// Verifier is what a bearer token is checked with; *identity.Verifier is one.
type Verifier interface {
	// Verify returns the token's principal, or an *identity.Error.
	Verify(ctx context.Context, token string) (identity.Principal, error)
	// Advertised are the issuers that everybody may be told of.
	Advertised() []string
}

// Config says who we are and what to ask for.
type Config struct {
	// ResourceURL is the public URL of the MCP endpoint: the `resource` of RFC 9728, and the
	// base of challenges. No header of a request ever takes its place.
	ResourceURL string
	// MetadataURL is where clients find the metadata. Absent means the well-known place of
	// ResourceURL (RFC 9728 section 3.1); set it where that cannot be served, such as
	// behind the stage prefix of API Gateway.
	MetadataURL string
	// ResourceName is the server's name for people; absent leaves it out of the metadata.
	ResourceName string
	// BaseScopes are the scopes to sign in with: those of the first challenge, and all of
	// `scopes_supported`. They must not include offline_access, which is not a matter of
	// the resource.
	BaseScopes []string
	// KnownScopes are all scopes that something here needs. Of a token's scopes, challenges
	// repeat those that are among them or among BaseScopes.
	KnownScopes []string
	// Verifier checks the tokens.
	Verifier Verifier
	// Logger gets the reasons of refusals; nil means slog.Default().
	Logger *slog.Logger
}

// Authenticator turns requests into principals or refusals.
type Authenticator struct {
	verifier    Verifier
	log         *slog.Logger
	metadataURL string
	metadata    []byte
	base        []string // sorted
	known       []string // sorted, base included
}

// New checks c and reports all that is wrong with it.
func New(c Config) (*Authenticator, error) {
	if c.Verifier == nil {
		return nil, errors.New("authn: no verifier")
	}
	base, problem := checkScopes(c.BaseScopes)
	known, problem2 := checkScopes(c.KnownScopes)
	problems := []error{problem, problem2}
	if slices.Contains(base, "offline_access") {
		problems = append(problems, errors.New("authn: offline_access is no scope of a resource"))
	}
	if err := checkURL(c.ResourceURL); err != nil {
		problems = append(problems, fmt.Errorf("authn: resource URL: %w", err))
	}
	if c.MetadataURL == "" {
		c.MetadataURL = wellKnown(c.ResourceURL)
	}
	if err := checkURL(c.MetadataURL); err != nil {
		problems = append(problems, fmt.Errorf("authn: metadata URL: %w", err))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	metadata, err := encodeMetadata(c, base)
	if err != nil {
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Authenticator{
		verifier: c.Verifier, log: c.Logger, metadataURL: c.MetadataURL, metadata: metadata,
		base: base, known: union(known, base),
	}, nil
}

// checkScopes demands scope-tokens (RFC 6749 section 3.3), which need no quoting in a
// challenge, and sorts them.
func checkScopes(scopes []string) ([]string, error) {
	for _, scope := range scopes {
		if scope == "" || strings.ContainsFunc(scope, func(r rune) bool {
			return r <= ' ' || r >= 0x7f || r == '"' || r == '\\'
		}) {
			return nil, fmt.Errorf("authn: %q is not a scope", scope)
		}
	}
	return union(scopes, nil), nil
}

func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil ||
		strings.ContainsAny(raw, "?#\"\\ ") {
		return fmt.Errorf("%q must be an absolute URL without credentials, query and fragment", raw)
	}
	return nil
}

// union is both, sorted, without duplicates.
func union(one, other []string) []string {
	both := slices.Concat(one, other)
	slices.Sort(both)
	return slices.Compact(both)
}

// Authenticate returns the principal of the request's bearer token, else the refusal to
// answer with. Only the Authorization header is read, never the query or the body (MCP
// authorization, Token Requirements).
func (a *Authenticator) Authenticate(r *http.Request) (identity.Principal, *Refusal) {
	values := r.Header.Values("Authorization")
	if len(values) > 1 {
		return identity.Principal{}, newRefusal(http.StatusBadRequest, codeInvalidRequest, textSeveralValues)
	}
	token := ""
	if len(values) == 1 {
		token = bearer(values[0])
	}
	if token == "" {
		return identity.Principal{}, a.unauthenticated()
	}
	p, err := a.verifier.Verify(r.Context(), token)
	if err != nil {
		return identity.Principal{}, a.refuse(r.Context(), err)
	}
	return p, nil
}

// bearer is the token of an Authorization header; empty when it is of another scheme or
// has none. The scheme is compared without case (RFC 9110 section 11.1).
func bearer(value string) string {
	scheme, token, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.Trim(token, " ")
}

// refuse answers what the verifier found. Errors that it does not know of are our trouble,
// not the token's.
func (a *Authenticator) refuse(ctx context.Context, err error) *Refusal {
	problem := identity.Unavailable
	if e, ok := errors.AsType[*identity.Error](err); ok {
		problem = e.Problem
	}
	switch problem {
	case identity.InvalidToken:
		a.log.InfoContext(ctx, "a token was refused", slog.Any("error", err))
		return a.invalidToken()
	case identity.NoTenant:
		a.log.WarnContext(ctx, "a token without a tenant was refused", slog.Any("error", err))
		return newRefusal(http.StatusForbidden, codeNoTenant, textNoTenant)
	default:
		level := slog.LevelError
		if ctx.Err() != nil { // the client did not wait for the keys
			level = slog.LevelInfo
		}
		a.log.Log(ctx, level, "a token could not be checked", slog.Any("error", err))
		return unavailable()
	}
}

// unauthenticated is the answer to a request without a token: a challenge without `error`
// (RFC 6750 section 3.1).
func (a *Authenticator) unauthenticated() *Refusal {
	refusal := newRefusal(http.StatusUnauthorized, codeUnauthenticated, textUnauthenticated)
	refusal.challenge("", "", a.base, a.metadataURL)
	return refusal
}

func (a *Authenticator) invalidToken() *Refusal {
	refusal := newRefusal(http.StatusUnauthorized, codeInvalidToken, textInvalidToken)
	refusal.challenge(codeInvalidToken, textInvalidToken, a.base, a.metadataURL)
	return refusal
}

// InsufficientScope is the answer when p lacks some of the needed scopes. The challenge
// carries all that is needed together with what the token has already and we know, because
// clients ask for exactly what it says and would lose the rest
// (https://github.com/modelcontextprotocol/typescript-sdk/issues/1582). The body names the
// missing scopes alone: it survives edges that drop the header.
func (a *Authenticator) InsufficientScope(p identity.Principal, needed ...string) *Refusal {
	missing := union(needed, nil)
	missing = slices.DeleteFunc(missing, p.HasScope)
	present := slices.DeleteFunc(slices.Clone(p.Scopes), func(scope string) bool {
		_, known := slices.BinarySearch(a.known, scope)
		return !known
	})
	refusal := newRefusal(http.StatusForbidden, codeInsufficientScope, textInsufficientScope, missing...)
	refusal.challenge(codeInsufficientScope, textInsufficientScope, union(needed, present), a.metadataURL)
	return refusal
}
