package session_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
	"leasehold.example/libs/session/sessiontest"
)

func TestRule27Cap(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{MaxPerOwner: 3, Idle: 10 * time.Minute})
	p, q := somebody(), somebody()
	id, _ := f.create(p, session.KindMCP)
	f.create(p, session.KindSession)
	f.create(p, session.KindNotebook)
	for i := range 5 { // nonces do not count
		sessiontest.Must(t, f.Consume(t.Context(), p, fmt.Sprint(i), f.now.Add(time.Hour)))
	}
	refused := func() {
		t.Helper()
		newID, _, err := f.Create(t.Context(), p, session.New{Kind: session.KindNotebook})
		sessiontest.WantErr(t, err, session.ErrLimit)
		live, err := f.List(t.Context(), p.Owner())
		sessiontest.Must(t, err)
		if newID != "" || len(live) != 3 {
			t.Fatalf("id %d bytes, %d live", len(newID), len(live))
		}
	}
	refused()
	f.create(q, session.KindMCP) // another principal has a cap of their own
	sessiontest.Must(t, f.Revoke(t.Context(), p, session.KindMCP, id))
	f.create(p, session.KindNotebook)
	refused()
	f.now = f.now.Add(10 * time.Minute) // expired ones make room, deleted or not
	f.create(p, session.KindNotebook)
}

func TestRule27Data(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p := somebody()
	object := func(size int) []byte { return []byte(`{"s":"` + strings.Repeat("x", size-len(`{"s":""}`)) + `"}`) }
	for name, data := range map[string][]byte{
		"array": []byte(`[]`), "null": []byte(`null`), "string": []byte(`"{}"`), "cut": []byte(`{"a":1`),
		"twice": []byte(`{"a":1,"a":2}`), "nested twice": []byte(`{"o":{"a":1,"a":2}}`), "UTF-8": []byte("{\"a\":\"\xff\"}"),
		"trailing": []byte(`{} {}`), "space": []byte(` `),
	} {
		_, _, err := f.Create(t.Context(), p, session.New{Kind: session.KindMCP, Data: data})
		if err == nil {
			t.Errorf("create with %s: accepted", name)
		}
		_, rec := f.create(p, session.KindSession)
		if _, err = f.Update(t.Context(), rec, func([]byte) ([]byte, error) { return data, nil }); err == nil {
			t.Errorf("update to %s: accepted", name)
		}
		if data, version, err := f.Data(t.Context(), rec); string(data) != "{}" || version != 1 || err != nil {
			t.Errorf("%s: data %q of version %d after a refused update, %v", name, data, version, err)
		}
	}
	_, _, err := f.Create(t.Context(), p, session.New{Kind: session.KindMCP, Data: object(32<<10 + 1)})
	sessiontest.WantErr(t, err, session.ErrTooLarge)
	_, rec, err := f.Create(t.Context(), p, session.New{Kind: session.KindMCP, Data: object(32 << 10)})
	sessiontest.Must(t, err)
	_, err = f.Update(t.Context(), rec, func(b []byte) ([]byte, error) { return append(b, ' '), nil })
	sessiontest.WantErr(t, err, session.ErrTooLarge)
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p := somebody()
	for name, n := range map[string]session.New{
		"no kind": {}, "a nonce": {Kind: session.KindNonce}, "a separator": {Kind: "a#b"},
		"a long protocol": {Kind: session.KindMCP, Protocol: strings.Repeat("1", 33)},
	} {
		if _, _, err := f.Create(t.Context(), p, n); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, lacks := range []func(*identity.Principal){
		func(p *identity.Principal) { p.Tenant = "" }, func(p *identity.Principal) { p.Issuer = "" },
		func(p *identity.Principal) { p.Subject = "" }, func(p *identity.Principal) { p.Tenant = "a#U#b" },
	} {
		q := p
		lacks(&q)
		_, _, createErr := f.Create(t.Context(), q, session.New{Kind: session.KindMCP})
		_, resolveErr := f.resolve(q, session.KindMCP, "id")
		consumeErr := f.Consume(t.Context(), q, "nonce", f.now.Add(time.Hour))
		for _, err := range []error{createErr, resolveErr, consumeErr} {
			if err == nil || errors.Is(err, session.ErrNotFound) {
				t.Errorf("principal %+v: %v", q.Owner(), err)
			}
		}
	}
	f.wantCalls()
	long := session.New{Kind: session.KindMCP, Client: strings.Repeat("x", 127) + "é\xff"}
	p.ClientID = strings.Repeat("https://client.example/", 100)
	_, rec, err := f.Create(t.Context(), p, long)
	sessiontest.Must(t, err)
	if rec.Client != strings.Repeat("x", 127) || len(rec.ClientID) > 128 {
		t.Errorf("client %q, client id %q", rec.Client, rec.ClientID)
	}
}

func TestListAndRevokeOwner(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p, other := somebody(), somebody()
	other.Tenant = p.Tenant
	other.Subject = "user-2"
	id, _ := f.create(p, session.KindMCP)
	f.create(p, session.KindNotebook)
	kept, _ := f.create(other, session.KindNotebook)
	sessiontest.Must(t, f.Consume(t.Context(), p, "nonce", f.now.Add(time.Hour)))

	entries, next, err := f.ListTenant(t.Context(), p.Tenant, "", 10)
	sessiontest.Must(t, err)
	if len(entries) != 3 || next != "" {
		t.Errorf("%d entries of the tenant, next %q", len(entries), next)
	}
	_, _, err = f.ListTenant(t.Context(), p.Tenant, "nonsense", 10)
	sessiontest.WantErr(t, err, session.ErrCursor)

	n, err := f.RevokeOwner(t.Context(), p.Owner())
	if n != 2 || err != nil {
		t.Fatalf("revoked %d, %v", n, err)
	}
	_, err = f.resolve(p, session.KindMCP, id)
	sessiontest.WantErr(t, err, session.ErrNotFound)
	_, err = f.resolve(other, session.KindNotebook, kept)
	sessiontest.Must(t, err)
	// rule 30: what was used stays used
	sessiontest.WantErr(t, f.Consume(t.Context(), p, "nonce", f.now.Add(time.Hour)), session.ErrExists)
}

func TestRule30Consume(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p, q := somebody(), somebody()
	until := f.now.Add(10*time.Minute + 300*time.Millisecond)
	sessiontest.Must(t, f.Consume(t.Context(), p, "nonce", until))
	sessiontest.WantErr(t, f.Consume(t.Context(), p, "nonce", until), session.ErrExists)
	sessiontest.Must(t, f.Consume(t.Context(), p, "other", until))
	sessiontest.Must(t, f.Consume(t.Context(), q, "nonce", until))
	stored, err := f.spy.ListOwner(t.Context(), q.Owner())
	sessiontest.Must(t, err)
	if len(stored) != 1 || stored[0].Expires.Before(until) {
		t.Errorf("%d nonces; forgotten before its time", len(stored))
	}
	f.now = until
	sessiontest.WantErr(t, f.Consume(t.Context(), p, "third", until), session.ErrNotFound)
	for _, bad := range []string{"", strings.Repeat("x", 129)} {
		if err := f.Consume(t.Context(), p, bad, until.Add(time.Hour)); err == nil {
			t.Errorf("a nonce of %d bytes: accepted", len(bad))
		}
	}
	if live, err := f.List(t.Context(), p.Owner()); len(live) != 0 || err != nil {
		t.Errorf("nonces are listed: %v, %v", live, err)
	}
}

// FuzzResolve presents any string: only the one that was given out is a session.
func FuzzResolve(f *testing.F) {
	for _, seed := range []string{"", "x", "\x00", "é", strings.Repeat("A", 43), strings.Repeat("A", 1<<20), "S#mcp#x", "../x", "null"} {
		f.Add(seed)
	}
	store := memstore.New()
	r, err := session.NewRegistry(store, session.Options{})
	sessiontest.Must(f, err)
	p := somebody()
	id, _, err := r.Create(f.Context(), p, session.New{Kind: session.KindSession})
	sessiontest.Must(f, err)
	for _, near := range []string{id + " ", id[:42], strings.ToLower(id), id + "=", " " + id, id + strings.Repeat("x", 100)} {
		f.Add(near)
	}
	f.Fuzz(func(t *testing.T, presented string) {
		_, err := r.Resolve(t.Context(), p, session.KindSession, presented)
		if (err == nil) != (presented == id) {
			t.Fatalf("resolve: %v", err)
		}
	})
}

// What is over does not pile up where DynamoDB deletes late: every Create reads it.
func TestCreateSweeps(t *testing.T) {
	t.Parallel()
	f := newFixture(t, session.Options{})
	p := somebody()
	for range 20 {
		f.create(p, session.KindSession)
		f.create(p, session.KindMCP) // never confirmed
		f.now = f.now.Add(time.Hour)
	}
	_, rec := f.create(p, session.KindSession)
	all, err := f.spy.ListOwner(t.Context(), p.Owner())
	sessiontest.Must(t, err)
	if len(all) > 4 || all[len(all)-1].Key != rec.Key {
		t.Errorf("%d records are left of 41", len(all))
	}
	f.now = f.now.Add(31 * time.Minute) // over, but a slow clock may see it live
	_, err = f.spy.Load(t.Context(), rec.Key)
	sessiontest.Must(t, err)
	f.create(p, session.KindSession)
	if _, err = f.spy.Load(t.Context(), rec.Key); err != nil {
		t.Errorf("a record that ended a minute ago: %v", err)
	}
}
