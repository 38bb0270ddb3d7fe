package mcphttp

import (
	"context"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"leasehold.example/libs/session"
)

// running holds what can be cancelled by `notifications/cancelled`: the requests of older
// protocols that this instance is working on. The session is part of the key, so that
// nobody cancels another's request. A notification that meets another instance has no
// effect, which the specification allows.
// https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/cancellation
type running struct {
	mu      sync.Mutex
	cancels map[runningKey]*context.CancelFunc
}

type runningKey struct {
	session session.Hash
	id      string
}

// add registers a request and returns what removes it again. Of two requests with one id
// the later can be cancelled, also after the earlier has ended.
func (r *running) add(s session.Hash, id jsontext.Value, cancel context.CancelFunc) (remove func()) {
	key := runningKey{s, string(id)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cancels == nil {
		r.cancels = map[runningKey]*context.CancelFunc{}
	}
	own := &cancel
	r.cancels[key] = own
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.cancels[key] == own {
			delete(r.cancels, key)
		}
	}
}

func (r *running) cancel(s session.Hash, id jsontext.Value) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cancel, ok := r.cancels[runningKey{s, string(id)}]; ok {
		(*cancel)()
	}
}
