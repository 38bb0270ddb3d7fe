package app_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/scopes"
	"leasehold.example/libs/session"
)

// allScopes are those of the shipped tools.
var allScopes = scopes.Names()

// person is somebody with everything that can be theirs.
type person struct {
	apptest.Client
	issuer                  *identitytest.Issuer
	tenant, subject, client string
	// secret is part of all that the person stores.
	secret string

	// carrier and ownBook are what the person attacks with, and what nobody attacks.
	carrier, ownBook string
	// What others go for: a session of 2025-11-25, handles, and a sealed request state.
	session, handle, book, state string
}

func (p *person) String() string { return p.tenant + " " + p.subject + " at " + p.issuer.URL() }

// GoString is what rapid prints of a person that it drew.
func (p *person) GoString() string { return p.String() }

func (p *person) owner() identity.Owner {
	return identity.Owner{Tenant: p.tenant, Issuer: p.issuer.URL(), Subject: p.subject}
}

// token is a fresh one, with every scope unless changes say otherwise.
func (p *person) token(changes ...identitytest.Change) string {
	good := []identitytest.Change{
		identitytest.Tenant(p.tenant), identitytest.Subject(p.subject), identitytest.Client(p.client),
		identitytest.Scopes(allScopes...), identitytest.Expires(time.Now().Add(24 * time.Hour)),
	}
	return p.issuer.Token(append(good, changes...)...)
}

func newPerson(s *apptest.Server, i *identitytest.Issuer, tenant, subject string) *person {
	p := &person{
		issuer: i, tenant: tenant, subject: subject,
		client: "client-" + rand.Text(), secret: "secret-" + rand.Text(),
	}
	p.Client = s.Client(p.token())
	return p
}

// settle gives p everything.
func (p *person) settle(t testing.TB) {
	t.Helper()
	p.carrier, p.session = p.Open(t, "carrier "+p.secret), p.Open(t, "client "+p.secret)
	p.handle = p.ToolModern(t, "session_open", "{}").Member(t, "session")
	p.ownBook, p.book = p.openBook(t), p.openBook(t)
	p.wantGood(t, p.ToolModern(t, "session_set", p.value(p.handle)))
	p.wantGood(t, p.ToolModern(t, "notebook_append", p.entry(p.book)))
	p.wantGood(t, p.Tool(t, p.session, "session_set", `{"key":"key","value":"`+p.secret+`"}`))
	p.state = p.ask(t, p.book)
}

func (p *person) openBook(t testing.TB) string {
	t.Helper()
	return p.ToolModern(t, "notebook_open", `{"title":"title `+p.secret+`"}`).Member(t, "notebook")
}

func (p *person) value(handle string) string {
	return `{"key":"key","value":"` + p.secret + `","session":"` + handle + `"}`
}

func (p *person) entry(book string) string {
	return `{"notebook":"` + book + `","text":"entry ` + p.secret + `"}`
}

// ask begins to delete a notebook, and returns the state that the question came with.
func (p *person) ask(t testing.TB, book string) string {
	t.Helper()
	a := p.ToolModern(t, "notebook_delete", `{"notebook":"`+book+`"}`)
	state := a.Response(t).Result.RequestState
	if state == "" {
		t.Fatalf("no requestState: %d %s", a.Status, a.Body)
	}
	return state
}

func (p *person) wantGood(t testing.TB, a apptest.Answer) {
	t.Helper()
	if text, isError := a.Text(t); isError {
		t.Fatalf("%v: %s", p, text)
	}
}

// wantOwn demands that all of p's works for p as if nobody else had ever been there.
func (p *person) wantOwn(t testing.TB) {
	t.Helper()
	want := `{"value":"` + p.secret + `"}`
	for _, a := range []apptest.Answer{
		p.ToolModern(t, "session_get", `{"key":"key","session":"`+p.handle+`"}`),
		p.Tool(t, p.session, "session_get", `{"key":"key"}`),
	} {
		if text, _ := a.Text(t); text != want {
			t.Errorf("%v: the session holds %s, want %s", p, text, want)
		}
	}
	want = `{"title":"title ` + p.secret + `","entries":["entry ` + p.secret + `"]}`
	if text, _ := p.ToolModern(t, "notebook_read", `{"notebook":"`+p.book+`"}`).Text(t); text != want {
		t.Errorf("%v: the notebook holds %s, want %s", p, text, want)
	}
}

// leave ends all that others went for, as only p can.
func (p *person) leave(t testing.TB) {
	t.Helper()
	a := p.ToolModern(t, "notebook_delete", `{"notebook":"`+p.book+`"}`, apptest.Confirmed(p.ask(t, p.book))...)
	if text, _ := a.Text(t); text != `{"deleted":true}` {
		t.Errorf("%v: delete own notebook: %s", p, text)
	}
	if a := p.Delete(t, p.session); a.Status != http.StatusNoContent {
		t.Errorf("%v: delete own session: %d", p, a.Status)
	}
}

// matrix is everybody: tenants × users × issuers, with equal subjects at all issuers and
// in all tenants.
func matrix(t testing.TB, s *apptest.Server, issuers []*identitytest.Issuer) []*person {
	t.Helper()
	var all []*person
	users := []string{"subject-" + rand.Text(), "subject-" + rand.Text(), "subject-" + rand.Text()}
	for _, tenant := range tenants() {
		for _, user := range users {
			for _, i := range issuers {
				all = append(all, newPerson(s, i, tenant, user))
			}
		}
	}
	return all
}

func tenants() []string {
	return []string{"tenant-" + rand.Text(), "tenant-" + rand.Text(), "tenant-" + rand.Text()}
}

func twoIssuers(t testing.TB) []*identitytest.Issuer {
	return []*identitytest.Issuer{
		identitytest.NewIssuer(t, "https://one.issuer.example"), identitytest.NewIssuer(t, "https://two.issuer.example"),
	}
}

// ids are all that must never be shown to anybody but p, not even to somebody who
// presented them.
func (p *person) ids() []string {
	return []string{p.carrier, p.ownBook, p.session, p.handle, p.book, p.state, p.secret}
}

// names are what tells p from others.
func (p *person) names() []string { return []string{p.tenant, p.subject, p.client, p.issuer.URL()} }

// wantNoOther fails when what came back to p holds a string of somebody else.
func wantNoOther(t testing.TB, p *person, all []*person, a apptest.Answer) {
	t.Helper()
	seen := a.Body + fmt.Sprint(a.Header)
	own := append(p.ids(), p.names()...)
	for _, other := range all {
		for _, s := range append(other.ids(), other.names()...) {
			if s != "" && !slices.Contains(own, s) && strings.Contains(seen, s) {
				t.Fatalf("%v was shown %q of %v: %s", p, s, other, seen)
			}
		}
	}
}

// wantQuietLog fails when the log holds an id, a secret, a subject or a token.
func wantQuietLog(t testing.TB, s *apptest.Server, all []*person) {
	t.Helper()
	wantQuiet(t, s.Log.String(), all)
}

// wantQuiet is wantQuietLog for what was sent elsewhere.
func wantQuiet(t testing.TB, sent string, all []*person) {
	t.Helper()
	for _, p := range all {
		signature := p.Token[strings.LastIndex(p.Token, ".")+1:]
		for _, secret := range append(p.ids(), p.subject, signature) {
			if secret != "" && strings.Contains(sent, secret) {
				t.Fatalf("the log, or what was sent to a collector, holds %q of %v", secret, p)
			}
		}
	}
}

// targets are the keys of what others go for.
func (p *person) targets() []session.Key {
	return []session.Key{
		{Owner: p.owner(), Kind: session.KindMCP, Hash: session.HashID(session.KindMCP, p.session)},
		{Owner: p.owner(), Kind: session.KindSession, Hash: session.HashID(session.KindSession, p.handle)},
		{Owner: p.owner(), Kind: session.KindNotebook, Hash: session.HashID(session.KindNotebook, p.book)},
	}
}

// snapshot reads what others went for, every field of it, and how much there is in all.
func snapshot(t testing.TB, store session.Store, all []*person) string {
	t.Helper()
	var out strings.Builder
	for _, p := range all {
		for _, key := range p.targets() {
			rec, err := store.Load(t.Context(), key)
			if err != nil {
				t.Fatalf("%v: load %s: %v", p, key.Kind, err)
			}
			data, version, err := store.LoadData(t.Context(), key)
			if err != nil {
				t.Fatalf("%v: load data of %s: %v", p, key.Kind, err)
			}
			fmt.Fprintf(&out, "%+v\n%d %s\n", rec, version, data)
		}
		records, err := store.(session.Lister).ListOwner(t.Context(), p.owner())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%v has %d\n", p, len(records))
	}
	return out.String()
}

// principal is what p's token says, for a test that asks the registry itself.
func principal(p *person) identity.Principal {
	return identity.Principal{Tenant: p.tenant, Issuer: p.issuer.URL(), Subject: p.subject, ClientID: p.client}
}
