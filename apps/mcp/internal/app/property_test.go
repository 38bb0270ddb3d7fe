package app_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/session"
)

// The limits of the model; small, so that random steps reach them.
const (
	worldIdle     = 10 * time.Minute
	worldAbsolute = 25 * time.Minute
	worldCap      = 4
)

// TestRandomInterleavings drives the server over HTTP through random interleavings of
// opening, reading, writing, deleting, revoking, waiting, refreshed tokens and rotated
// keys, by people who present each other's ids, and compares every answer, the audit log
// and every stored record with a model (rules 9, 21, 23, 24, 26, 27 and 28). The flags
// -rapid.checks and -rapid.steps say how many; on DynamoDB Local it is a third of them.
func TestRandomInterleavings(t *testing.T) {
	onStores(t, func(t *testing.T, store session.Store) {
		issuers := twoIssuers(t)
		s := apptest.New(t, apptest.Options{Issuers: issuers, Store: store, Environ: map[string]string{
			config.EnvSessionIdle: worldIdle.String(), config.EnvSessionAbsolute: worldAbsolute.String(),
			config.EnvSessionCap: fmt.Sprint(worldCap),
		}})
		runs := 0
		// The wrapper hides the deadline of the test, which a bubble must not ask for.
		rapid.Check(struct{ testing.TB }{t}, func(rt *rapid.T) {
			if runs++; slow(store) && runs%3 != 0 {
				return
			}
			w := newWorld(t, s, issuers)
			rt.Repeat(map[string]func(*rapid.T){
				"":       w.check,
				"open":   w.open,
				"write":  w.write,
				"read":   w.read,
				"weak":   w.weak,
				"delete": w.delete,
				"revoke": w.revoke,
				"attack": w.attack,
				"token":  w.refresh,
				"rotate": w.rotate,
				"wait":   w.wait,
			})
		})
	})
}

// world is the model.
type world struct {
	t      testing.TB
	server *apptest.Server
	people []*person
	things []*thing
}

// thing is a session of any kind.
type thing struct {
	owner   *person
	kind    session.Kind
	id      string
	record  session.Record // what the store must hold
	values  map[string]string
	entries []string
	revoked bool
}

// GoString is what rapid prints of a thing that it drew.
func (x *thing) GoString() string { return string(x.kind) + " of " + x.owner.GoString() }

func newWorld(t testing.TB, s *apptest.Server, issuers []*identitytest.Issuer) *world {
	one, two := "tenant-"+rand.Text(), "tenant-"+rand.Text()
	return &world{t: t, server: s, people: []*person{
		newPerson(s, issuers[0], one, "subject-1"),
		newPerson(s, issuers[0], one, "subject-2"),
		newPerson(s, issuers[1], one, "subject-1"),
		newPerson(s, issuers[0], two, "subject-1"),
	}}
}

func (x *thing) live() bool { return !x.revoked && time.Now().Before(x.record.Expires) }

// touch is rule 26.
func (x *thing) touch() {
	if now := time.Now(); now.Sub(x.record.Seen) >= time.Minute {
		x.record.Seen, x.record.Expires = now.UTC(), now.UTC().Add(worldIdle)
		if x.record.Absolute.Before(x.record.Expires) {
			x.record.Expires = x.record.Absolute
		}
	}
}

// data is what the store must hold.
func (x *thing) data() string {
	var content any = x.values
	if x.kind == session.KindNotebook {
		content = struct {
			Title   string   `json:"title"`
			Entries []string `json:"entries"`
		}{"title " + x.owner.secret, append([]string{}, x.entries...)}
	}
	encoded, err := json.Marshal(content)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

func (w *world) liveOf(p *person, kinds ...session.Kind) (live []*thing) {
	for _, x := range w.things {
		if x.owner == p && x.live() && (len(kinds) == 0 || slices.Contains(kinds, x.kind)) {
			live = append(live, x)
		}
	}
	return live
}

func (w *world) person(rt *rapid.T) *person { return rapid.SampledFrom(w.people).Draw(rt, "person") }

func (w *world) thing(rt *rapid.T) *thing {
	if len(w.things) == 0 {
		rt.Skip("nothing has been opened yet")
	}
	return rapid.SampledFrom(w.things).Draw(rt, "thing")
}

// call calls a tool in either era; in the older one over a live session of p.
func (w *world) call(rt *rapid.T, p *person, name, arguments string) apptest.Answer {
	carriers := w.liveOf(p, session.KindMCP)
	if len(carriers) == 0 || rapid.Bool().Draw(rt, "modern") {
		return p.ToolModern(w.t, name, arguments)
	}
	carriers[0].touch()
	return p.Tool(w.t, carriers[0].id, name, arguments)
}

func (w *world) open(rt *rapid.T) {
	p := w.person(rt)
	kind := rapid.SampledFrom([]session.Kind{session.KindMCP, session.KindSession, session.KindNotebook}).Draw(rt, "kind")
	full := len(w.liveOf(p)) >= worldCap
	var id string
	switch kind {
	case session.KindMCP:
		a := p.Initialize(w.t, "", p.secret)
		id = a.Header.Get("Mcp-Session-Id")
		if full != (a.Status == http.StatusTooManyRequests) || full != (id == "") {
			rt.Fatalf("initialize of somebody with full hands %v: %d %s", full, a.Status, a.Body)
		}
		if !full {
			p.Notify(w.t, id, "notifications/initialized", "{}")
		}
	default:
		tool, arguments, member := "session_open", "{}", "session"
		if kind == session.KindNotebook {
			tool, arguments, member = "notebook_open", `{"title":"title `+p.secret+`"}`, "notebook"
		}
		a := w.call(rt, p, tool, arguments)
		if _, isError := a.Text(w.t); isError != full {
			rt.Fatalf("%s of somebody with full hands %v: %s", tool, full, a.Body)
		}
		if !full {
			id = a.Member(w.t, member)
		}
	}
	if full {
		return
	}
	x := &thing{owner: p, kind: kind, id: id, values: map[string]string{}}
	key := session.Key{Owner: p.owner(), Kind: kind, Hash: session.HashID(kind, id)}
	rec, err := w.server.Store.Load(w.t.Context(), key)
	now := time.Now().UTC()
	if err != nil || !rec.Created.Equal(now) || !rec.Seen.Equal(now) || !rec.Expires.Equal(now.Add(worldIdle)) ||
		!rec.Absolute.Equal(now.Add(worldAbsolute)) || !rec.Confirmed || rec.Version != 1 || rec.ClientID != p.client {
		rt.Fatalf("a new %s is stored as %+v (%v)", kind, rec, err)
	}
	x.record = rec
	w.things = append(w.things, x)
}

// use calls the tool for x's kind: a session's carrier is the session itself.
func (w *world) use(rt *rapid.T, by *person, x *thing, tools map[session.Kind]string, arguments string) apptest.Answer {
	name := tools[x.kind]
	switch x.kind {
	case session.KindMCP:
		return by.Tool(w.t, x.id, name, "{"+arguments+"}")
	case session.KindSession:
		return w.call(rt, by, name, `{`+arguments+`,"session":"`+x.id+`"}`)
	default:
		return w.call(rt, by, name, `{`+arguments+`"notebook":"`+x.id+`"}`)
	}
}

var (
	writers = map[session.Kind]string{
		session.KindMCP: "session_set", session.KindSession: "session_set", session.KindNotebook: "notebook_append",
	}
	readers = map[session.Kind]string{
		session.KindMCP: "session_get", session.KindSession: "session_get", session.KindNotebook: "notebook_read",
	}
)

// gone reports whether a says that there is no such thing.
func (w *world) gone(a apptest.Answer) bool {
	if a.Status == http.StatusNotFound {
		return fmt.Sprintf("%d %s", a.Status, a.Body) == goneSession
	}
	text, isError := a.Text(w.t)
	return isError && text == goneHandle
}

func (w *world) write(rt *rapid.T) {
	x := w.thing(rt)
	key, value := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "key"), x.owner.secret+rand.Text()
	arguments := `"key":"` + key + `","value":"` + value + `"`
	if x.kind == session.KindNotebook {
		arguments = `"text":"` + value + `",`
	}
	live := x.live()
	a := w.use(rt, x.owner, x, writers, arguments)
	if live == w.gone(a) {
		rt.Fatalf("a write to what is live %v: %d %s", live, a.Status, a.Body)
	}
	if !live {
		return
	}
	x.touch()
	if x.kind == session.KindNotebook {
		x.entries = append(x.entries, value)
	} else {
		x.values[key] = value
	}
	x.record.Version++
	x.record.Size = len(x.data())
}

func (w *world) read(rt *rapid.T) {
	x := w.thing(rt)
	arguments := `"key":"a"`
	if x.kind == session.KindNotebook {
		arguments = ""
	}
	live := x.live()
	a := w.use(rt, x.owner, x, readers, arguments)
	if live == w.gone(a) {
		rt.Fatalf("a read of what is live %v: %d %s", live, a.Status, a.Body)
	}
	if !live {
		return
	}
	x.touch()
	text, isError := a.Text(w.t)
	switch value, there := x.values["a"]; {
	case x.kind == session.KindNotebook:
		if text != x.data() {
			rt.Fatalf("read %s, want %s", text, x.data())
		}
	case isError == there, there && text != `{"value":"`+value+`"}`:
		rt.Fatalf("read %s, want %q, there %v", text, value, there)
	}
}

// weak writes with a token that may only read; rule 21.
func (w *world) weak(rt *rapid.T) {
	x := w.thing(rt)
	if x.kind == session.KindMCP {
		rt.Skip("its own session would be looked up first")
	}
	weak := *x.owner
	weak.Client = weak.As(weak.token(identitytest.Scopes("session:read", "notebook:read"), identitytest.Expires(farFuture())))
	a := weak.ToolModern(w.t, writers[x.kind], "{}")
	if a.Status != http.StatusForbidden {
		rt.Fatalf("a write without its scope: %d %s", a.Status, a.Body)
	}
}

func (w *world) delete(rt *rapid.T) {
	x := w.thing(rt)
	live := x.live()
	switch x.kind {
	case session.KindMCP:
		if a := x.owner.Delete(w.t, x.id); live != (a.Status == http.StatusNoContent) {
			rt.Fatalf("DELETE of what is live %v: %d", live, a.Status)
		}
	case session.KindNotebook:
		a := x.owner.ToolModern(w.t, "notebook_delete", `{"notebook":"`+x.id+`"}`)
		if !live {
			if !w.gone(a) {
				rt.Fatalf("delete what is gone: %s", a.Body)
			}
			return
		}
		a = x.owner.ToolModern(w.t, "notebook_delete", `{"notebook":"`+x.id+`"}`, apptest.Confirmed(a.Response(w.t).Result.RequestState)...)
		if text, _ := a.Text(w.t); text != `{"deleted":true}` {
			rt.Fatalf("delete: %s", a.Body)
		}
	default:
		rt.Skip("no tool closes one")
	}
	x.revoked = x.revoked || live
}

// revoke is the operator's: one session, or all of somebody's.
func (w *world) revoke(rt *rapid.T) {
	x := w.thing(rt)
	victims := []*thing{x}
	if rapid.Bool().Draw(rt, "all") {
		victims = w.liveOf(x.owner)
		if n, err := w.server.Registry.RevokeOwner(w.t.Context(), x.owner.owner()); err != nil || n != len(victims) {
			rt.Fatalf("revoked %d of %d: %v", n, len(victims), err)
		}
	} else if err := w.server.Registry.Revoke(w.t.Context(), principal(x.owner), x.kind, x.id); x.live() != (err == nil) {
		rt.Fatalf("revoke of what is live %v: %v", x.live(), err)
	}
	for _, v := range victims {
		v.revoked = v.revoked || v.live()
	}
}

// attack presents what is somebody else's; check sees that nothing came of it.
func (w *world) attack(rt *rapid.T) {
	x, by := w.thing(rt), w.person(rt)
	if x.owner == by {
		rt.Skip("it is one's own")
	}
	w.server.Log.Audit(w.t)
	var a apptest.Answer
	switch how := rapid.SampledFrom([]string{"read", "write", "end"}).Draw(rt, "how"); {
	case how == "end" && x.kind == session.KindMCP:
		a = by.Delete(w.t, x.id)
		a.Body = strings.Replace(a.Body, `"2.0",`, `"2.0","id":7,`, 1) // DELETE has no id to repeat
	case how == "end" && x.kind == session.KindNotebook:
		a = w.call(rt, by, "notebook_delete", `{"notebook":"`+x.id+`","confirm":true}`)
	case how == "read" && x.kind == session.KindNotebook:
		a = w.use(rt, by, x, readers, "")
	case how == "read":
		a = w.use(rt, by, x, readers, `"key":"a"`)
	case x.kind == session.KindNotebook:
		a = w.use(rt, by, x, writers, `"text":"stolen",`)
	default:
		a = w.use(rt, by, x, writers, `"key":"a","value":"stolen"`)
	}
	if !w.gone(a) || strings.Contains(a.Body, x.owner.secret) {
		rt.Fatalf("%v at what is %v's: %d %s", by, x.owner, a.Status, a.Body)
	}
	w.wantProblem(rt, by, x)
}

// wantProblem holds the audit log to one entry. Of what has expired it is open whether the
// store still has it.
func (w *world) wantProblem(rt *rapid.T, by *person, x *thing) {
	want := []string{string(problemOf(by, x.owner)), string(session.Unclassified)}
	switch {
	case x.revoked:
		want[0] = string(session.SessionUnknown)
	case !x.live():
		want = append(want, string(session.SessionUnknown))
	}
	entries := w.server.Log.Audit(w.t)
	if len(entries) != 1 || !slices.Contains(want, entries[0].Message) {
		rt.Fatalf("the audit log says %+v, want one of %q; live %v, revoked %v", entries, want, x.live(), x.revoked)
	}
}

func (w *world) refresh(rt *rapid.T) {
	p := w.person(rt)
	p.Client = p.As(p.token(identitytest.Claim("jti", rand.Text()), identitytest.Expires(farFuture())))
}

func (w *world) rotate(rt *rapid.T) {
	i := w.person(rt).issuer
	i.Rotate()
	for _, p := range w.people {
		if p.issuer == i {
			p.Client = p.As(p.token(identitytest.Expires(farFuture())))
		}
	}
	time.Sleep(time.Minute) // unknown keys are fetched at a bounded rate
}

func (w *world) wait(rt *rapid.T) {
	time.Sleep(time.Duration(rapid.SampledFrom([]int{1, 29, 59, 60, 61, 240, 599, 600}).Draw(rt, "seconds")) * time.Second)
}

func farFuture() time.Time { return time.Now().Add(1000 * time.Hour) }

// check compares the store with the model, whoever has tried what: all of it, or one
// thing at a time where reading takes long.
func (w *world) check(rt *rapid.T) {
	things := w.things
	if slow(w.server.Store) && len(things) > 0 {
		things = []*thing{w.thing(rt)}
	}
	for _, x := range things {
		rec, err := w.server.Store.Load(w.t.Context(), x.record.Key)
		if errors.Is(err, session.ErrNotFound) && !x.live() {
			continue // revoked, or expired and dropped
		}
		if err != nil || x.revoked || rec != x.record {
			rt.Fatalf("stored %+v (%v), want %+v, revoked %v", rec, err, x.record, x.revoked)
		}
		data, _, err := w.server.Store.LoadData(w.t.Context(), x.record.Key)
		if err != nil || string(data) != x.data() {
			rt.Fatalf("stored %s (%v), want %s", data, err, x.data())
		}
	}
}
