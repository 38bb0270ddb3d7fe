package identity

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	defaultLeeway       = 10 * time.Second
	maxLeeway           = 30 * time.Second
	defaultCacheSize    = 4096
	defaultRefreshAfter = 15 * time.Minute
	defaultMaxKeyAge    = 12 * time.Hour

	// cacheFor bounds how long a verified token is believed without a look at its
	// signature (RULES 16).
	cacheFor = 5 * time.Minute
)

// VerifierOptions tune a Verifier. The zero value is usable except for DefaultAudience,
// which every issuer needs that names no audiences of its own.
type VerifierOptions struct {
	// DefaultAudience is the `aud` of issuers without Audiences: the server's public URL.
	DefaultAudience string
	// Leeway is the clock difference forgiven on exp, nbf and iat. 0 means 10 s; at
	// most 30 s.
	Leeway time.Duration
	// CacheSize bounds the verified tokens that are remembered. 0 means 4096.
	CacheSize int
	// RefreshAfter is the age at which an issuer's keys are fetched again by the next
	// use, which does not wait for it. 0 means 15 minutes.
	RefreshAfter time.Duration
	// MaxKeyAge is the age by wall clock at which keys are no longer used, so how long
	// an issuer may be down and a withdrawn key live on. 0 means 12 hours.
	MaxKeyAge time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger gets what goes wrong with key sets; nil means slog.Default().
	Logger *slog.Logger
	// InsecureTransport replaces the transport that keeps off private addresses. For
	// tests; nil means the guarded one.
	InsecureTransport http.RoundTripper
}

// Verifier turns bearer tokens into principals. It is safe for concurrent use.
type Verifier struct {
	trusts     map[string]*trust
	advertised []string
	parser     *jwt.Parser
	cache      *lru.Cache[[sha256.Size]byte, verified]
	now        func() time.Time
}

// verified is what the cache holds of a good token.
type verified struct {
	principal Principal
	trust     *trust
	kid       string
	key       *key
	until     time.Time
}

// NewVerifier checks the whole configuration and reports all that is wrong with it. It
// does not touch the network: keys are fetched when the first token needs them. When ctx
// ends, fetches under way end too.
func NewVerifier(ctx context.Context, issuers []Issuer, o VerifierOptions) (*Verifier, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	cache, err := lru.New[[sha256.Size]byte, verified](o.CacheSize)
	if err != nil {
		return nil, fmt.Errorf("identity: cache: %w", err)
	}
	// Wall clock only: a frozen Lambda's monotonic clock may have stood still.
	now := func() time.Time { return o.Now().Round(0) }
	v := &Verifier{
		trusts: make(map[string]*trust, len(issuers)),
		parser: jwt.NewParser(
			jwt.WithStrictDecoding(),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(o.Leeway),
			jwt.WithTimeFunc(now),
		),
		cache: cache,
		now:   now,
	}
	if err := v.trust(ctx, issuers, o); err != nil {
		return nil, err
	}
	return v, nil
}

// complete fills in the defaults.
func (o *VerifierOptions) complete() error {
	if o.Leeway < 0 || o.Leeway > maxLeeway {
		return fmt.Errorf("identity: leeway of %v is not within 0 to %v", o.Leeway, maxLeeway)
	}
	if o.CacheSize < 0 || o.RefreshAfter < 0 || o.MaxKeyAge < 0 {
		return errors.New("identity: cache size, refresh age and maximum key age must not be negative")
	}
	setDefault(&o.Leeway, defaultLeeway)
	setDefault(&o.CacheSize, defaultCacheSize)
	setDefault(&o.RefreshAfter, defaultRefreshAfter)
	setDefault(&o.MaxKeyAge, defaultMaxKeyAge)
	if o.RefreshAfter > o.MaxKeyAge {
		return errors.New("identity: keys must be refreshed before their maximum age")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// trust fills in the issuers.
func (v *Verifier) trust(ctx context.Context, issuers []Issuer, o VerifierOptions) error {
	if len(issuers) == 0 {
		return errors.New("identity: no issuer is configured")
	}
	var problems []error
	for n, i := range issuers {
		if _, taken := v.trusts[i.Issuer]; taken {
			problems = append(problems, fmt.Errorf("identity: issuer %d: %q is configured twice", n+1, i.Issuer))
			continue
		}
		t, err := newTrust(ctx, i, len(issuers) > 1, o)
		if err != nil {
			problems = append(problems, fmt.Errorf("identity: issuer %d: %w", n+1, err))
			continue
		}
		v.trusts[i.Issuer] = t
		if i.Advertised {
			v.advertised = append(v.advertised, cmp.Or(i.AdvertisedAs, i.Issuer))
		}
	}
	return errors.Join(problems...)
}

// Verify returns the principal of a token. Every error is an *Error. It waits for the
// network only when the token needs a key that is not at hand, and then no longer than ctx.
func (v *Verifier) Verify(ctx context.Context, token string) (Principal, error) {
	if len(token) > maxToken {
		return Principal{}, refuse("the token is too long")
	}
	sum := sha256.Sum256([]byte(token))
	if p, ok := v.remembered(sum); ok {
		return p, nil
	}
	good, err := v.verify(ctx, token)
	if err != nil {
		return Principal{}, err
	}
	if v.now().Before(good.until) {
		v.cache.Add(sum, good)
	}
	return good.principal.clone(), nil
}

// remembered looks a token up that was good before. It is good still while its entry has
// not expired and the issuer's current set holds the very key that signed it.
func (v *Verifier) remembered(sum [sha256.Size]byte) (Principal, bool) {
	good, ok := v.cache.Get(sum)
	if !ok {
		return Principal{}, false
	}
	if !v.now().Before(good.until) || !good.trust.keys.holds(good.kid, good.key) {
		v.cache.Remove(sum)
		return Principal{}, false
	}
	return good.principal.clone(), true
}

// clone keeps callers from changing the scopes that the cache holds.
func (p Principal) clone() Principal {
	p.Scopes = slices.Clone(p.Scopes)
	return p
}

// verify does the whole work for a token: form, issuer, key, signature, times, claims.
func (v *Verifier) verify(ctx context.Context, token string) (verified, error) {
	kid, err := checkForm(token)
	if err != nil {
		return verified{}, err
	}
	var (
		body claims
		good = verified{kid: kid}
	)
	_, err = v.parser.ParseWithClaims(token, &body, func(t *jwt.Token) (any, error) {
		good.trust, err = v.issuerOf(body)
		if err != nil {
			return nil, err
		}
		var public any
		public, good.key, err = good.trust.signer(ctx, t, kid)
		return public, err
	})
	if err != nil {
		return verified{}, explain(err)
	}
	good.principal, err = good.trust.principal(body)
	if err != nil {
		return verified{}, err
	}
	good.until = v.now().Add(cacheFor)
	if exp := good.principal.ExpiresAt; exp.Before(good.until) {
		good.until = exp
	}
	return good, nil
}

// issuerOf chooses the issuer by the exact, as yet unverified `iss`, so that only that
// issuer's keys are asked (RULES 13).
func (v *Verifier) issuerOf(body claims) (*trust, error) {
	iss, err := body.GetIssuer()
	if err != nil {
		return nil, err
	}
	t, ok := v.trusts[iss]
	if !ok {
		return nil, refuse("the issuer is not one of ours")
	}
	return t, nil
}

// Grantable reports whether tokens of issuer can ever carry scope. An issuer that is not
// configured grants nothing.
func (v *Verifier) Grantable(issuer, scope string) bool {
	t, ok := v.trusts[issuer]
	return ok && t.grants(scope)
}

// Advertised are the issuers that the protected resource metadata may name, as they are to
// be named there, in the order of the configuration; empty when none may be named.
func (v *Verifier) Advertised() []string { return slices.Clone(v.advertised) }
