package identity_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/identity/identitytest"
)

func TestVerifierOptions(t *testing.T) {
	t.Parallel()
	trust := []identity.Issuer{{Issuer: "https://a.example", TenantClaim: "tenant"}}
	for name, o := range map[string]identity.VerifierOptions{
		"leeway too long":   {Leeway: 31 * time.Second},
		"leeway negative":   {Leeway: -1},
		"cache":             {CacheSize: -1},
		"refresh after end": {RefreshAfter: 2 * time.Hour, MaxKeyAge: time.Hour},
	} {
		o.DefaultAudience = "x"
		if _, err := identity.NewVerifier(t.Context(), trust, o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := identity.NewVerifier(t.Context(), nil, identity.VerifierOptions{DefaultAudience: "x"}); err == nil {
		t.Error("no issuers: no error")
	}
}

// A caller that changes the scopes it was given changes nobody else's.
func TestPrincipalIsACopy(t *testing.T) {
	t.Parallel()
	iss := identitytest.NewIssuer(t, "https://a.example")
	v := verifierOf(t, iss)
	token := iss.Token(identitytest.Scopes("a"))
	for range 3 {
		p := mustVerify(t, v, token)
		if p.Scopes[0] != "a" {
			t.Fatal("the cache holds what a caller wrote")
		}
		p.Scopes[0] = "admin"
	}
}

// Rule 16: the cache believes a token for 5 minutes and never past its exp.
func TestCacheLifetime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss := identitytest.NewIssuer(t, "https://a.example")
		v := newVerifierWith(t, identity.VerifierOptions{Leeway: time.Second}, []identity.Issuer{iss.Trust()}, iss)
		long, short := iss.Token(), iss.Token(identitytest.Expires(time.Now().Add(time.Minute)))
		mustVerify(t, v, long)
		mustVerify(t, v, short)
		if until, _ := v.Remembered(long); !until.Equal(time.Now().Add(5 * time.Minute)) {
			t.Errorf("rule 16: the long token is believed until %v", until)
		}
		if until, _ := v.Remembered(short); !until.Equal(time.Now().Add(time.Minute)) {
			t.Errorf("rule 16: the short token is believed until %v", until)
		}
		time.Sleep(time.Minute)
		mustVerify(t, v, short) // by the leeway
		if _, ok := v.Remembered(short); ok {
			t.Error("rule 16: an expired token is remembered")
		}
		time.Sleep(time.Second)
		wantProblem(t, v, short, identity.InvalidToken)
		time.Sleep(5 * time.Minute)
		mustVerify(t, v, long)
		if until, _ := v.Remembered(long); !until.After(time.Now()) {
			t.Error("rule 16: the token was not verified again")
		}
	})
}

// Rule 16: the cache is bounded, and holds good tokens only.
func TestCacheBound(t *testing.T) {
	t.Parallel()
	iss := identitytest.NewIssuer(t, "https://a.example")
	v := newVerifierWith(t, identity.VerifierOptions{CacheSize: 4}, []identity.Issuer{iss.Trust()}, iss)
	wantProblem(t, v, iss.Token(identitytest.Without("sub")), identity.InvalidToken)
	wantProblem(t, v, iss.Token(identitytest.Without("tenant")), identity.NoTenant)
	if v.CacheLen() != 0 {
		t.Error("refused tokens are remembered")
	}
	for range 10 {
		mustVerify(t, v, iss.Token())
	}
	if v.CacheLen() != 4 {
		t.Errorf("rule 16: the cache of 4 holds %d", v.CacheLen())
	}
}

func TestVerifyContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss := identitytest.NewIssuer(t, "https://a.example")
		release := iss.Hold()
		defer release()
		v := verifierOf(t, iss)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := v.Verify(ctx, iss.Token())
		if e, ok := errors.AsType[*identity.Error](err); !ok || e.Problem != identity.Unavailable {
			t.Errorf("error is %v", err)
		}
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %v beyond its context", waited)
		}
		time.Sleep(10 * time.Second) // the fetch gives up by itself
	})
}
