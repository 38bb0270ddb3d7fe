package e2e

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"

	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/scopes"
	"leasehold.example/libs/session/dynamostore/dynamotest"
	"leasehold.example/tests/internal/need"
	"leasehold.example/tests/internal/repo"
)

// The stacks that are run: each by its file, and what differs.
var (
	dev    = stack{"dev", nil}
	prod   = stack{"prod", []string{`leasehold:domain={"name":"mcp.example.com","hostedZoneId":"Z0123456789ABC"}`}}
	byHTTP = stack{"dev", []string{"leasehold:edge=http"}}
)

type stack struct {
	name     string
	settings []string
}

// built is made once for all tests of this process.
var built struct {
	once    sync.Once
	err     error
	adapter string
	mu      sync.Mutex
	states  map[string][]byte
}

// state returns a stack's state, from the real engine.
func (s stack) state(t testing.TB) []byte {
	t.Helper()
	need.Pulumi(t)
	b := Builder{Root: repo.Root(t)}
	built.once.Do(func() {
		ctx := context.Background() // not of the test that happens to be the first
		if built.err = b.Engine(ctx); built.err == nil {
			built.err = b.Archives(ctx)
		}
		if built.err == nil {
			built.adapter, built.err = b.WebAdapter(ctx)
		}
		built.states = map[string][]byte{}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	built.mu.Lock()
	defer built.mu.Unlock()
	key := s.name + strings.Join(s.settings, "\n")
	if built.states[key] == nil {
		state, err := b.State(t.Context(), s.name, s.settings...)
		if err != nil {
			t.Fatal(err)
		}
		built.states[key] = state
	}
	return bytes.Clone(built.states[key])
}

// options are those of a state, with an issuer until the test ends.
func options(t testing.TB, state []byte) Options {
	t.Helper()
	issuer := identitytest.Serve(t)
	return Options{
		State: state, Issuer: issuer.URL(), DynamoDB: dynamotest.Endpoint(t), WebAdapter: built.adapter,
		Token: func(audience, tenant, subject string, names ...string) (string, error) {
			if len(names) == 0 {
				names = scopes.Names()
			}
			return issuer.Token(identitytest.Claim("aud", audience), identitytest.Tenant(tenant),
				identitytest.Subject(subject), identitytest.Scopes(names...)), nil
		},
	}
}

// up runs a state until the test ends. A failed test shows the journal.
func up(t testing.TB, state []byte) *Stack {
	t.Helper()
	s, err := Up(t.Context(), options(t, state))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the journal:\n%s", strings.Join(s.journal.since(0), "\n"))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestCheck: each kind of stack runs as it is deployed.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]stack{"dev": dev, "prod with a domain": prod, "edge http": byHTTP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := up(t, kind.state(t))
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}
