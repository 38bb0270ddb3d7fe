package authserver

import (
	"crypto/rand"
	"sync"
	"time"
)

// shelf keeps values under random keys for a while, in memory. Only hashes of the keys
// are kept. When it is full the oldest value makes room.
type shelf[T any] struct {
	max int
	ttl time.Duration
	now func() time.Time

	mu    sync.Mutex
	items map[string]item[T] // by hash of the key
	order []string           // the keys of items and of some that are gone, oldest first
}

type item[T any] struct {
	value T
	until time.Time
}

func newShelf[T any](limit int, ttl time.Duration, now func() time.Time) *shelf[T] {
	return &shelf[T]{max: limit, ttl: ttl, now: now, items: map[string]item[T]{}}
}

// put returns the key of v.
func (s *shelf[T]) put(v T) (key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.order) > 0 && (len(s.items) >= s.max || s.stale(s.order[0])) {
		delete(s.items, s.order[0])
		s.order = s.order[1:]
	}
	key = rand.Text()
	hash := hashOf(key)
	s.items[hash] = item[T]{v, s.now().Add(s.ttl)}
	s.order = append(s.order, hash)
	return key
}

func (s *shelf[T]) stale(hash string) bool {
	i, ok := s.items[hash]
	return !ok || !s.now().Before(i.until)
}

// get returns the value of key; not ok when there is none any more.
func (s *shelf[T]) get(key string) (v T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash := hashOf(key)
	if s.stale(hash) {
		return v, false
	}
	return s.items[hash].value, true
}

// take is get, and only the first of several that take a key gets the value.
func (s *shelf[T]) take(key string) (v T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash := hashOf(key)
	if s.stale(hash) {
		return v, false
	}
	v = s.items[hash].value
	delete(s.items, hash)
	return v, true
}
