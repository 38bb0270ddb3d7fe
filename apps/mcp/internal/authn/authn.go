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

	"leasehold.example/libs/bearer"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe"
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
	// ChallengeHeader names a header that carries the challenge too, for an edge that renames
	// WWW-Authenticate but can make it of another one (RULES 46). Absent means none.
	ChallengeHeader string
	// Verifier checks the tokens.
	Verifier Verifier
	// Logger gets the reasons of refusals; nil means slog.Default().
	Logger *slog.Logger
}

// Authenticator turns requests into principals or refusals.
type Authenticator struct {
	verifier        Verifier
	log             *slog.Logger
	challenges      *bearer.Challenger
	challengeHeader string
	metadata        []byte
}

// New checks c and reports all that is wrong with it.
func New(c Config) (*Authenticator, error) {
	if c.Verifier == nil {
		return nil, errors.New("authn: no verifier")
	}
	challenges, err := bearer.NewChallenger(bearer.Config{
		ResourceURL: c.ResourceURL, MetadataURL: c.MetadataURL,
		BaseScopes: c.BaseScopes, KnownScopes: c.KnownScopes,
	})
	if err != nil {
		return nil, fmt.Errorf("authn: %w", err)
	}
	metadata, err := encodeMetadata(c, challenges.BaseScopes())
	if err != nil {
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Authenticator{
		verifier: c.Verifier, log: c.Logger, challenges: challenges, challengeHeader: c.ChallengeHeader, metadata: metadata,
	}, nil
}

// Authenticate returns the principal of the request's bearer token, else the refusal to
// answer with. Only the Authorization header is read, never the query or the body (MCP
// authorization, Token Requirements).
func (a *Authenticator) Authenticate(r *http.Request) (identity.Principal, *Refusal) {
	values := r.Header.Values("Authorization")
	o := observe.From(r.Context())
	if len(values) > 1 {
		o.Refused(nil)
		return identity.Principal{}, newRefusal(http.StatusBadRequest, codeInvalidRequest, textSeveralValues)
	}
	token := ""
	if len(values) == 1 {
		token = bearer.Token(values[0])
	}
	if token == "" {
		o.Refused(nil)
		return identity.Principal{}, a.unauthenticated()
	}
	p, err := a.verifier.Verify(r.Context(), token)
	if err != nil {
		return identity.Principal{}, a.refuse(r.Context(), err)
	}
	o.Caller(r.Context(), p)
	return p, nil
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
		observe.From(ctx).Refused(err)
		a.log.Log(ctx, observe.Aside(ctx, slog.LevelInfo), "a token was refused", slog.Any("error", err))
		return a.invalidToken()
	case identity.NoTenant:
		observe.From(ctx).Refused(err)
		a.log.Log(ctx, observe.Aside(ctx, slog.LevelWarn), "a token without a tenant was refused", slog.Any("error", err))
		return newRefusal(http.StatusForbidden, bearer.CodeNoTenant, bearer.TextNoTenant)
	default:
		level := slog.LevelError
		if ctx.Err() != nil { // the client did not wait for the keys
			level = slog.LevelInfo
		}
		a.log.Log(ctx, level, "a token could not be checked", slog.Any("error", err))
		return unavailable()
	}
}

// unauthenticated is the answer to a request without a token.
func (a *Authenticator) unauthenticated() *Refusal {
	return a.challenged(newRefusal(http.StatusUnauthorized, codeUnauthenticated, textUnauthenticated), a.challenges.Unauthenticated())
}

func (a *Authenticator) invalidToken() *Refusal {
	return a.challenged(newRefusal(http.StatusUnauthorized, bearer.CodeInvalidToken, bearer.TextInvalidToken), a.challenges.InvalidToken())
}

// InsufficientScope is the answer when p lacks some of the needed scopes. The body names the
// missing scopes alone: it survives edges that drop the header.
func (a *Authenticator) InsufficientScope(p identity.Principal, needed ...string) *Refusal {
	refusal := newRefusal(http.StatusForbidden, bearer.CodeInsufficientScope, bearer.TextInsufficientScope, bearer.Missing(p, needed...)...)
	return a.challenged(refusal, a.challenges.InsufficientScope(p, needed...))
}

// challenged adds a challenge to r, in the copy as well that some edges need.
func (a *Authenticator) challenged(r *Refusal, challenge string) *Refusal {
	r.Header.Set("WWW-Authenticate", challenge)
	if a.challengeHeader != "" {
		r.Header.Set(a.challengeHeader, challenge)
	}
	return r
}
