// Package exchange trades a caller's token for one of an upstream API by OAuth 2.0 Token
// Exchange (RFC 8693), so that a tool can act there on the caller's behalf. The caller's token
// goes to the authorization server and nowhere else: handing it on would let the upstream, and
// whoever reads it there, call this server
// (https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization, Token Passthrough).
package exchange

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/memo"
	"leasehold.example/libs/outbound"
)

const (
	timeout = 10 * time.Second
	// remembered bounds the tokens that are kept.
	remembered = 1024
	// rememberFor bounds how long a token is used without asking again, as identity does for
	// verified ones (RULES 16): so long may a grant that was withdrawn live on.
	rememberFor = 5 * time.Minute
	// leeway is what a token must still be good for when it is used.
	leeway = 30 * time.Second
)

var (
	// ErrRefused means that this caller gets no token for this audience and these scopes.
	ErrRefused = errors.New("exchange: refused")
	// ErrUnavailable means that nobody gets one now: the authorization server does not answer,
	// not as it should, or does not know this server.
	ErrUnavailable = errors.New("exchange: unavailable")
)

// Options say where tokens are exchanged, and as whom.
type Options struct {
	// TokenURL is the token endpoint, https; required.
	TokenURL string
	// ClientID is this server at the authorization server; required.
	ClientID string
	// Secret authenticates the client (RFC 6749, section 2.3.1). It is asked for each exchange,
	// so that a rotated one is used at once. Nil means a public client.
	Secret func(context.Context) (string, error)
	// InsecureLoopback is for a developer's machine: the endpoint must then be on loopback, and
	// may be http.
	InsecureLoopback bool
	// Logger gets the reasons of failures, without any token; nil means slog.Default().
	Logger *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// InsecureTransport replaces the transport that keeps off private addresses. For tests, and
	// for an authorization server inside the network; nil means the guarded one.
	InsecureTransport http.RoundTripper
}

// Exchanger exchanges tokens. It is safe for concurrent use.
type Exchanger struct {
	options Options
	client  *http.Client
	tokens  *memo.Memo[string]
}

// New checks o and reports all that is wrong with it. It does not touch the network.
func New(o Options) (*Exchanger, error) {
	var problems []error
	if err := outbound.CheckURL(o.TokenURL, o.InsecureLoopback); err != nil {
		problems = append(problems, fmt.Errorf("exchange: token URL: %w", err))
	}
	if o.ClientID == "" {
		problems = append(problems, errors.New("exchange: the client id is missing"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.InsecureTransport == nil {
		o.InsecureTransport = outbound.Transport(o.InsecureLoopback)
	}
	tokens, err := memo.New[string](remembered, timeout, o.Now)
	if err != nil {
		return nil, fmt.Errorf("exchange: %w", err)
	}
	return &Exchanger{options: o, tokens: tokens, client: &http.Client{
		Transport: o.InsecureTransport,
		// A redirect could take token and secret to somebody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Exchange returns what puts a token on a request to the upstream that the authorization server
// knows as audience: for p, whose verified token is the one given, with all of scopes. Without
// scopes the authorization server decides. The errors are ErrRefused, ErrUnavailable and ctx's.
//
// A closure is returned, and no string, because a closure cannot be logged or encoded.
func (e *Exchanger) Exchange(ctx context.Context, p identity.Principal, token, audience string, scopes ...string) (authorize func(*http.Request), err error) {
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	upstream, err := e.tokens.Get(ctx, key(p, token, audience, scopes), func(ctx context.Context) (string, time.Time, error) {
		return e.fetch(ctx, p, grant{token: token, audience: audience, scopes: scopes})
	})
	switch {
	case err == nil:
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+upstream) }, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	e.options.Logger.WarnContext(ctx, "a token could not be exchanged", slog.String("audience", audience), slog.Any("error", err))
	if errors.Is(err, ErrRefused) {
		return nil, ErrRefused
	}
	return nil, ErrUnavailable
}

// key says whose token is remembered, and for what. The caller's token is part of it, beside its
// principal: another token of the same person may be good for less. It is hashed, so that no
// token is kept but those that are sent.
func key(p identity.Principal, token, audience string, scopes []string) string {
	framed := fmt.Sprintf("%q", []string{p.Tenant, p.Issuer, p.Subject, token, audience, strings.Join(scopes, " ")})
	sum := sha256.Sum256([]byte(framed))
	return string(sum[:])
}

// fetch exchanges, and says until when the token may be used: no longer than the caller's own.
func (e *Exchanger) fetch(ctx context.Context, p identity.Principal, g grant) (string, time.Time, error) {
	asked := e.options.Now()
	if !asked.Round(0).Before(p.ExpiresAt) {
		return "", time.Time{}, fmt.Errorf("%w: the caller's token has expired", ErrRefused)
	}
	a, err := e.ask(ctx, g)
	if err != nil {
		return "", time.Time{}, err
	}
	if err := a.check(g); err != nil {
		return "", time.Time{}, err
	}
	if a.ExpiresIn == nil { // RFC 8693 section 2.2.1 only recommends it
		return a.AccessToken, time.Time{}, nil
	}
	life := min(time.Duration(*a.ExpiresIn)*time.Second-leeway, rememberFor)
	if until := asked.Add(life); until.Before(p.ExpiresAt) {
		return a.AccessToken, until, nil
	}
	return a.AccessToken, p.ExpiresAt, nil
}
