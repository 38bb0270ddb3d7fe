package identity

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// RetryAfter is when it makes sense to come back after Unavailable: the least time between
// two fetches from an issuer that does not answer.
const RetryAfter = fetchEvery

const (
	// fetchTimeout bounds one refresh, discovery included.
	fetchTimeout = 5 * time.Second
	// fetchEvery and fetchBurst bound the refreshes of one issuer, whatever strangers
	// send: a few at once for a rotation, then two a minute.
	fetchEvery = 30 * time.Second
	fetchBurst = 3
)

// keySet is the keys of one issuer. It is refreshed by use and by nothing else, because a
// frozen Lambda runs nothing in the background. Tokens whose key is at hand never wait.
type keySet struct {
	load         func(context.Context) (*snapshot, error)
	base         context.Context // of fetches, which outlive the request that started them
	issuer       string
	refreshAfter time.Duration
	maxAge       time.Duration
	now          func() time.Time
	log          *slog.Logger

	current atomic.Pointer[snapshot] // nil until the first fetch has succeeded

	mu      sync.Mutex
	limiter *rate.Limiter
	last    *flight // under way or done; nil before the first
}

// flight is one fetch that any number of requests may wait for.
type flight struct {
	done chan struct{}
	err  error // valid when done is closed
}

func newKeySet(ctx context.Context, from *source, o VerifierOptions) *keySet {
	return &keySet{
		load:         from.load,
		base:         ctx,
		issuer:       from.issuer,
		refreshAfter: o.RefreshAfter,
		maxAge:       o.MaxKeyAge,
		now:          func() time.Time { return o.Now().Round(0) },
		log:          o.Logger,
		limiter:      rate.NewLimiter(rate.Every(fetchEvery), fetchBurst),
	}
}

// find returns a set that holds kid. It waits for a fetch when there is none; an unknown
// kid of a set that could just be refreshed is refused, and when the issuer cannot be
// asked the answer is Unavailable.
func (s *keySet) find(ctx context.Context, kid string) (*snapshot, error) {
	if set := s.usable(); set != nil && set.keys[kid] != nil {
		return set, nil
	}
	err := s.refresh(ctx)
	set := s.usable()
	switch {
	case set != nil && set.keys[kid] != nil:
		return set, nil
	case err != nil || set == nil:
		return nil, &Error{Problem: Unavailable, Reason: "the issuer's keys cannot be had", Err: err}
	}
	return nil, refuse("the issuer has no such key")
}

// holds reports whether the current set has this very key under kid.
func (s *keySet) holds(kid string, k *key) bool {
	set := s.usable()
	return set != nil && set.keys[kid] == k
}

// usable returns the current set; nil when there is none or it is past its maximum age. An
// aging one is refreshed by the way, for the requests to come.
func (s *keySet) usable() *snapshot {
	set := s.current.Load()
	if set == nil {
		return nil
	}
	// A clock set back must not make keys live longer, hence the absolute value.
	age := s.now().Sub(set.fetched).Abs()
	if age >= s.maxAge {
		return nil
	}
	if age >= s.refreshAfter {
		s.start()
	}
	return set
}

// refresh waits for a fetch and returns its error; when no further fetch is allowed yet,
// that of the last one.
func (s *keySet) refresh(ctx context.Context) error {
	f := s.start()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// start returns the fetch under way, else a new one if the rate allows, else the last.
func (s *keySet) start() *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil {
		select {
		case <-s.last.done:
		default:
			return s.last
		}
	}
	if !s.limiter.AllowN(s.now(), 1) && s.last != nil {
		return s.last
	}
	s.last = &flight{done: make(chan struct{})}
	go s.run(s.last)
	return s.last
}

// run fetches on its own time, so that a client that leaves does not end the fetch that
// others wait for.
func (s *keySet) run(f *flight) {
	defer close(f.done)
	ctx, cancel := context.WithTimeout(s.base, fetchTimeout)
	defer cancel()
	fetched := s.now()
	set, err := s.safeLoad(ctx)
	if err != nil {
		f.err = err
		s.log.WarnContext(ctx, "the keys of an issuer could not be fetched",
			slog.String("issuer", s.issuer), slog.Any("error", err))
		return
	}
	if set.leftOut != nil {
		s.log.DebugContext(ctx, "keys of an issuer are not used",
			slog.String("issuer", s.issuer), slog.Any("error", set.leftOut))
	}
	set.fetched = fetched
	set.keep(s.current.Load())
	s.current.Store(set)
}

// safeLoad keeps a document that some decoder panics on from ending the process.
func (s *keySet) safeLoad(ctx context.Context) (set *snapshot, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("reading the keys panicked: %v", r)
		}
	}()
	return s.load(ctx)
}
