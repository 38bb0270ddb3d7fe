package notebook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/apps/mcp/internal/tool/notebook"
	"leasehold.example/apps/mcp/internal/tool/tooltest"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

var scopes = []string{"notebook:delete", "notebook:read", "notebook:write"}

type shelf struct {
	t        *testing.T
	registry *session.Registry
}

func newShelf(t *testing.T, o session.Options) shelf {
	t.Helper()
	return shelf{t: t, registry: tooltest.Registry(t, o)}
}

func (s shelf) client(p identity.Principal, version string, o *mcp.ClientOptions) *tooltest.Client {
	s.t.Helper()
	return tooltest.Connect(s.t, tooltest.Catalog(s.t, notebook.New(s.registry)...), version,
		func() *tool.Call { return tooltest.Call(p, version) }, o)
}

func open(client *tooltest.Client, title string) string {
	var out struct{ Notebook string }
	client.MustTool("notebook_open", fmt.Sprintf(`{"title":%q}`, title), &out)
	return out.Notebook
}

type book struct {
	Title   string
	Entries []string
}

func read(client *tooltest.Client, handle string) book {
	var out book
	client.MustTool("notebook_read", fmt.Sprintf(`{"notebook":%q}`, handle), &out)
	return out
}

func TestLife(t *testing.T) {
	t.Parallel()
	for _, version := range []string{tooltest.Modern, tooltest.Legacy} {
		client := newShelf(t, session.Options{}).client(tooltest.Principal("acme", "alice", scopes...), version, nil)
		handle := open(client, "Plans")
		if text, _ := client.Tool("notebook_read", fmt.Sprintf(`{"notebook":%q}`, handle)); text != `{"title":"Plans","entries":[]}` {
			t.Errorf("new notebook: %s", text)
		}
		for i, text := range []string{"first", "ünïcode \U0001F600", `"quotes" <&>`} {
			var out struct{ Entries int }
			client.MustTool("notebook_append", fmt.Sprintf(`{"notebook":%q,"text":%q}`, handle, text), &out)
			if out.Entries != i+1 {
				t.Errorf("%d entries, want %d", out.Entries, i+1)
			}
		}
		if got := read(client, handle); !slices.Equal(got.Entries, []string{"first", "ünïcode \U0001F600", `"quotes" <&>`}) {
			t.Errorf("got %q", got)
		}
	}
}

// Two clients of one principal lose nothing of each other's.
func TestConcurrentAppends(t *testing.T) {
	t.Parallel()
	s := newShelf(t, session.Options{})
	alice := tooltest.Principal("acme", "alice", scopes...)
	clients := []*tooltest.Client{s.client(alice, tooltest.Modern, nil), s.client(alice, tooltest.Legacy, nil)}
	handle := open(clients[0], "Shared")
	var all sync.WaitGroup
	for i, client := range clients {
		all.Go(func() {
			for n := range 20 {
				text, isError := client.Tool("notebook_append", fmt.Sprintf(`{"notebook":%q,"text":"%d-%d"}`, handle, i, n))
				if isError {
					t.Error(text)
				}
			}
		})
	}
	all.Wait()
	got := read(clients[1], handle).Entries
	for i := range clients {
		var own []string
		for _, e := range got {
			if strings.HasPrefix(e, fmt.Sprint(i)+"-") {
				own = append(own, e)
			}
		}
		if len(own) != 20 || own[0] != fmt.Sprintf("%d-0", i) || own[19] != fmt.Sprintf("%d-19", i) {
			t.Errorf("client %d: %q", i, own)
		}
	}
}

// Unknown, foreign, of another kind, malformed, revoked and expired handles: one error,
// byte by byte, on every tool, and the owner's notebook stays as it is.
func TestForeignHandles(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	var offset time.Duration
	s := newShelf(t, session.Options{Now: func() time.Time { return now.Add(offset) }})
	alice := tooltest.Principal("acme", "alice", scopes...)
	owner := s.client(alice, tooltest.Legacy, nil)
	expired := open(owner, "Expired")
	offset = 25 * time.Hour
	handle := open(owner, "Mine")
	revoked := open(owner, "Revoked")
	var gone struct{ Deleted bool }
	owner.MustTool("notebook_delete", fmt.Sprintf(`{"notebook":%q,"confirm":true}`, revoked), &gone)
	other, _, err := s.registry.Create(t.Context(), alice, session.New{Kind: session.KindSession})
	if err != nil {
		t.Fatal(err)
	}

	elsewhere := alice
	elsewhere.Issuer = "https://other.example"
	attempts := []struct {
		name   string
		p      identity.Principal
		handle string
	}{
		{"other user", tooltest.Principal("acme", "bob", scopes...), handle},
		{"other tenant", tooltest.Principal("globex", "alice", scopes...), handle},
		{"other issuer", elsewhere, handle},
		{"unknown", alice, strings.Repeat("A", 43)},
		{"other kind", alice, other},
		{"other case", alice, strings.ToUpper(handle)},
		{"longer", alice, handle + "A"},
		{"empty", alice, ""},
		{"huge", alice, strings.Repeat("A", 100_000)},
		{"expired", alice, expired},
		{"revoked", alice, revoked},
	}
	answers := map[string]bool{}
	for _, a := range attempts {
		for _, version := range []string{tooltest.Legacy, tooltest.Modern} {
			client := s.client(a.p, version, nil)
			for _, call := range []struct{ tool, format string }{
				{"notebook_read", `{"notebook":%q}`},
				{"notebook_append", `{"notebook":%q,"text":"x"}`},
				{"notebook_delete", `{"notebook":%q,"confirm":true}`},
			} {
				text, isError := client.Tool(call.tool, fmt.Sprintf(call.format, a.handle))
				if !isError {
					t.Errorf("%s: %s succeeds: %s", a.name, call.tool, text)
				}
				answers[text] = true
			}
		}
	}
	if len(answers) != 1 {
		t.Errorf("%d different answers: %v", len(answers), answers)
	}
	if got := read(owner, handle); got.Title != "Mine" || len(got.Entries) != 0 {
		t.Errorf("the owner's notebook changed: %+v", got)
	}
}

func TestDeleteAsksInModern(t *testing.T) {
	t.Parallel()
	for _, agree := range []bool{true, false} {
		s := newShelf(t, session.Options{})
		alice := tooltest.Principal("acme", "alice", scopes...)
		client := s.client(alice, tooltest.Modern, &mcp.ClientOptions{
			ElicitationHandler: func(_ context.Context, r *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
				if want := `Delete the notebook "Plans" with all its entries?`; r.Params.Message != want {
					t.Errorf("asked %q, want %q", r.Params.Message, want)
				}
				return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"confirm": agree}}, nil
			},
		})
		handle := open(client, "Plans")
		var out struct{ Deleted bool }
		// The argument does not answer for the user.
		client.MustTool("notebook_delete", fmt.Sprintf(`{"notebook":%q,"confirm":true}`, handle), &out)
		_, isError := client.Tool("notebook_read", fmt.Sprintf(`{"notebook":%q}`, handle))
		if out.Deleted != agree || isError != agree {
			t.Errorf("agree %v: deleted %v, gone %v", agree, out.Deleted, isError)
		}
	}
}

func TestDeleteNeedsArgumentInLegacy(t *testing.T) {
	t.Parallel()
	client := newShelf(t, session.Options{}).client(tooltest.Principal("acme", "alice", scopes...), tooltest.Legacy, nil)
	handle := open(client, "Plans")
	text, isError := client.Tool("notebook_delete", fmt.Sprintf(`{"notebook":%q}`, handle))
	if !isError || !strings.Contains(text, "confirm set to true") {
		t.Errorf("got error=%v %q", isError, text)
	}
	read(client, handle)
	var out struct{ Deleted bool }
	client.MustTool("notebook_delete", fmt.Sprintf(`{"notebook":%q,"confirm":true}`, handle), &out)
	if !out.Deleted {
		t.Error("not deleted")
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	s := newShelf(t, session.Options{MaxPerOwner: 2, MaxData: 5000})
	client := s.client(tooltest.Principal("acme", "alice", scopes...), tooltest.Modern, nil)
	handle := open(client, strings.Repeat("t", 200))
	text := func(n int) string {
		b, err := json.Marshal(map[string]string{"notebook": handle, "text": strings.Repeat("x", n)})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, c := range []struct{ tool, arguments, want string }{
		{"notebook_open", `{"title":""}`, `"title" must be a string of 1 to 200 characters`},
		{"notebook_open", `{"title":"` + strings.Repeat("t", 201) + `"}`, "1 to 200"},
		{"notebook_append", text(0), "1 to 4000"},
		{"notebook_append", text(4001), "1 to 4000"},
	} {
		if got, isError := client.Tool(c.tool, c.arguments); !isError || !strings.Contains(got, c.want) {
			t.Errorf("%s: error=%v %q, want %q", c.tool, isError, got, c.want)
		}
	}
	if got, isError := client.Tool("notebook_append", text(4000)); isError {
		t.Error(got)
	}
	if got, isError := client.Tool("notebook_append", text(1000)); !isError || !strings.Contains(got, "the data would exceed") {
		t.Errorf("error=%v %q", isError, got)
	}
	if got := read(client, handle); len(got.Entries) != 1 {
		t.Errorf("%d entries after the refused one", len(got.Entries))
	}
	open(client, "second")
	if got, isError := client.Tool("notebook_open", `{"title":"third"}`); !isError || !strings.Contains(got, "nothing was opened") {
		t.Errorf("error=%v %q", isError, got)
	}
}
