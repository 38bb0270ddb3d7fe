package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
)

// newServer is a server over a store in memory, and one person with everything.
func newServer(t *testing.T, environ map[string]string) (*apptest.Server, *person) {
	t.Helper()
	issuers := twoIssuers(t)
	s := apptest.New(t, apptest.Options{Issuers: issuers, Store: memstore.New(), Environ: environ})
	p := newPerson(s, issuers[0], "tenant-a", "subject-one")
	p.settle(t)
	s.Log.Audit(t)
	return s, p
}

// TestKindsDoNotInterchange presents everybody's ids as ids of every other kind, by their
// owner and by somebody else. Rule 24: the kind is part of what is stored, so that to the
// audit log too such an id is unknown.
func TestKindsDoNotInterchange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, kindsDoNotInterchange)
}

func kindsDoNotInterchange(t *testing.T) {
	s, p := newServer(t, nil)
	other := newPerson(s, p.issuer, "tenant-b", "subject-two")
	other.settle(t)
	s.Log.Audit(t)
	before := snapshot(t, s.Store, []*person{p, other})

	ids := map[session.Kind][]string{session.KindMCP: {p.session}, session.KindSession: {p.handle}, session.KindNotebook: {p.book}}
	none := session.Kind("none") // neither a sealed state nor a token is an id of any kind
	ids[none] = []string{p.state, p.Token, "", " ", strings.Repeat("A", 43), strings.Repeat("A", 4096), "../../x", "%00", `\u0000`}
	for kind, values := range ids {
		for _, id := range values {
			for _, by := range []*person{p, other} {
				wantNoKindBut(t, by, kind, id)
			}
			time.Sleep(time.Minute) // until misses are looked into again
		}
	}
	for _, e := range s.Log.Audit(t) {
		if e.Message != string(session.SessionUnknown) {
			t.Errorf("the audit log says %+v, want %s", e, session.SessionUnknown)
		}
	}
	if after := snapshot(t, s.Store, []*person{p, other}); after != before {
		t.Errorf("stored before\n%s\nand after\n%s", before, after)
	}
}

// wantNoKindBut presents id as every kind but its own.
func wantNoKindBut(t *testing.T, by *person, kind session.Kind, id string) {
	t.Helper()
	if kind != session.KindMCP && id != "" && !strings.ContainsAny(id, `\`) {
		if a := by.Call(t, id, "ping", "{}"); fmt.Sprintf("%d %s", a.Status, a.Body) != goneSession {
			t.Errorf("%s as a session id: %d %s", kind, a.Status, a.Body)
		}
		if a := by.Delete(t, id); a.Status != http.StatusNotFound {
			t.Errorf("DELETE of %s: %d", kind, a.Status)
		}
	}
	if kind != session.KindNotebook {
		for _, a := range []apptest.Answer{
			by.ToolModern(t, "notebook_read", `{"notebook":"`+id+`"}`),
			by.Tool(t, by.carrier, "notebook_append", `{"notebook":"`+id+`","text":"x"}`),
		} {
			if text, isError := a.Text(t); !isError || text != goneHandle {
				t.Errorf("%s as a notebook: %s", kind, text)
			}
		}
	}
	if kind != session.KindSession && id != "" { // without one the older protocols mean the connection's
		for _, a := range []apptest.Answer{
			by.ToolModern(t, "session_get", `{"key":"key","session":"`+id+`"}`),
			by.Tool(t, by.carrier, "session_set", `{"key":"key","value":1,"session":"`+id+`"}`),
		} {
			if text, isError := a.Text(t); !isError || text != goneHandle {
				t.Errorf("%s as a session handle: %s", kind, text)
			}
		}
	}
}

// TestFixation: rule 23, initialize never takes up an id that it is shown, one's own or
// another's, and leaves it as it is.
func TestFixation(t *testing.T) {
	t.Parallel()
	s, p := newServer(t, nil)
	thief := newPerson(s, p.issuer, p.tenant, "subject-thief")
	before := snapshot(t, s.Store, []*person{p})
	for _, planted := range []string{p.session, "planted"} {
		a := thief.Initialize(t, planted, "thief")
		id := a.Header.Get("Mcp-Session-Id")
		if a.Status != http.StatusOK || id == "" || id == planted {
			t.Errorf("initialize with a planted id: %d, session %q", a.Status, id)
		}
	}
	if after := snapshot(t, s.Store, []*person{p}); after != before {
		t.Errorf("stored before\n%s\nand after\n%s", before, after)
	}
	if a := p.Initialize(t, p.session, "again"); a.Header.Get("Mcp-Session-Id") == p.session {
		t.Error("initialize took up the caller's own id")
	}
	p.wantOwn(t)
}

// TestModernIgnoresTheSessionHeader: rule 6, in 2026-07-28 the header is nothing, whosever
// it is, and DELETE does not exist.
func TestModernIgnoresTheSessionHeader(t *testing.T) {
	t.Parallel()
	s, p := newServer(t, nil)
	other := newPerson(s, p.issuer, p.tenant, "subject-two")
	before := snapshot(t, s.Store, []*person{p})
	body := `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"session_get","arguments":{"key":"key"},"_meta":{` +
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
	header := map[string]string{"Mcp-Protocol-Version": apptest.Modern, "Mcp-Method": "tools/call", "Mcp-Name": "session_get"}
	without := other.Do(t, http.MethodPost, body, header)
	header["Mcp-Session-Id"] = p.session
	if with := other.Do(t, http.MethodPost, body, header); fmt.Sprint(with) != fmt.Sprint(without) || !with.Response(t).Result.IsError {
		t.Errorf("with the header %v, without %v", with, without)
	}
	if a := p.Do(t, http.MethodDelete, "", header); a.Status != http.StatusMethodNotAllowed {
		t.Errorf("DELETE: %d", a.Status)
	}
	if after := snapshot(t, s.Store, []*person{p}); after != before || len(s.Log.Audit(t)) > 0 {
		t.Error("the header had an effect")
	}
}

// TestRefreshedToken: a session is bound to who somebody is, never to a token. Another
// token of the same person keeps it, one of another person of the same tenant does not
// get it, and neither does one whose issuer and subject only concatenate to the same
// (rule 25).
func TestRefreshedToken(t *testing.T) {
	t.Parallel()
	one := identitytest.NewIssuer(t, "https://issuer.example")
	two := identitytest.NewIssuer(t, "https://issuer.example.org")
	s := apptest.New(t, apptest.Options{Issuers: []*identitytest.Issuer{one, two}, Store: memstore.New()})
	p := newPerson(s, one, "tenant-a", ".org/user-1")
	p.settle(t)
	s.Log.Audit(t)

	p.Client = p.As(p.token(identitytest.Claim("jti", "refreshed")))
	p.wantOwn(t)
	if entries := s.Log.Audit(t); len(entries) > 0 {
		t.Errorf("the audit log says %+v, want nothing", entries)
	}
	for _, other := range []*person{
		newPerson(s, one, "tenant-a", ".org/user-2"),
		newPerson(s, two, "tenant-a", "/user-1"),
		newPerson(s, one, "tenant-a", ".org/user-1 "),
		newPerson(s, one, "tenant-a", ".ORG/user-1"),
		newPerson(s, one, "tenant-A", ".org/user-1"),
	} {
		other.carrier, other.ownBook = other.Open(t, "other"), other.openBook(t)
		for _, a := range attacks() {
			if got := promised(t, a.make(t, other, p)); got != a.want {
				t.Errorf("%s by %v: %s", a.name, other, got)
			}
			problem := problemOf(other, p)
			if a.presents == "" {
				problem = ""
			}
			wantAudit(t, s, a.name, a.presents, problem, other, p)
		}
	}
	p.wantOwn(t)
}

// TestFewerScopes: rule 21, scopes are those of the present token. In mid-session one with
// fewer is refused with the missing scope named (rules 19 and 33), the session stays, and
// nothing of it is touched.
func TestFewerScopes(t *testing.T) {
	t.Parallel()
	s, p := newServer(t, nil)
	before := snapshot(t, s.Store, []*person{p})
	weak := p.As(p.token(identitytest.Scopes("mcp:basic", "session:read")))
	for name, a := range map[string]apptest.Answer{
		"session_set in 2025-11-25": weak.Tool(t, p.session, "session_set", `{"key":"key","value":1}`),
		"session_set in 2026-07-28": weak.ToolModern(t, "session_set", `{"key":"key","value":1,"session":"`+p.handle+`"}`),
	} {
		challenge := a.Header.Get("WWW-Authenticate")
		if a.Status != http.StatusForbidden || !strings.Contains(challenge, `error="insufficient_scope"`) ||
			!strings.Contains(challenge, `scope="mcp:basic session:read session:write"`) || !strings.Contains(a.Body, `"scope":"session:write"`) {
			t.Errorf("%s: %d %s %s", name, a.Status, challenge, a.Body)
		}
	}
	if a := weak.ToolModern(t, "notebook_delete", `{"notebook":"`+p.book+`"}`, apptest.Confirmed(p.state)...); a.Status != http.StatusForbidden {
		t.Errorf("a confirmation with fewer scopes than its question: %d %s", a.Status, a.Body)
	}
	if after := snapshot(t, s.Store, []*person{p}); after != before {
		t.Errorf("stored before\n%s\nand after\n%s", before, after)
	}
	if text, isError := weak.Tool(t, p.session, "session_get", `{"key":"key"}`).Text(t); isError {
		t.Errorf("session_get, which the token is good for: %s", text)
	}
	p.wantOwn(t)
}

// TestOtherClient: rule 21, another OAuth client of the same person may use a session, which
// the audit log says; with the setting it may not, and hears what everybody hears.
func TestOtherClient(t *testing.T) {
	t.Parallel()
	for _, bind := range []bool{false, true} {
		t.Run(fmt.Sprintf("bound %v", bind), func(t *testing.T) {
			t.Parallel()
			s, p := newServer(t, map[string]string{config.EnvSessionBindClient: fmt.Sprint(bind)})
			before := snapshot(t, s.Store, []*person{p})
			other := *p
			other.Client = p.As(p.token(identitytest.Client("client-other")))
			for name, a := range map[string]apptest.Answer{
				"session": other.Tool(t, p.session, "session_get", `{"key":"key"}`),
				"handle":  other.ToolModern(t, "session_get", `{"key":"key","session":"`+p.handle+`"}`),
			} {
				var refused bool
				if a.Status == http.StatusNotFound {
					refused = fmt.Sprintf("%d %s", a.Status, a.Body) == goneSession
				} else {
					text, isError := a.Text(t)
					refused = isError && text == goneHandle
				}
				if refused != bind {
					t.Errorf("%s: refused %v: %d %s", name, refused, a.Status, a.Body)
				}
			}
			entries := s.Log.Audit(t)
			if len(entries) != 2 {
				t.Fatalf("the audit log says %+v, want two entries", entries)
			}
			for _, e := range entries {
				if e.Message != string(session.ClientChanged) || e.Client != "client-other" || e.Refused != bind {
					t.Errorf("the audit log says %+v", e)
				}
			}
			if after := snapshot(t, s.Store, []*person{p}); after != before {
				t.Errorf("stored before\n%s\nand after\n%s", before, after)
			}
			// A confirmation is bound to the client in any case (rule 30).
			if a := other.ToolModern(t, "notebook_delete", `{"notebook":"`+p.book+`"}`, apptest.Confirmed(p.state)...); !bind &&
				fmt.Sprintf("%d %s", a.Status, a.Body) != goneState {
				t.Errorf("another client's confirmation: %d %s", a.Status, a.Body)
			}
			p.wantOwn(t)
		})
	}
}

// TestExpiry: rules 23 and 26 over the wire. A session that nobody confirms ends after a
// minute, an idle one after its idle timeout, every one after its absolute lifetime.
func TestExpiry(t *testing.T) {
	onStores(t, func(t *testing.T, store session.Store) {
		issuers := twoIssuers(t)
		s := apptest.New(t, apptest.Options{Issuers: issuers, Store: store, Environ: map[string]string{
			config.EnvSessionIdle: "10m", config.EnvSessionAbsolute: "25m",
		}})
		p := newPerson(s, issuers[0], "tenant-a", "subject-one")
		unconfirmed := p.Initialize(t, "", "client").Header.Get("Mcp-Session-Id")
		used, idle := p.Open(t, "client"), p.Open(t, "client")
		ping := func(id string) int { return p.Call(t, id, "ping", "{}").Status }
		want := func(after time.Duration, id, what string, status int) {
			t.Helper()
			if got := ping(id); got != status {
				t.Errorf("after %v, %s: %d, want %d", after, what, got, status)
			}
		}
		want(0, unconfirmed, "unconfirmed", http.StatusOK)
		time.Sleep(time.Minute)
		want(time.Minute, unconfirmed, "unconfirmed", http.StatusNotFound)
		time.Sleep(8 * time.Minute)
		want(9*time.Minute, used, "used", http.StatusOK)
		time.Sleep(time.Minute)
		want(10*time.Minute, idle, "idle", http.StatusNotFound)
		time.Sleep(8 * time.Minute)
		want(18*time.Minute, used, "used", http.StatusOK)
		time.Sleep(7*time.Minute - time.Second)
		want(25*time.Minute-time.Second, used, "used", http.StatusOK)
		time.Sleep(time.Second)
		want(25*time.Minute, used, "used to the end", http.StatusNotFound)
		for _, e := range s.Log.Audit(t) {
			if e.Message != string(session.SessionUnknown) {
				t.Errorf("the audit log says %+v of one's own", e)
			}
		}
	})
}
