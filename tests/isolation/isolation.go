// Package isolation has people of several tenants try each other's sessions, handles and notebooks, on
// a server that is anywhere.
package isolation

import (
	"net/http"
	"strings"
	"testing"

	"leasehold.example/tests/wire"
)

// Person is somebody with a token.
type Person struct {
	Name string // in messages, and in what is kept; unique
	wire.Caller
}

// Property is what somebody has on a server.
type Property struct {
	Person
	Session, Handle, Notebook string
}

// NewProperty opens a session, a session handle and a notebook with one entry.
func NewProperty(t testing.TB, who Person) Property {
	t.Helper()
	p := Property{Person: who}
	var err error
	if p.Session, err = who.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	must := func(name, arguments string) wire.Result {
		r, err := who.Tool(t.Context(), name, arguments)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	p.Handle = must("session_open", "{}").Text("session")
	p.Notebook = must("notebook_open", `{"title":"of `+who.Name+`"}`).Text("notebook")
	must("notebook_append", `{"notebook":"`+p.Notebook+`","text":"first"}`)
	must("session_set", `{"session":"`+p.Handle+`","key":"k","value":"`+who.Name+`"}`)
	p.wants(t)
	return p
}

// wants has the owner find all as it was left.
func (p Property) wants(t testing.TB) {
	t.Helper()
	for _, got := range []func() (wire.Result, error){
		func() (wire.Result, error) {
			return p.Tool(t.Context(), "session_get", `{"session":"`+p.Handle+`","key":"k"}`)
		},
		func() (wire.Result, error) {
			return p.Tool(t.Context(), "notebook_read", `{"notebook":"`+p.Notebook+`"}`)
		},
	} {
		r, err := got()
		if err != nil {
			t.Error(err)
			continue
		}
		if v, ok := r.StructuredContent["value"]; ok && v != p.Name {
			t.Errorf("the session holds %v, not %s", v, p.Name)
		}
		if entries, ok := r.StructuredContent["entries"].([]any); ok && len(entries) != 1 {
			t.Errorf("the notebook holds %v, not one entry", entries)
		}
	}
	if a, err := p.OldTool(t.Context(), p.Session, "whoami", "{}"); err != nil || a.Status != http.StatusOK {
		t.Errorf("the own session: %v %s", err, a)
	}
}

// attempts are what one with an id can try, whoever it belongs to.
func attempts(session, handle, notebook string) map[string]func(t testing.TB, c wire.Caller) (wire.Answer, error) {
	all := map[string]func(t testing.TB, c wire.Caller) (wire.Answer, error){
		"DELETE": func(t testing.TB, c wire.Caller) (wire.Answer, error) { return c.End(t.Context(), session) },
	}
	for name, message := range map[string]string{
		"a tool": `"id":1,"method":"tools/call","params":{"name":"session_set","arguments":{"key":"k","value":"stolen"}}`,
		"a list": `"id":1,"method":"tools/list"`, "ping": `"id":1,"method":"ping"`, "a notification": `"method":"notifications/initialized"`,
	} {
		all[name] = func(t testing.TB, c wire.Caller) (wire.Answer, error) { return c.Old(t.Context(), session, message) }
	}
	for _, call := range [][2]string{
		{"session_get", `{"session":"` + handle + `","key":"k"}`},
		{"session_set", `{"session":"` + handle + `","key":"k","value":"stolen"}`},
		{"notebook_read", `{"notebook":"` + notebook + `"}`},
		{"notebook_append", `{"notebook":"` + notebook + `","text":"stolen"}`},
		{"notebook_delete", `{"notebook":"` + notebook + `","confirm":true}`},
	} {
		all[call[0]] = func(t testing.TB, c wire.Caller) (wire.Answer, error) {
			return c.Modern(t.Context(), "tools/call", call[0], `"name":"`+call[0]+`","arguments":`+call[1]+`,`)
		}
	}
	all["another kind of thing"] = func(t testing.TB, c wire.Caller) (wire.Answer, error) {
		return c.Modern(t.Context(), "tools/call", "notebook_read", `"name":"notebook_read","arguments":{"notebook":"`+handle+`"},`)
	}
	return all
}

// madeUp is an id that nobody has, of the same form.
func madeUp(id string) string {
	last := "A"
	if strings.HasSuffix(id, last) {
		last = "Q"
	}
	return id[:len(id)-1] + last
}

// Of tests that of the people nobody gets at what is another's, cannot tell it from what does not exist (rule
// 9), and leaves it as it was (rule 28). They are two or more, and different principals.
func Of(t testing.TB, people ...Person) {
	t.Helper()
	owned := make([]Property, len(people))
	for i, who := range people {
		owned[i] = NewProperty(t, who)
	}
	for i, thief := range owned {
		for j, owner := range owned {
			if i != j {
				try(t, thief, owner)
			}
		}
	}
	for _, p := range owned {
		p.wants(t)
	}
}

// try has one try what is another's, and what is nobody's.
func try(t testing.TB, thief, owner Property) {
	t.Helper()
	unknown := attempts(madeUp(owner.Session), madeUp(owner.Handle), madeUp(owner.Notebook))
	for name, attempt := range attempts(owner.Session, owner.Handle, owner.Notebook) {
		got, err := attempt(t, thief.Caller)
		want, errWant := unknown[name](t, thief.Caller)
		if err != nil || errWant != nil {
			t.Fatal(err, errWant)
		}
		if got.Status != want.Status || got.Body != want.Body {
			t.Errorf("%s, %s of %s: %s; of nobody: %s", thief.Name, name, owner.Name, got, want)
		}
		if got.Status == http.StatusOK && !strings.Contains(got.Body, `"isError":true`) || got.Status < 300 && got.Status != http.StatusOK {
			t.Errorf("%s, %s of %s: %s", thief.Name, name, owner.Name, got)
		}
	}
}
