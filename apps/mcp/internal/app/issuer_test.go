package app_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/seal"
	"leasehold.example/libs/session/memstore"
)

// TestKeyRotation: after an issuer has new keys, a token of the new one continues the
// session at once, and one of a withdrawn key is refused, whether it was known or not
// (rule 16).
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	s, p := newServer(t, nil)
	old, unseen := p.Token, p.token()
	p.issuer.Rotate()
	p.Client = p.As(p.token())
	p.wantOwn(t)
	for what, token := range map[string]string{"known": old, "unseen": unseen} {
		a := p.As(token).Call(t, p.session, "ping", "{}")
		if a.Status != http.StatusUnauthorized || a.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("a %s token of the withdrawn key: %d %s", what, a.Status, a.Body)
		}
	}
	if entries := s.Log.Audit(t); len(entries) > 0 {
		t.Errorf("the audit log says %+v, want nothing", entries)
	}
}

// TestIssuerDown: rule 16, with keys at hand everything works while the issuer is down, also
// for tokens never seen before; without, the answer is 503 with Retry-After, never 401, and
// nothing is created. Another issuer is not affected.
func TestIssuerDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		issuers := twoIssuers(t)
		s := apptest.New(t, apptest.Options{Issuers: issuers, Store: memstore.New()})
		p, q := newPerson(s, issuers[0], "tenant-a", "subject-one"), newPerson(s, issuers[1], "tenant-a", "subject-one")
		issuers[0].SetDown(true)
		q.settle(t)
		a := p.Initialize(t, "", "client")
		if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || a.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("without keys: %d %v %s", a.Status, a.Header, a.Body)
		}
		if live, err := s.Registry.List(t.Context(), p.owner()); err != nil || len(live) != 0 {
			t.Errorf("%d sessions were created: %v", len(live), err)
		}
		issuers[0].SetDown(false)
		time.Sleep(time.Minute) // the failure is remembered for some seconds
		p.settle(t)

		issuers[0].SetDown(true)
		p.Client = p.As(p.token(identitytest.Claim("jti", "unseen")))
		p.wantOwn(t)
		time.Sleep(time.Hour) // longer than tokens and keys are believed without a look
		p.wantOwn(t)
	})
}

// TestSealKeysDown: without a root key the question cannot be sealed: 503, and nothing is
// deleted (rule 31).
func TestSealKeysDown(t *testing.T) {
	t.Parallel()
	issuers := twoIssuers(t)
	s := apptest.New(t, apptest.Options{Issuers: issuers, Store: memstore.New(), Keys: noKeys{}})
	p := newPerson(s, issuers[0], "tenant-a", "subject-one")
	book := p.openBook(t)
	a := p.ToolModern(t, "notebook_delete", `{"notebook":"`+book+`"}`)
	if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
		t.Errorf("without a key: %d %s", a.Status, a.Body)
	}
	p.wantGood(t, p.ToolModern(t, "notebook_read", `{"notebook":"`+book+`"}`))
}

// noKeys is a source that is down.
type noKeys struct{}

func (noKeys) Fetch(context.Context) (seal.Keys, error) {
	return seal.Keys{}, errors.New("the source of keys is down")
}
