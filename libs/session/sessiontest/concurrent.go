package sessiontest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// RunConcurrent checks what a store and a Registry over it promise when several use them
// at once. Use it with -race too.
func RunConcurrent(t *testing.T, open func(t *testing.T) session.Store) {
	for name, test := range map[string]func(*testing.T, Backend){
		"one create wins":                      testOneCreate,
		"one change of a version wins":         testOneChange,
		"counters: no update is lost":          testCounters,
		"touches and updates do not interfere": testTouches,
		"a delete is final (rule 26)":          testDeleteIsFinal,
		"the cap holds (rule 27)":              testCap,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, backend(t, open))
		})
	}
}

// together runs fn n times at once and returns when all are done.
func together(n int, fn func(i int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	group.Wait()
}

func testOneCreate(t *testing.T, s Backend) {
	r := Record(Owner(), session.KindNonce)
	var won atomic.Int64
	together(8, func(int) {
		switch err := s.Create(t.Context(), r, nil); {
		case err == nil:
			won.Add(1)
		case !errors.Is(err, session.ErrExists):
			t.Error(err)
		}
	})
	if won.Load() != 1 {
		t.Fatalf("%d creates of one key succeeded", won.Load())
	}
}

func testOneChange(t *testing.T, s Backend) {
	r := create(t, s, Record(Owner(), session.KindMCP))
	for version := int64(1); version <= 5; version++ {
		var won atomic.Int64
		var winner atomic.Int64
		together(8, func(i int) {
			data := fmt.Appendf(nil, `{"by":%d}`, i)
			switch err := s.Change(t.Context(), r.Key, session.Change{Now: Epoch, Data: data, IfVersion: version}); {
			case err == nil:
				won.Add(1)
				winner.Store(int64(i))
			case !errors.Is(err, session.ErrConflict):
				t.Error(err)
			}
		})
		if won.Load() == 0 {
			// Allowed: each met another that was under way. Then nothing has changed.
			version--
			continue
		}
		if won.Load() > 1 {
			t.Fatalf("%d changes of version %d succeeded", won.Load(), version)
		}
		wantData(t, s, r.Key, fmt.Sprintf(`{"by":%d}`, winner.Load()), version+1)
	}
}

// Principal returns a caller who is Owner o, with a client id.
func Principal(o identity.Owner) identity.Principal {
	return identity.Principal{Tenant: o.Tenant, Issuer: o.Issuer, Subject: o.Subject, ClientID: "client-1"}
}

func registry(t testing.TB, s Backend, o session.Options) *session.Registry {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return Epoch }
	}
	r, err := session.NewRegistry(s, o)
	Must(t, err)
	return r
}

// add returns an update that adds one to the member name, and leaves the others.
func add(name string) func([]byte) ([]byte, error) {
	return func(data []byte) ([]byte, error) {
		counters := map[string]int64{}
		if err := json.Unmarshal(data, &counters); err != nil {
			return nil, err
		}
		counters[name]++
		return json.Marshal(counters)
	}
}

// testCounters lets writers add to one shared counter and to one of their own each. What
// succeeded is there, once, and every version belongs to one success.
func testCounters(t *testing.T, s Backend) {
	r := registry(t, s, session.Options{})
	_, rec, err := r.Create(t.Context(), Principal(Owner()), session.New{Kind: session.KindSession})
	Must(t, err)
	const writers, updates = 4, 10
	var succeeded [writers]int64
	var versions sync.Map
	together(writers, func(i int) {
		own := fmt.Sprintf("writer-%d", i)
		for range updates {
			version, err := r.Update(t.Context(), rec, func(data []byte) ([]byte, error) {
				data, err := add("all")(data)
				if err != nil {
					return nil, err
				}
				return add(own)(data)
			})
			if errors.Is(err, session.ErrConflict) {
				continue
			}
			if err != nil {
				t.Error(err)
				return
			}
			succeeded[i]++
			if _, twice := versions.LoadOrStore(version, i); twice {
				t.Errorf("version %d was given twice", version)
			}
		}
	})
	data, version, err := r.Data(t.Context(), rec)
	Must(t, err)
	counters := map[string]int64{}
	Must(t, json.Unmarshal(data, &counters))
	var sum int64
	for i, n := range succeeded {
		sum += n
		if got := counters[fmt.Sprintf("writer-%d", i)]; got != n {
			t.Errorf("writer %d: %d updates succeeded, %d are there", i, n, got)
		}
	}
	if counters["all"] != sum || version != sum+1 || sum < updates {
		t.Errorf("%d updates succeeded, %d are there, version %d", sum, counters["all"], version)
	}
}

func testTouches(t *testing.T, s Backend) {
	r := create(t, s, Record(Owner(), session.KindMCP))
	var updates atomic.Int64
	together(6, func(i int) {
		for n := range 10 {
			seen := Epoch.Add(time.Duration(n) * time.Second)
			if i < 4 {
				err := s.Change(t.Context(), r.Key, session.Change{Now: Epoch, Seen: &seen})
				// A store that gives up on a busy item must say so, and lose nothing.
				if err != nil && !errors.Is(err, session.ErrUnavailable) {
					t.Error(err)
				}
				continue
			}
			_, version, err := s.LoadData(t.Context(), r.Key)
			if err != nil {
				t.Error(err)
				return
			}
			err = s.Change(t.Context(), r.Key, session.Change{Now: Epoch, Data: []byte("{}"), IfVersion: version})
			switch {
			case err == nil:
				updates.Add(1)
			case !errors.Is(err, session.ErrConflict):
				t.Error(err)
			}
		}
	})
	got, err := s.Load(t.Context(), r.Key)
	Must(t, err)
	if got.Version != updates.Load()+1 {
		t.Fatalf("version %d after %d updates", got.Version, updates.Load())
	}
}

func testDeleteIsFinal(t *testing.T, s Backend) {
	r := create(t, s, Record(Owner(), session.KindMCP))
	var deleted atomic.Bool
	together(5, func(i int) {
		if i == 0 {
			if err := s.Delete(t.Context(), r.Key); err != nil {
				t.Error(err)
			}
			deleted.Store(true)
			return
		}
		for range 10 {
			after := deleted.Load()
			seen := Epoch.Add(time.Second)
			err := s.Change(t.Context(), r.Key, session.Change{Now: Epoch, Seen: &seen})
			if i%2 == 0 {
				_, version, _ := s.LoadData(t.Context(), r.Key)
				err = s.Change(t.Context(), r.Key, session.Change{Now: Epoch, Data: []byte("{}"), IfVersion: version})
			}
			if after && !errors.Is(err, session.ErrNotFound) {
				t.Errorf("a change after the delete: %v", err)
			}
		}
	})
	_, err := s.Load(t.Context(), r.Key)
	WantErr(t, err, session.ErrNotFound)
	_, _, err = s.LoadData(t.Context(), r.Key)
	WantErr(t, err, session.ErrNotFound)
}

func testCap(t *testing.T, s Backend) {
	const limit = 3
	r := registry(t, s, session.Options{MaxPerOwner: limit})
	p := Principal(Owner())
	var made atomic.Int64
	together(10, func(int) {
		switch _, _, err := r.Create(t.Context(), p, session.New{Kind: session.KindNotebook}); {
		case err == nil:
			made.Add(1)
		case !errors.Is(err, session.ErrLimit):
			t.Error(err)
		}
	})
	live, err := r.List(t.Context(), p.Owner())
	Must(t, err)
	if made.Load() > limit || int64(len(live)) != made.Load() {
		t.Fatalf("%d creates succeeded, %d sessions live, the cap is %d", made.Load(), len(live), limit)
	}
}
