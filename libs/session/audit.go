package session

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"leasehold.example/libs/identity"
)

// Problem names an Event, and the metric that counts it.
type Problem string

const (
	// SessionBindingViolation is an id presented by somebody whose it is not: a leak, a
	// guess, or a client that mixes up its users. It deserves an alarm.
	SessionBindingViolation Problem = "SessionBindingViolation"
	// TenantChanged is a principal that comes back under another tenant with an id from
	// the one before. Expected when people move; no alarm.
	TenantChanged Problem = "TenantChanged"
	// SessionUnknown is an id that nobody has, or the principal's own when it is over. It is
	// told like the others, so that whoever is told spends on it what the others cost.
	SessionUnknown Problem = "SessionUnknown"
	// ClientChanged is the right principal by another OAuth client than the one that
	// created the session. Refused tells what became of it.
	ClientChanged Problem = "ClientChanged"
	// ClassifierFailed is a miss that the Locator could not look into; Err says why.
	ClassifierFailed Problem = "ClassifierFailed"
	// Unclassified is a miss of a principal that has had too many of late.
	Unclassified Problem = "Unclassified"
	// TouchFailed is a session whose last use could not be written; Err says why.
	TouchFailed Problem = "TouchFailed"
)

// Event is what Options.Audit is told. It holds no id, no hash of one, and nothing of
// the session that was asked for but its kind and tenant.
type Event struct {
	Problem Problem
	// Kind is the kind of session that was asked for.
	Kind Kind
	// Principal is who asked. Its subject is personal data: log a keyed hash of it.
	Principal identity.Principal
	// Tenant is whose the session is; for SessionBindingViolation and TenantChanged only.
	Tenant string
	// Refused tells whether the answer was ErrNotFound.
	Refused bool
	// Err is the store's error; for ClassifierFailed and TouchFailed only.
	Err error
}

func (r *Registry) audit(ctx context.Context, e Event) { r.options.Audit(ctx, e) }

const (
	// classifyTimeout bounds the look-up behind a miss, which goes on when the client
	// leaves: or leaving at once would be the way not to be seen.
	classifyTimeout = 2 * time.Second
	// A principal has classifyBurst misses looked into at once and one more every
	// classifyEvery; somebody who guesses ids must not buy reads of ours with it.
	classifyBurst = 20
	classifyEvery = 3 * time.Second
	// classifyOwners is how many principals' budgets are remembered.
	classifyOwners = 4096
)

// miss classifies a miss of p and returns ErrNotFound; own is the problem when the session
// is nobody else's. It makes the same calls for unknown, foreign, expired and revoked,
// before the answer is sent: a Lambda freezes after it.
func (r *Registry) miss(ctx context.Context, p identity.Principal, k Key, own Problem) error {
	event := Event{Kind: k.Kind, Principal: p, Refused: true}
	if !r.budget.allow(k.Owner, r.options.Now()) {
		event.Problem = Unclassified
		r.audit(ctx, event)
		return ErrNotFound
	}
	locate, cancel := context.WithTimeout(context.WithoutCancel(ctx), classifyTimeout)
	defer cancel()
	tenant, ownerHash, found, err := r.locator.Locate(locate, k.Kind, k.Hash)
	same := ownerHash == k.Owner.Hash()
	switch {
	case err != nil:
		event.Problem, event.Err = ClassifierFailed, err
	case !found, same && tenant == p.Tenant:
		event.Problem = own
	case same:
		event.Problem, event.Tenant = TenantChanged, tenant
	default:
		event.Problem, event.Tenant = SessionBindingViolation, tenant
	}
	r.audit(ctx, event)
	return ErrNotFound
}

// budget is a token bucket per owner, in bounded memory.
type budget struct {
	mu     sync.Mutex
	owners *simplelru.LRU[identity.Owner, *rate.Limiter]
}

func newBudget() *budget {
	owners, err := simplelru.NewLRU[identity.Owner, *rate.Limiter](classifyOwners, nil)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &budget{owners: owners}
}

func (b *budget) allow(o identity.Owner, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	limiter, ok := b.owners.Get(o)
	if !ok {
		limiter = rate.NewLimiter(rate.Every(classifyEvery), classifyBurst)
		b.owners.Add(o, limiter)
	}
	return limiter.AllowN(now, 1)
}
