package app_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
)

// `make dashboards` draws what this load leaves in the log.
var (
	summariesDir = flag.String("summaries", "", "write the log of TestLoad into this `directory`, which exists")
	loadRounds   = flag.Int("rounds", 2, "how long the load of TestLoad is")
)

// TestLoad: a load of both eras, of several tenants, and of failures of each kind makes the
// server emit every metric that it is said to.
func TestLoad(t *testing.T) {
	t.Parallel()
	issuers, store := twoIssuers(t), &moody{Store: memstore.New()}
	environ := map[string]string{config.EnvSessionCap: "5"}
	log := &apptest.Log{}
	chance := rand.New(rand.NewPCG(1, 2)) // the same load each time
	var s *apptest.Server
	var people []*person
	for round := range *loadRounds {
		if round%50 == 0 { // another instance of the function, and other people
			s, people = apptest.New(t, apptest.Options{Issuers: issuers, Store: store, LogTo: log, Environ: environ}), nil
			for i, tenant := range []string{"tenant-a", "tenant-a", "tenant-a", "tenant-b", "tenant-b", "tenant-c"} {
				p := newPerson(s, issuers[i%2], tenant, fmt.Sprintf("subject-%d-%d", round, i))
				p.settle(t)
				people = append(people, p)
			}
		}
		for i, p := range people {
			p.work(t)
			if round < 2 || chance.IntN(4) == 0 {
				p.fail(t, store, people[(i+1)%len(people)], (round*len(people)+i)%failures)
			}
		}
	}
	for _, p := range people {
		p.leave(t)
	}
	seen := map[string]bool{}
	for _, line := range summaries(t, log.String()) {
		for name := range line {
			seen[name] = true
		}
	}
	for _, m := range metric.All() {
		if m.Emits(metric.ServiceMCP) && !seen[m.Name] {
			t.Errorf("nothing makes the server emit %s", m.Name)
		}
	}
	if *summariesDir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*summariesDir, metric.ServiceMCP+".jsonl"), []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// work is what people come for.
func (p *person) work(t *testing.T) {
	t.Helper()
	p.CallModern(t, "tools/list", "", "")
	p.ToolModern(t, "math", `{"a":2,"b":3}`)
	p.ToolModern(t, "notebook_read", `{"notebook":"`+p.book+`"}`)
	p.wantGood(t, p.Tool(t, p.session, "session_get", `{"key":"key"}`))
	p.wantGood(t, p.Tool(t, p.session, "session_set", `{"key":"key","value":"`+p.secret+`"}`))
}

// failures is how many kinds fail has.
const failures = 11

// fail does something that fails; other is somebody else.
func (p *person) fail(t *testing.T, store *moody, other *person, kind int) {
	t.Helper()
	set := func(mood error) {
		store.mood = mood
		p.Tool(t, p.session, "session_set", `{"key":"key","value":"`+p.secret+`"}`)
	}
	switch kind {
	case 0:
		p.As(p.token(identitytest.Claim("aud", "https://other.example"))).ToolModern(t, "math", `{}`)
	case 1:
		p.As(p.token(identitytest.Scopes("mcp:basic"))).ToolModern(t, "notebook_open", `{"title":"x"}`)
	case 2:
		p.Tool(t, other.session, "session_get", `{"key":"key"}`) // foreign
	case 3:
		p.ToolModern(t, "notebook_read", `{"notebook":"nobodys"}`)
	case 4:
		p.Do(t, http.MethodPost, "{", nil)
	case 5:
		p.Initialize(t, "", "one too many")
	case 6:
		set(errThrottled)
	case 7:
		set(session.ErrConflict)
	case 8:
		set(session.ErrUnavailable)
	case 9:
		set(errDefect)
	case 10:
		store.blind = true
		p.Tool(t, other.session, "session_get", `{"key":"key"}`) // foreign, and nobody can tell
		store.blind = false
	}
}

// moody is a store whose next write of data may fail, and which may not know whose a session is.
// The caller is the only one.
type moody struct {
	*memstore.Store
	mood  error
	blind bool
}

func (m *moody) Locate(ctx context.Context, kind session.Kind, h session.Hash) (tenant, ownerHash string, found bool, err error) {
	if m.blind {
		return "", "", false, session.ErrUnavailable
	}
	return m.Store.Locate(ctx, kind, h)
}

var (
	// errThrottled is a write that DynamoDB throttles once and takes when the SDK tries again.
	errThrottled = errors.New("throttled")
	// errDefect is a mistake of ours.
	errDefect = errors.New("a defect")
)

func (m *moody) Change(ctx context.Context, k session.Key, c session.Change) error {
	mood := m.mood
	m.mood = nil
	switch {
	case errors.Is(mood, errThrottled):
		observe.StoreThrottled(ctx)
	case errors.Is(mood, errDefect):
		panic(mood)
	case mood != nil:
		return fmt.Errorf("write: %w", mood)
	}
	return m.Store.Change(ctx, k, c)
}
