package identity_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leasehold.example/libs/identity"
	it "leasehold.example/libs/identity/identitytest"
)

const (
	refreshAfter = 15 * time.Minute
	maxKeyAge    = time.Hour
)

// inBubble runs a test on a clock of its own, with an issuer and a verifier whose keys age
// from 15 minutes and die at an hour.
func inBubble(t *testing.T, test func(t *testing.T, iss *it.Issuer, v *identity.Verifier)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss := it.NewIssuer(t, "https://a.example")
		o := identity.VerifierOptions{RefreshAfter: refreshAfter, MaxKeyAge: maxKeyAge}
		test(t, iss, newVerifierWith(t, o, []identity.Issuer{iss.Trust()}, iss))
	})
}

// longLived is a token that outlives every test here.
func longLived(iss *it.Issuer, changes ...it.Change) string {
	return iss.Token(append(changes, it.Expires(time.Now().Add(24*time.Hour)))...)
}

func fetches(iss *it.Issuer) int { return iss.Requests("/jwks") }

func TestNoNetworkBeforeTheFirstToken(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *it.Issuer, v *identity.Verifier) {
		wantProblem(t, v, "x.y.z", identity.InvalidToken)
		wantProblem(t, v, iss.Token(it.Header("alg", "none")), identity.InvalidToken)
		wantProblem(t, v, iss.Token(it.Claim("iss", "https://b.example")), identity.InvalidToken)
		if n := iss.Requests(""); n != 0 {
			t.Errorf("%d requests for tokens that need no key", n)
		}
		mustVerify(t, v, iss.Token())
		mustVerify(t, v, iss.Token())
		if n := fetches(iss); n != 1 {
			t.Errorf("%d fetches for two tokens", n)
		}
	})
}

// A new key is used at once; the tokens of a withdrawn one die with it, cached or not.
func TestRotation(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *it.Issuer, v *identity.Verifier) {
		old := longLived(iss)
		mustVerify(t, v, old)
		k := it.NewKey(t, "ES256")
		iss.Publish(k)
		iss.SignWith(k)
		next := longLived(iss)
		mustVerify(t, v, next)
		if _, ok := v.Remembered(old); !ok {
			t.Error("the old token was forgotten although its key is still there")
		}
		mustVerify(t, v, old)
		iss.PublishOnly(k)
		mustVerify(t, v, old) // nobody has asked the issuer since
		time.Sleep(refreshAfter)
		mustVerify(t, v, next) // this use refreshes
		synctest.Wait()
		// Rule 16: not even the cache lets the old token pass now.
		wantProblem(t, v, old, identity.InvalidToken)
		mustVerify(t, v, next)
	})
}

// Rule 16: a cached token dies when the current set no longer has its key, also when
// another key took over the kid.
func TestKidIsTakenOver(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *it.Issuer, v *identity.Verifier) {
		old := longLived(iss)
		mustVerify(t, v, old)
		twin := it.NewKey(t, "ES256")
		twin.ID = iss.SigningKey().ID
		iss.PublishOnly(twin)
		unknown := it.NewKey(t, "ES256")
		wantProblem(t, v, iss.Token(it.SignedBy(unknown)), identity.InvalidToken) // refreshes
		if _, ok := v.Remembered(old); !ok {
			t.Fatal("the token is not in the cache, so the test shows nothing")
		}
		wantProblem(t, v, old, identity.InvalidToken)
		mustVerify(t, v, iss.Token(it.SignedBy(twin)))
	})
}

// The same keys fetched again keep their cached tokens.
func TestRefreshKeepsTheCache(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *it.Issuer, v *identity.Verifier) {
		token := longLived(iss)
		time.Sleep(time.Minute)
		mustVerify(t, v, token)
		before, _ := v.Remembered(token)
		wantProblem(t, v, iss.Token(it.Header("kid", "nobody")), identity.InvalidToken) // refreshes
		if n := fetches(iss); n != 2 {
			t.Fatalf("%d fetches", n)
		}
		time.Sleep(time.Minute)
		mustVerify(t, v, token)
		if after, _ := v.Remembered(token); !after.Equal(before) {
			t.Error("the token was verified again though nothing has changed")
		}
	})
}

// Rule 16: with keys at hand an outage is not noticed until their maximum age; then, and
// without keys, the answer is Unavailable.
func TestOutageWarm(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *it.Issuer, v *identity.Verifier) {
		token := longLived(iss)
		mustVerify(t, v, token)
		iss.SetDown(true)
		for age := time.Minute; age < maxKeyAge; age += time.Minute {
			time.Sleep(time.Minute)
			mustVerify(t, v, token)
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		wantProblem(t, v, token, identity.Unavailable)
		wantProblem(t, v, longLived(iss), identity.Unavailable)
		iss.SetDown(false)
		time.Sleep(identity.FetchEvery)
		mustVerify(t, v, token)
	})
}

func TestOutageCold(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *it.Issuer, v *identity.Verifier) {
		iss.SetDown(true)
		token := longLived(iss)
		for range 20 {
			wantProblem(t, v, token, identity.Unavailable)
		}
		// Both metadata documents are tried each time.
		if n := iss.Requests(""); n != 2*identity.FetchBurst {
			t.Errorf("rule 16: %d requests to an issuer that is down", n)
		}
		iss.SetDown(false)
		wantProblem(t, v, token, identity.Unavailable)
		time.Sleep(identity.FetchEvery)
		mustVerify(t, v, token)
	})
}

// An unknown kid while the issuer is down may be a new key: not the client's fault.
func TestUnknownKidDuringOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *it.Issuer, v *identity.Verifier) {
		mustVerify(t, v, iss.Token())
		iss.SetDown(true)
		for range 5 {
			wantProblem(t, v, iss.Token(it.Header("kid", "new")), identity.Unavailable)
		}
		mustVerify(t, v, iss.Token())
	})
}

// Rule 16: a storm of unknown kids makes a bounded number of fetches, one at a time, and
// good tokens do not wait for them, though the issuer hangs.
func TestUnknownKidStorm(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *it.Issuer, v *identity.Verifier) {
		good := longLived(iss)
		mustVerify(t, v, good)
		release := iss.Hold()
		before := iss.Requests("")
		var storm sync.WaitGroup
		for n := range 100 {
			bad := longLived(iss, it.Header("kid", fmt.Sprint("storm-", n)))
			storm.Go(func() { wantProblem(t, v, bad, identity.InvalidToken) })
		}
		synctest.Wait() // all of the storm hangs
		if n := iss.Requests("") - before; n != 1 {
			t.Errorf("rule 16: %d requests under way at once", n)
		}
		start := time.Now()
		mustVerify(t, v, good)
		mustVerify(t, v, longLived(iss, it.Subject("user-2")))
		if waited := time.Since(start); waited != 0 {
			t.Errorf("rule 16: good tokens waited %v", waited)
		}
		release()
		storm.Wait()
		before = fetches(iss)
		for n := range 600 { // a minute of it
			time.Sleep(100 * time.Millisecond)
			wantProblem(t, v, longLived(iss, it.Header("kid", fmt.Sprint("later-", n))), identity.InvalidToken)
		}
		if n := fetches(iss) - before; n > int(time.Minute/identity.FetchEvery)+identity.FetchBurst {
			t.Errorf("rule 16: %d fetches in a minute", n)
		}
	})
}

// A good token does not wait for the refresh of aging keys either.
func TestAgingKeysAreRefreshedAside(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *it.Issuer, v *identity.Verifier) {
		token := longLived(iss)
		mustVerify(t, v, token)
		time.Sleep(refreshAfter)
		defer iss.Hold()()
		start := time.Now()
		mustVerify(t, v, token)
		mustVerify(t, v, longLived(iss, it.Subject("user-2")))
		if waited := time.Since(start); waited != 0 {
			t.Errorf("rule 16: waited %v", waited)
		}
		synctest.Wait()
		if n := iss.Requests("/.well-known/openid-configuration"); n != 2 {
			t.Errorf("%d refreshes", n)
		}
	})
}

// Rule 16: an instance that was frozen past the maximum age fetches before it believes,
// and a clock that was set back does not make keys live longer.
func TestMaximumAgeByWallClock(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]time.Duration{"forward": maxKeyAge, "back": -maxKeyAge} {
		iss := it.NewIssuer(t, "https://a.example")
		clock := time.Now()
		o := identity.VerifierOptions{MaxKeyAge: maxKeyAge, Now: func() time.Time { return clock }}
		v := newVerifierWith(t, o, []identity.Issuer{iss.Trust()}, iss)
		token := longLived(iss, it.Without("iat"))
		mustVerify(t, v, token)
		clock = clock.Add(jump)
		iss.Rotate()
		wantProblem(t, v, token, identity.InvalidToken)
		if n := fetches(iss); n != 2 {
			t.Errorf("rule 16 %s: %d fetches", name, n)
		}
	}
}

// The fetch belongs to nobody: the client that caused it may leave.
func TestFetchTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *it.Issuer, v *identity.Verifier) {
		defer iss.Hold()()
		start := time.Now()
		wantProblem(t, v, iss.Token(), identity.Unavailable)
		if waited := time.Since(start); waited != identity.FetchTimeout {
			t.Errorf("rule 17: waited %v", waited)
		}
	})
}

// A document that makes a decoder panic is a failed fetch.
func TestPanicWhileFetching(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *it.Issuer, v *identity.Verifier) {
		iss.Override("/jwks", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }))
		wantProblem(t, v, iss.Token(), identity.Unavailable)
	})
}

// An issuer that withdraws all its keys is believed.
func TestEmptyKeySet(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *it.Issuer, v *identity.Verifier) {
		token := longLived(iss)
		mustVerify(t, v, token)
		iss.PublishOnly()
		wantProblem(t, v, iss.Token(it.Header("kid", "x")), identity.InvalidToken)
		wantProblem(t, v, token, identity.InvalidToken)
	})
}

// A document that is not a key set leaves the keys at hand in force.
func TestBrokenKeySet(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]any{
		"no keys": map[string]any{}, "null": nil, "array": []int{}, "keys are text": map[string]any{"keys": "x"},
		"too many": map[string]any{"keys": make([]map[string]any, 101)},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, iss *it.Issuer, v *identity.Verifier) {
				token := longLived(iss)
				mustVerify(t, v, token)
				iss.Override("/jwks", it.JSON(document))
				wantProblem(t, v, iss.Token(it.Header("kid", "x")), identity.Unavailable)
				mustVerify(t, v, token)
			})
		})
	}
}
