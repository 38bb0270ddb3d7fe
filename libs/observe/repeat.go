package observe

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

const (
	// repeatEvery is how often an instance writes the same of the same caller.
	repeatEvery = time.Minute
	// repeatCallers is how many callers are remembered.
	repeatCallers = 4096
)

// repeatable reports whether e comes again with every request that its caller sends, without
// anything new to say: the use of another client's session, where that is allowed, and a miss
// that is beyond the budget of those that are looked into.
func repeatable(e session.Event) bool {
	return e.Problem == session.ClientChanged && !e.Refused || e.Problem == session.Unclassified
}

// repeats bounds how often the same is written, in bounded memory.
type repeats struct {
	mu   sync.Mutex
	seen *simplelru.LRU[repeatKey, repeated]
}

type repeatKey struct {
	problem session.Problem
	kind    session.Kind
	owner   identity.Owner
	client  string
}

type repeated struct {
	written time.Time
	more    int // events since that were not written
}

func newRepeats() *repeats {
	seen, err := simplelru.NewLRU[repeatKey, repeated](repeatCallers, nil)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &repeats{seen: seen}
}

// allow reports whether e is to be written at now, and how many before it were not.
func (r *repeats) allow(e session.Event, now time.Time) (more int, ok bool) {
	key := repeatKey{e.Problem, e.Kind, e.Principal.Owner(), e.Principal.ClientID}
	r.mu.Lock()
	defer r.mu.Unlock()
	last, known := r.seen.Get(key)
	// Wall clock: a frozen Lambda's monotonic clock may have stood still. One that went back
	// counts as a minute.
	if age := now.Round(0).Sub(last.written); known && 0 <= age && age < repeatEvery {
		last.more++
		r.seen.Add(key, last)
		return 0, false
	}
	r.seen.Add(key, repeated{written: now.Round(0)})
	return last.more, true
}
