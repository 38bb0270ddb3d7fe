package e2e

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"leasehold.example/tests/isolation"
)

// person has a token of all scopes.
func (s *Stack) person(t *testing.T, tenant, subject string) isolation.Person {
	t.Helper()
	c, err := s.caller(tenant, subject)
	if err != nil {
		t.Fatal(err)
	}
	return isolation.Person{Name: tenant + subject, Caller: c}
}

// testIsolation has people of two tenants, some with the same name.
func testIsolation(t *testing.T, s *Stack) {
	t.Helper()
	isolation.Of(t, s.person(t, "acme", "alice"), s.person(t, "acme", "bob"), s.person(t, "globex", "alice"), s.person(t, "globex", "bob"))
}

// worker keeps a session and a notebook, and uses them in turn until it is told to stop.
type worker struct {
	isolation.Property
	calls chan<- struct{} // one for each turn that was good
	done  int
}

func (w *worker) turn(ctx context.Context) error {
	value := fmt.Sprint(w.done)
	a, err := w.OldTool(ctx, w.Session, "session_set", `{"key":"n","value":"`+value+`"}`)
	if err == nil {
		_, err = a.Result("session_set")
	}
	if err != nil {
		return err
	}
	if a, err = w.OldTool(ctx, w.Session, "session_get", `{"key":"n"}`); err != nil {
		return err
	}
	r, err := a.Result("session_get")
	if err == nil && r.Text("value") != value {
		err = fmt.Errorf("the session holds %q, not %s", r.Text("value"), value)
	}
	if err == nil {
		r, err = w.Tool(ctx, "notebook_append", `{"notebook":"`+w.Notebook+`","text":"`+value+`"}`)
	}
	if w.done++; err == nil && r.StructuredContent["entries"] != float64(w.done+1) { // and the first
		err = fmt.Errorf("the notebook has %v entries, not %d", r.StructuredContent["entries"], w.done+1)
	}
	return err
}

// testUpdate puts another version of the stack in place while it is used: no request fails,
// and sessions and notebooks are kept. cold is how many instances were started so far.
func testUpdate(t *testing.T, s *Stack, next []byte, cold func() int) {
	t.Helper()
	const turns = 20 // before the update, and again after it
	workers := make([]worker, 4)
	good := make(chan struct{}) // closed when all workers have ended, so that nobody waits for them
	var stop atomic.Bool
	var group sync.WaitGroup
	for i := range workers {
		workers[i] = worker{Property: isolation.NewProperty(t, s.person(t, "acme", fmt.Sprint("worker-", i))), calls: good}
	}
	for i := range workers {
		w := &workers[i]
		group.Go(func() {
			for !stop.Load() {
				if err := w.turn(t.Context()); err != nil {
					t.Errorf("a request failed: %v", err)
					return
				}
				w.calls <- struct{}{}
			}
		})
	}
	go func() {
		group.Wait()
		close(good)
	}()
	for range turns {
		<-good
	}
	before := cold()
	updated := make(chan error)
	go func() { updated <- s.Update(next) }()
	for running := true; running; {
		select {
		case err := <-updated:
			if err != nil {
				t.Error(err)
			}
			running = false
		case <-good:
		}
	}
	for range turns {
		<-good
	}
	stop.Store(true)
	for range good { // workers on their last turn
	}
	if cold() == before {
		t.Error("no instance of the new version was started")
	}
}
