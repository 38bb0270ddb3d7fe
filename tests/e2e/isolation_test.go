package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// property is what somebody has in a stack.
type property struct {
	caller
	session, handle, notebook string
}

func newProperty(t *testing.T, s *Stack, tenant, subject string) property {
	t.Helper()
	me, err := s.caller(tenant, subject)
	if err != nil {
		t.Fatal(err)
	}
	p := property{caller: me}
	if p.session, err = me.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	must := func(name, arguments string) result {
		r, err := me.tool(t.Context(), name, arguments)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	p.handle = must("session_open", "{}").text("session")
	p.notebook = must("notebook_open", `{"title":"of `+subject+`"}`).text("notebook")
	must("notebook_append", `{"notebook":"`+p.notebook+`","text":"first"}`)
	must("session_set", `{"session":"`+p.handle+`","key":"k","value":"`+tenant+subject+`"}`)
	p.wants(t, tenant+subject)
	return p
}

// wants has the owner find all as it was left.
func (p property) wants(t *testing.T, value string) {
	t.Helper()
	for _, got := range []func() (result, error){
		func() (result, error) {
			return p.tool(t.Context(), "session_get", `{"session":"`+p.handle+`","key":"k"}`)
		},
		func() (result, error) {
			return p.tool(t.Context(), "notebook_read", `{"notebook":"`+p.notebook+`"}`)
		},
	} {
		r, err := got()
		if err != nil {
			t.Error(err)
			continue
		}
		if v, ok := r.StructuredContent["value"]; ok && v != value {
			t.Errorf("the session holds %v, not %s", v, value)
		}
		if entries, ok := r.StructuredContent["entries"].([]any); ok && len(entries) != 1 {
			t.Errorf("the notebook holds %v, not one entry", entries)
		}
	}
	if a, err := p.oldTool(t.Context(), p.session, "whoami", "{}"); err != nil || a.status != http.StatusOK {
		t.Errorf("the own session: %v %s", err, a)
	}
}

// attempts are what one with an id can try, whoever it belongs to. REF is the id.
func attempts(session, handle, notebook string) map[string]func(t *testing.T, c caller) (answer, error) {
	all := map[string]func(t *testing.T, c caller) (answer, error){
		"DELETE": func(t *testing.T, c caller) (answer, error) { return c.end(t.Context(), session) },
	}
	for name, message := range map[string]string{
		"a tool": `"id":1,"method":"tools/call","params":{"name":"session_set","arguments":{"key":"k","value":"stolen"}}`,
		"a list": `"id":1,"method":"tools/list"`, "ping": `"id":1,"method":"ping"`, "a notification": `"method":"notifications/initialized"`,
	} {
		all[name] = func(t *testing.T, c caller) (answer, error) { return c.old(t.Context(), session, message) }
	}
	for _, call := range [][2]string{
		{"session_get", `{"session":"` + handle + `","key":"k"}`},
		{"session_set", `{"session":"` + handle + `","key":"k","value":"stolen"}`},
		{"notebook_read", `{"notebook":"` + notebook + `"}`},
		{"notebook_append", `{"notebook":"` + notebook + `","text":"stolen"}`},
		{"notebook_delete", `{"notebook":"` + notebook + `","confirm":true}`},
		{"notebook_read", `{"notebook":"` + handle + `"}`}, // another kind of thing
	} {
		all[call[0]+call[1][:9]] = func(t *testing.T, c caller) (answer, error) {
			return c.modern(t.Context(), "tools/call", call[0], `"name":"`+call[0]+`","arguments":`+call[1]+`,`)
		}
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

// testIsolation: of people of two tenants, some with the same name, nobody gets at what is
// another's, cannot tell it from what does not exist (rule 9), and leaves it as it was
// (rule 28).
func testIsolation(t *testing.T, s *Stack) {
	t.Helper()
	people := [][2]string{{"acme", "alice"}, {"acme", "bob"}, {"globex", "alice"}, {"globex", "bob"}}
	owned := make([]property, len(people))
	for i, who := range people {
		owned[i] = newProperty(t, s, who[0], who[1])
	}
	for i, thief := range owned {
		for j, owner := range owned {
			if i == j {
				continue
			}
			unknown := attempts(madeUp(owner.session), madeUp(owner.handle), madeUp(owner.notebook))
			for name, attempt := range attempts(owner.session, owner.handle, owner.notebook) {
				got, err := attempt(t, thief.caller)
				want, errWant := unknown[name](t, thief.caller)
				if err != nil || errWant != nil {
					t.Fatal(err, errWant)
				}
				if got.status != want.status || got.body != want.body {
					t.Errorf("%v, %s of %v: %s; of nobody: %s", people[i], name, people[j], got, want)
				}
				if got.status == http.StatusOK && !strings.Contains(got.body, `"isError":true`) || got.status < 300 && got.status != http.StatusOK {
					t.Errorf("%v, %s of %v: %s", people[i], name, people[j], got)
				}
			}
		}
	}
	for i, who := range people {
		owned[i].wants(t, who[0]+who[1])
	}
}
