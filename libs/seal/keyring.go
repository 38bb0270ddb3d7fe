package seal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"
)

// DefaultMaxAge is how old keys may be, by wall clock, before they are fetched again.
const DefaultMaxAge = 5 * time.Minute

const (
	// Fetches are bounded whatever is presented: a few at once, so that a rotation just
	// after the start is seen, and one in a while after that.
	fetchBurst    = 3
	fetchInterval = 5 * time.Second
	// fetchTimeout bounds a fetch, which outlives the request that began it.
	fetchTimeout = 3 * time.Second
)

// Source is where root keys come from.
type Source interface {
	// Fetch returns the keys in use now. An error says nothing about any key.
	Fetch(ctx context.Context) (Keys, error)
}

// KeyringOptions configure a Keyring. The zero value is ready to use.
type KeyringOptions struct {
	// MaxAge is DefaultMaxAge when zero.
	MaxAge time.Duration
	// Now is time.Now when nil.
	Now func() time.Time
	// Logger gets failed fetches that known keys hide from callers; slog.Default() when nil.
	Logger *slog.Logger
}

// Keyring caches the keys of a Source. The first use fetches them, and later ones do
// when they are older than MaxAge or when a value names a key that is not among them;
// fetches are shared by concurrent callers and bounded in rate. Keys that are known
// stay in use while the source fails. It is safe for concurrent use.
type Keyring struct {
	source Source
	maxAge time.Duration
	now    func() time.Time
	logger *slog.Logger
	limit  *rate.Limiter
	flight singleflight.Group

	mu    sync.Mutex
	state ringState
}

// ringState is what the last fetches left behind.
type ringState struct {
	keys    Keys
	known   bool      // keys holds something
	fetched time.Time // when keys were fetched
	fresh   bool      // the last fetch succeeded
	count   uint64    // fetches so far, failed ones included
}

// NewKeyring returns a Keyring over source. It fetches nothing yet.
func NewKeyring(source Source, o KeyringOptions) *Keyring {
	if o.MaxAge == 0 {
		o.MaxAge = DefaultMaxAge
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Keyring{
		source: source, maxAge: o.MaxAge, now: o.Now, logger: o.Logger,
		limit: rate.NewLimiter(rate.Every(fetchInterval), fetchBurst),
	}
}

// Derive returns a key of 32 bytes for purpose that belongs to no tenant, and the id of
// the root key it comes from. It never waits for a key that is only out of date: it
// fetches when none is known at all, and fails with ErrUnavailable when that fails.
func (r *Keyring) Derive(ctx context.Context, purpose string) (kid string, key []byte, err error) {
	st := r.snapshot()
	if !st.known {
		if st, err = r.fetch(ctx, st); err != nil {
			return "", nil, err
		}
	}
	key, err = st.keys.Current.derive(purpose, "")
	return st.keys.Current.id, key, err
}

// current returns the key to seal with.
func (r *Keyring) current(ctx context.Context) (Key, error) {
	st, err := r.load(ctx)
	return st.keys.Current, err
}

// lookup returns the key with the given id. An unknown one is ErrInvalid when the source
// has answered that it does not exist, and ErrUnavailable when it could not be asked.
func (r *Keyring) lookup(ctx context.Context, kid string) (Key, error) {
	before := r.snapshot().count
	st, err := r.load(ctx)
	if err != nil {
		return Key{}, err
	}
	if key, ok := st.keys.find(kid); ok {
		return key, nil
	}
	if st.count == before { // else the keys are as new as they get
		if st, err = r.fetch(ctx, st); err != nil {
			return Key{}, err
		}
	}
	if key, ok := st.keys.find(kid); ok {
		return key, nil
	}
	if !st.fresh {
		return Key{}, fmt.Errorf("%w: the last fetch failed, and the key is not among those known", ErrUnavailable)
	}
	return Key{}, invalid("unknown key")
}

// load returns keys no older than MaxAge, or older ones when no newer can be had.
func (r *Keyring) load(ctx context.Context) (ringState, error) {
	st := r.snapshot()
	// A clock that went back makes keys look young for long, so it counts as age.
	age := r.now().Sub(st.fetched)
	if st.known && age >= 0 && age < r.maxAge {
		return st, nil
	}
	return r.fetch(ctx, st)
}

func (r *Keyring) snapshot() ringState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// fetch asks the source, unless somebody has since the caller saw seen, or the rate
// forbids it. It fails only when there is no key at all or ctx ends.
func (r *Keyring) fetch(ctx context.Context, seen ringState) (ringState, error) {
	// The fetch belongs to all who wait for it, so it does not end with the first of them.
	shared := context.WithoutCancel(ctx)
	done := r.flight.DoChan("", func() (any, error) {
		return nil, r.ask(shared, seen.count)
	})
	select {
	case <-ctx.Done():
		return ringState{}, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	case result := <-done:
		st := r.snapshot()
		if !st.known {
			return ringState{}, fmt.Errorf("%w: %w", ErrUnavailable, result.Err)
		}
		return st, nil
	}
}

var errThrottled = errors.New("the keys were asked for a moment ago")

func (r *Keyring) ask(ctx context.Context, seen uint64) error {
	if r.snapshot().count != seen {
		return nil
	}
	if !r.limit.AllowN(r.now(), 1) {
		return errThrottled
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	keys, err := r.source.Fetch(ctx)
	if err == nil {
		err = keys.check()
	}
	if err != nil {
		r.logger.ErrorContext(ctx, "SealKeysUnavailable", "error", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.count++
	if r.state.fresh = err == nil; r.state.fresh {
		// Without its monotonic part: that clock may stand still while a Lambda is frozen.
		r.state.keys, r.state.known, r.state.fetched = keys, true, r.now().Round(0)
	}
	return err
}
