package sessionvalues_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/apps/mcp/internal/tool/sessionvalues"
	"leasehold.example/apps/mcp/internal/tool/tooltest"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

var alice = tooltest.Principal("acme", "alice", "session:read", "session:write")

// modern connects p without a session of its own.
func modern(t *testing.T, r *session.Registry, p identity.Principal) *tooltest.Client {
	t.Helper()
	return tooltest.Connect(t, tooltest.Catalog(t, sessionvalues.New(r)...), tooltest.Modern,
		func() *tool.Call { return tooltest.Call(p, tooltest.Modern) }, nil)
}

// legacy connects alice with a session in the header.
func legacy(t *testing.T, r *session.Registry) *tooltest.Client {
	t.Helper()
	_, rec, err := r.Create(t.Context(), alice, session.New{Kind: session.KindMCP, Protocol: tooltest.Legacy})
	if err != nil {
		t.Fatal(err)
	}
	return tooltest.Connect(t, tooltest.Catalog(t, sessionvalues.New(r)...), tooltest.Legacy, func() *tool.Call {
		c := tooltest.Call(alice, tooltest.Legacy)
		c.Session = &rec
		return c
	}, nil)
}

func open(client *tooltest.Client) string {
	var out struct{ Session string }
	client.MustTool("session_open", `{}`, &out)
	return out.Session
}

// Any JSON comes back as it was stored, in both eras; other keys stay.
func TestValues(t *testing.T) {
	t.Parallel()
	r := tooltest.Registry(t, session.Options{})
	inHeader, withHandle := legacy(t, r), modern(t, r, alice)
	suffix := fmt.Sprintf(`,"session":%q}`, open(withHandle))
	for _, c := range []struct {
		client *tooltest.Client
		suffix string
	}{{inHeader, "}"}, {withHandle, suffix}} {
		for i, value := range []string{
			`9007199254740993`, `123456789012345678901234567890`, `1.10`, `"ü\u2028<&>"`, `null`, `true`, `[]`, `{"b":1,"a":{"A":2}}`,
		} {
			var out struct{ Version int64 }
			c.client.MustTool("session_set", fmt.Sprintf(`{"key":"k%d","value":%s%s`, i, value, c.suffix), &out)
			if out.Version != int64(i+2) {
				t.Errorf("version %d after write %d", out.Version, i)
			}
		}
		for i, want := range []string{
			`9007199254740993`, `123456789012345678901234567890`, `1.10`, "\"ü\u2028<&>\"", `null`, `true`, `[]`, `{"b":1,"a":{"A":2}}`,
		} {
			got, isError := c.client.Tool("session_get", fmt.Sprintf(`{"key":"k%d"%s`, i, c.suffix))
			if isError || got != `{"value":`+want+`}` {
				t.Errorf("k%d: error=%v %s, want %s", i, isError, got, want)
			}
		}
		if got, isError := c.client.Tool("session_get", `{"key":"K0"`+c.suffix); !isError || !strings.Contains(got, "no value") {
			t.Errorf("another key: error=%v %s", isError, got)
		}
	}
}

// Sets of different keys at the same time are both present.
func TestConcurrentSets(t *testing.T) {
	t.Parallel()
	r := tooltest.Registry(t, session.Options{})
	clients := []*tooltest.Client{modern(t, r, alice), modern(t, r, alice)}
	handle := open(clients[0])
	var all sync.WaitGroup
	for i, client := range clients {
		all.Go(func() {
			for n := range 20 {
				text, isError := client.Tool("session_set", fmt.Sprintf(`{"key":"k%d-%d","value":%d,"session":%q}`, i, n, n, handle))
				if isError {
					t.Error(text)
				}
			}
		})
	}
	all.Wait()
	for i := range clients {
		for n := range 20 {
			got, _ := clients[0].Tool("session_get", fmt.Sprintf(`{"key":"k%d-%d","session":%q}`, i, n, handle))
			if want := fmt.Sprintf(`{"value":%d}`, n); got != want {
				t.Errorf("k%d-%d: %s", i, n, got)
			}
		}
	}
}

// A handle works for its owner in either era, and for nobody else; an id of another kind
// is no handle.
func TestHandles(t *testing.T) {
	t.Parallel()
	r := tooltest.Registry(t, session.Options{})
	owner := modern(t, r, alice)
	handle := open(owner)
	var out struct{ Version int64 }
	owner.MustTool("session_set", fmt.Sprintf(`{"key":"k","value":1,"session":%q}`, handle), &out)
	legacy(t, r).MustTool("session_get", fmt.Sprintf(`{"key":"k","session":%q}`, handle), &struct{ Value int }{})

	headerID, _, err := r.Create(t.Context(), alice, session.New{Kind: session.KindMCP})
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]bool{}
	for _, c := range []struct {
		client *tooltest.Client
		handle string
	}{
		{modern(t, r, tooltest.Principal("acme", "bob", alice.Scopes...)), handle},
		{modern(t, r, tooltest.Principal("globex", "alice", alice.Scopes...)), handle},
		{owner, strings.Repeat("A", 43)},
		{owner, headerID},
	} {
		for _, call := range []struct{ tool, format string }{
			{"session_get", `{"key":"k","session":%q}`}, {"session_set", `{"key":"k","value":2,"session":%q}`},
		} {
			text, isError := c.client.Tool(call.tool, fmt.Sprintf(call.format, c.handle))
			if !isError {
				t.Errorf("%s succeeds: %s", call.tool, text)
			}
			answers[text] = true
		}
	}
	if len(answers) != 1 {
		t.Errorf("%d different answers: %v", len(answers), answers)
	}
	if got, _ := owner.Tool("session_get", fmt.Sprintf(`{"key":"k","session":%q}`, handle)); got != `{"value":1}` {
		t.Errorf("the owner's value is %s", got)
	}
}

func TestNoHandle(t *testing.T) {
	t.Parallel()
	client := modern(t, tooltest.Registry(t, session.Options{}), alice)
	for _, c := range []struct{ tool, arguments string }{
		{"session_get", `{"key":"k"}`}, {"session_set", `{"key":"k","value":1,"session":""}`},
	} {
		if text, isError := client.Tool(c.tool, c.arguments); !isError || !strings.Contains(text, "call session_open") {
			t.Errorf("%s: error=%v %s", c.tool, isError, text)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	client := legacy(t, tooltest.Registry(t, session.Options{MaxData: 10_000}))
	set := func(key string, size int) (string, bool) {
		return client.Tool("session_set", fmt.Sprintf(`{"key":%q,"value":%q}`, key, strings.Repeat("x", size-2)))
	}
	for _, c := range []struct {
		key  string
		size int
		want string
	}{
		{"", 10, "1 to 128 characters"},
		{strings.Repeat("k", 129), 10, "1 to 128 characters"},
		{"k", 8193, "the value has 8193 bytes of JSON; at most 8192 are allowed"},
	} {
		if text, isError := set(c.key, c.size); !isError || !strings.Contains(text, c.want) {
			t.Errorf("error=%v %s, want %s", isError, text, c.want)
		}
	}
	if text, isError := set("k", 8192); isError {
		t.Error(text)
	}
	if text, isError := set("k2", 4000); !isError || !strings.Contains(text, "the data would exceed") {
		t.Errorf("error=%v %s", isError, text)
	}
	if text, isError := client.Tool("session_set", `{"key":"k"}`); !isError || !strings.Contains(text, `"value" is missing: it must be a JSON value`) {
		t.Errorf("error=%v %s", isError, text)
	}
}
