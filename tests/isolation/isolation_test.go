package isolation_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"leasehold.example/tests/internal/target"
	"leasehold.example/tests/isolation"
	"leasehold.example/tests/wire"
)

// TestIsolation is rules 9 and 28 on the shipped server, or on the one of `make verify`.
func TestIsolation(t *testing.T) {
	t.Parallel()
	s := target.Get(t)
	isolation.Of(t, person(s.URL, "a", s.TokenA), person(s.URL, "b", s.TokenB))
}

func person(url, name, token string) isolation.Person {
	return isolation.Person{Name: name, Caller: wire.Caller{URL: url, Token: token, HTTP: &http.Client{Transport: wire.Patient{}}}}
}

// A server for which two tenants are one is found out.
func TestIsolationIsMissed(t *testing.T) {
	t.Parallel()
	s := target.Get(t)
	found := &complaints{TB: t}
	isolation.Of(found, person(s.URL, "a", s.TokenA), person(s.URL, "b", s.TokenA))
	for _, want := range []string{", DELETE of ", ", notebook_read of ", ", session_set of ", "the session holds stolen"} {
		if !strings.Contains(found.String(), want) {
			t.Errorf("%q is not in:\n%s", want, found)
		}
	}
}

// complaints keeps what a test finds fault with.
type complaints struct {
	testing.TB
	strings.Builder
}

func (c *complaints) Errorf(format string, args ...any) { fmt.Fprintf(c, format+"\n", args...) }

func (c *complaints) Error(args ...any) { fmt.Fprintln(c, args...) }

func (c *complaints) String() string { return c.Builder.String() }
