package app_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/libs/session"
)

// attack is one way to use what is somebody else's. Every one of them is a request that is
// the same to the byte whenever the same two people are in it.
type attack struct {
	name string
	// presents is the kind of the id that is not the attacker's; empty when the server finds
	// the attempt out without looking one up.
	presents session.Kind
	// want is how the answer begins: its status, and what of it is promised.
	want string
	make func(t testing.TB, by, of *person) apptest.Answer
}

const (
	goneSession = "404 session not found: send initialize to start a new one\n"
	goneHandle  = "this handle is not valid: it is unknown, has expired or was revoked; open a new one"
	goneState   = `200 {"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"requestState is not valid; call the tool again without it"}}`
)

// attacks are those on sessions of the older protocols, on handles in both eras, and on
// sealed states.
func attacks() []attack {
	all := []attack{
		{"state with own notebook", "", goneState, func(t testing.TB, by, of *person) apptest.Answer {
			return by.ToolModern(t, "notebook_delete", `{"notebook":"`+by.ownBook+`"}`, apptest.Confirmed(of.state)...)
		}},
		{"state with its notebook", session.KindNotebook, goneHandle, func(t testing.TB, by, of *person) apptest.Answer {
			return by.ToolModern(t, "notebook_delete", `{"notebook":"`+of.book+`"}`, apptest.Confirmed(of.state)...)
		}},
		{"DELETE", session.KindMCP, goneSession, func(t testing.TB, by, of *person) apptest.Answer {
			return by.Delete(t, of.session)
		}},
		{
			"notifications/initialized", session.KindMCP, goneSession,
			func(t testing.TB, by, of *person) apptest.Answer {
				return by.Notify(t, of.session, "notifications/initialized", "{}")
			},
		},
		{
			"notifications/cancelled", session.KindMCP, goneSession,
			func(t testing.TB, by, of *person) apptest.Answer {
				return by.Notify(t, of.session, "notifications/cancelled", fmt.Sprintf(`{"requestId":%d}`, apptest.ID))
			},
		},
	}
	for method, params := range map[string]string{
		"ping": "{}", "tools/list": "{}", "logging/setLevel": `{"level":"debug"}`,
		"tools/call": `{"name":"session_set","arguments":{"key":"key","value":"stolen"}}`,
	} {
		all = append(all, attack{method, session.KindMCP, goneSession, func(t testing.TB, by, of *person) apptest.Answer {
			return by.Call(t, of.session, method, params)
		}})
	}
	return append(all, onHandles()...)
}

func onHandles() []attack {
	var all []attack
	for _, h := range []struct {
		tool, arguments string
		kind            session.Kind
	}{
		{"session_get", `{"key":"key","session":"%s"}`, session.KindSession},
		{"session_set", `{"key":"key","value":"stolen","session":"%s"}`, session.KindSession},
		{"notebook_read", `{"notebook":"%s"}`, session.KindNotebook},
		{"notebook_append", `{"notebook":"%s","text":"stolen"}`, session.KindNotebook},
		{"notebook_delete", `{"notebook":"%s","confirm":true}`, session.KindNotebook},
	} {
		id := func(of *person) string {
			if h.kind == session.KindSession {
				return of.handle
			}
			return of.book
		}
		all = append(all,
			attack{h.tool + " " + apptest.Modern, h.kind, goneHandle, func(t testing.TB, by, of *person) apptest.Answer {
				return by.ToolModern(t, h.tool, fmt.Sprintf(h.arguments, id(of)))
			}},
			attack{h.tool + " " + apptest.Legacy, h.kind, goneHandle, func(t testing.TB, by, of *person) apptest.Answer {
				return by.Tool(t, by.carrier, h.tool, fmt.Sprintf(h.arguments, id(of)))
			}})
	}
	return all
}

// promised is what an answer says, in the form of attack.want.
func promised(t testing.TB, a apptest.Answer) string {
	t.Helper()
	if a.Status == http.StatusOK && a.Response(t).Error == nil {
		text, isError := a.Text(t)
		if !isError {
			t.Fatalf("a foreign attempt succeeded: %s", a.Body)
		}
		return text
	}
	return fmt.Sprintf("%d %s", a.Status, a.Body)
}

// TestIsolation is the matrix of the issue: three tenants × three users × two issuers, in
// both eras, and everybody presents every id of everybody else. Rules 9, 24, 25, 28 and 30:
// only the owner ever succeeds, a foreign attempt changes nothing, the audit log names each
// one exactly, and in the end, when everybody has deleted their own, the same requests get
// the same bytes: foreign and unknown cannot be told apart.
func TestIsolation(t *testing.T) {
	onStores(t, func(t *testing.T, store session.Store) {
		issuers := twoIssuers(t)
		s := apptest.New(t, apptest.Options{Issuers: issuers, Store: store})
		all := matrix(t, s, issuers)
		for _, p := range all {
			p.settle(t)
		}
		s.Log.Audit(t)

		foreign := everybodyAttacksEverybody(t, s, all, problemOf)
		for _, p := range all {
			p.wantOwn(t)
			p.leave(t)
		}
		for _, p := range all { // session_open has no counterpart that closes one
			if err := s.Registry.Revoke(t.Context(), principal(p), session.KindSession, p.handle); err != nil {
				t.Fatal(err)
			}
		}
		unknown := everybodyAttacksEverybody(t, s, all, func(by, of *person) session.Problem { return session.SessionUnknown })
		for what, answer := range foreign {
			if unknown[what] != answer {
				t.Errorf("%s: foreign and unknown differ:\n%s\n%s", what, answer, unknown[what])
			}
		}
		wantQuietLog(t, s, all)
	})
}

// problemOf is how the audit log must name an attempt by one person on what is another's.
func problemOf(by, of *person) session.Problem {
	if by.issuer == of.issuer && by.subject == of.subject {
		return session.TenantChanged
	}
	return session.SessionBindingViolation
}

// everybodyAttacksEverybody returns the whole answers, by attack. There are fewer attacks
// than misses that are looked into for one principal at once; after each round everybody
// waits for more.
func everybodyAttacksEverybody(
	t *testing.T, s *apptest.Server, all []*person, want func(by, of *person) session.Problem,
) map[string]string {
	t.Helper()
	answers := map[string]string{}
	for _, round := range rounds(s.Store, len(all)) {
		before := ""
		if want(all[0], all[1]) != session.SessionUnknown { // else there is nothing left to look at
			before = snapshot(t, s.Store, all)
		}
		for i, by := range all {
			of := all[(i+round)%len(all)]
			for _, a := range attacks() {
				what := fmt.Sprintf("%s by %v on %v", a.name, by, of)
				answer := a.make(t, by, of)
				answers[what] = fmt.Sprint(answer)
				if got := promised(t, answer); got != a.want {
					t.Fatalf("%s: %s, want %s", what, got, a.want)
				}
				wantNoOther(t, by, all, answer)
				problem := want(by, of)
				if a.presents == "" {
					problem = ""
				}
				wantAudit(t, s, what, a.presents, problem, by, of)
			}
		}
		if before != "" && before != snapshot(t, s.Store, all) {
			t.Fatalf("round %d changed what is stored from\n%s\nto\n%s", round, before, snapshot(t, s.Store, all))
		}
		time.Sleep(time.Minute)
	}
	return answers
}

// rounds are how far apart attacker and attacked are in the matrix: every distance, so that
// everybody meets everybody. On DynamoDB Local, which takes a hundred times as long, it is
// the next one (another issuer or user), the one after (another user), and the same
// subject of the same issuer in another tenant.
func rounds(store session.Store, people int) []int {
	if slow(store) {
		return []int{1, 2, 6}
	}
	all := make([]int, people-1)
	for i := range all {
		all[i] = i + 1
	}
	return all
}

// wantAudit demands exactly one entry about problem, or none when it is empty.
func wantAudit(t testing.TB, s *apptest.Server, what string, kind session.Kind, problem session.Problem, by, of *person) {
	t.Helper()
	entries := s.Log.Audit(t)
	if problem == "" {
		if len(entries) > 0 {
			t.Fatalf("%s: the audit log says %+v, want nothing", what, entries)
		}
		return
	}
	if len(entries) != 1 {
		t.Fatalf("%s: the audit log says %+v, want one %s", what, entries, problem)
	}
	want := apptest.Entry{
		Message: string(problem), Kind: string(kind), Refused: true, Tenant: by.tenant, Issuer: by.issuer.URL(),
		Principal: entries[0].Principal, Client: by.client,
	}
	if problem != session.SessionUnknown {
		want.OwnerTenant = of.tenant
	}
	if entries[0] != want {
		t.Fatalf("%s: the audit log says %+v, want %+v", what, entries[0], want)
	}
}
