// Package e2etest runs deployed stacks for tests. Without DynamoDB Local or the Pulumi CLI the
// test is skipped.
package e2etest

import (
	"bytes"
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/scopes"
	"leasehold.example/libs/session/dynamostore/dynamotest"
	"leasehold.example/tests/e2e"
	"leasehold.example/tests/internal/need"
	"leasehold.example/tests/internal/repo"
)

// The stacks that are run: each by its file, and what differs.
var (
	Dev  = Kind{Stack: "dev"}
	Prod = Kind{Stack: "prod", Settings: []string{`leasehold:domain={"name":"mcp.example.com","hostedZoneId":"Z0123456789ABC"}`}}
	HTTP = Kind{Stack: "dev", Settings: []string{"leasehold:edge=http"}}
)

// Unthrottled is a setting for tests that send more at a time than a small stack allows.
const Unthrottled = `leasehold:throttle={"rate":5000,"burst":5000}`

// Kind is a stack by its file, with settings in place of its own.
type Kind struct {
	Stack    string
	Settings []string
}

// With is the kind with more settings, as "leasehold:key=value".
func (k Kind) With(settings ...string) Kind {
	k.Settings = slices.Concat(k.Settings, settings)
	return k
}

// builder builds for the repository that the test is in.
func builder(t testing.TB) e2e.Builder { return e2e.Builder{Root: repo.Root(t)} }

// Archive is the path of a function's zip, such as "mcp".
func Archive(t testing.TB, name string) string {
	t.Helper()
	return ready(t).Archive(name)
}

// Fixtures builds the server with the conformance suite's fixtures in place of the tools,
// and returns the path of its zip.
func Fixtures(t testing.TB) string {
	t.Helper()
	path, err := builder(t).Fixtures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// built is made once for all tests of this process.
var built struct {
	once    sync.Once
	err     error
	adapter string
	mu      sync.Mutex
	states  map[string][]byte
}

// ready builds what every stack needs, once.
func ready(t testing.TB) e2e.Builder {
	t.Helper()
	need.Pulumi(t)
	b := builder(t)
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
	return b
}

// Updated returns the stack's states before and after a second `up`, which has the zip next
// in place of the app's.
func (k Kind) Updated(t testing.TB, app, next string) (before, after []byte) {
	t.Helper()
	before, after, err := ready(t).Updated(t.Context(), t.TempDir(), app, next, k.Stack, k.Settings...)
	if err != nil {
		t.Fatal(err)
	}
	return before, after
}

// State returns the stack's state, from the real engine.
func (k Kind) State(t testing.TB) []byte {
	t.Helper()
	b := ready(t)
	built.mu.Lock()
	defer built.mu.Unlock()
	key := k.Stack + strings.Join(k.Settings, "\n")
	if built.states[key] == nil {
		state, err := b.State(t.Context(), k.Stack, k.Settings...)
		if err != nil {
			t.Fatal(err)
		}
		built.states[key] = state
	}
	return bytes.Clone(built.states[key])
}

// Options are those of a state, with an issuer until the test ends.
func Options(t testing.TB, state []byte) e2e.Options {
	t.Helper()
	o, _ := WithIssuer(t, state)
	return o
}

// WithIssuer is Options, and the issuer for tokens that are not good.
func WithIssuer(t testing.TB, state []byte) (e2e.Options, *identitytest.Issuer) {
	t.Helper()
	issuer := identitytest.Serve(t)
	return e2e.Options{
		State: state, Issuer: issuer.URL(), DynamoDB: dynamotest.Endpoint(t), WebAdapter: built.adapter,
		Token: func(audience, tenant, subject string, names ...string) (string, error) {
			if len(names) == 0 {
				names = scopes.Names()
			}
			return issuer.Token(identitytest.Claim("aud", audience), identitytest.Tenant(tenant),
				identitytest.Subject(subject), identitytest.Scopes(names...)), nil
		},
	}, issuer
}

// Listen opens a port for a stack whose address has to be known before it runs. Nobody else gets it in between.
func Listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // the stack has closed it, if there was one
	return l
}

// Up runs a state until the test ends. A failed test shows what went wrong in it.
func Up(t testing.TB, o e2e.Options) *e2e.Stack {
	t.Helper()
	s, err := e2e.Up(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what went wrong in the stack:\n%s", s.Trouble())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
