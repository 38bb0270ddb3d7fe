package shared

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/session/dynamostore/dynamotest"
	"leasehold.example/tests/internal/deployed"
	"leasehold.example/tests/internal/local"
)

// container is the main package of cmd/server with an issuer that a test can be.
const container = "./apps/mcp/internal/everything/cmd/container"

// gate is in front of DynamoDB Local and counts what passes, by operation.
type gate struct {
	http.Handler
	mu     sync.Mutex
	counts map[string]int
}

func newGate(t testing.TB) (g *gate, address string) {
	t.Helper()
	target, err := url.Parse(dynamotest.Endpoint(t))
	if err != nil {
		t.Fatal(err)
	}
	g = &gate{Handler: httputil.NewSingleHostReverseProxy(target), counts: map[string]int{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return g, server.URL
}

// ServeHTTP counts a read that is not strongly consistent under a name of its own.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	var read struct{ ConsistentRead bool }
	if err := json.Unmarshal(body, &read); operation == "GetItem" && (err != nil || !read.ConsistentRead) {
		operation += " (not consistent)"
	}
	g.mu.Lock()
	g.counts[operation]++
	g.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	g.Handler.ServeHTTP(w, r)
}

// take returns the counts since the last take.
func (g *gate) take() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	taken := maps.Clone(g.counts)
	clear(g.counts)
	return taken
}

// twoServers are two processes over one table and one secret, and the issuer they trust.
func twoServers(t *testing.T) (one, two string, issuer *identitytest.Issuer, g *gate) {
	t.Helper()
	g, table := newGate(t)
	_, name := dynamotest.NewTable(t)
	issuer = identitytest.Serve(t)
	secrets := deployed.ServeSecrets(t)
	bin := local.Build(t, container)
	launch := func() string {
		addr := local.FreeAddr(t)
		cmd := exec.Command(bin)
		cmd.Env = deployed.Environment(
			config.EnvTable+"="+name, config.EnvListenAddr+"="+addr, "AWS_REGION=eu-west-1",
			"AWS_ENDPOINT_URL_DYNAMODB="+table, "AWS_ENDPOINT_URL_SECRETS_MANAGER="+secrets.URL,
			"TEST_ISSUER="+issuer.URL(),
		)
		return local.Launch(t, addr, cmd).MCP()
	}
	return launch(), launch(), issuer, g
}

func newCaller(i *identitytest.Issuer, tenant, subject string) caller {
	return caller{i.Token(identitytest.Tenant(tenant), identitytest.Subject(subject), identitytest.Scopes(
		"mcp:basic", "session:read", "session:write", "notebook:read", "notebook:write", "notebook:delete"))}
}

// TestTwoServers: what is begun at one process goes on at another, in both eras: sessions,
// handles, questions and their answers. What somebody else must not have they do not get at
// either, concurrent writes at both are all kept, and what ends at one is gone at both.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	one, two, issuer, _ := twoServers(t)
	me, other := newCaller(issuer, "tenant-a", "subject-one"), newCaller(issuer, "tenant-b", "subject-one")
	session := me.open(t, one, two)
	handle := me.tool(t, one, "session_open", "{}").text(t, "session")
	book := me.tool(t, two, "notebook_open", `{"title":"shared"}`).text(t, "notebook")

	writeAtBoth(t, me, []string{one, two}, session, handle, book)
	for _, at := range []string{one, two} {
		if a := other.toolOld(t, at, session, "whoami", "{}"); a.status != http.StatusNotFound {
			t.Errorf("another's session: %d", a.status)
		}
		if a := other.delete(t, at, session); a.status != http.StatusNotFound {
			t.Errorf("DELETE of another's session: %d", a.status)
		}
		if a := other.tool(t, at, "notebook_read", `{"notebook":"`+book+`"}`); !a.result(t).IsError {
			t.Errorf("another's notebook: %s", a.body)
		}
	}
	arguments := `{"notebook":"` + book + `"}`
	state := me.tool(t, one, "notebook_delete", arguments).result(t).RequestState
	if deleted := me.tool(t, two, "notebook_delete", arguments, consent(state)...).result(t).StructuredContent["deleted"]; deleted != true {
		t.Errorf("asked at one, confirmed at the other: deleted %v", deleted)
	}
	if a := me.delete(t, two, session); a.status != http.StatusNoContent {
		t.Errorf("DELETE: %d", a.status)
	}
	for _, at := range []string{one, two} {
		if a := me.toolOld(t, at, session, "whoami", "{}"); a.status != http.StatusNotFound {
			t.Errorf("the deleted session: %d", a.status)
		}
		if !me.tool(t, at, "notebook_read", arguments).result(t).IsError {
			t.Error("the deleted notebook is there")
		}
	}
}

// writeAtBoth writes at both servers at once, and reads each thing where the other was
// written.
func writeAtBoth(t *testing.T, me caller, servers []string, session, handle, book string) {
	t.Helper()
	var writes sync.WaitGroup
	for i, at := range servers {
		key := fmt.Sprintf(`"key":"%d","value":"%d"`, i, i)
		entry := fmt.Sprintf(`{"notebook":%q,"text":"%d"}`, book, i)
		writes.Go(func() { good(t, me.toolOld(t, at, session, "session_set", "{"+key+"}")) })
		writes.Go(func() { good(t, me.tool(t, at, "session_set", "{"+key+`,"session":"`+handle+`"}`)) })
		writes.Go(func() { good(t, me.tool(t, at, "notebook_append", entry)) })
	}
	writes.Wait()
	for i := range servers {
		at, want := servers[1-i], fmt.Sprint(i)
		if got := me.toolOld(t, at, session, "session_get", `{"key":"`+want+`"}`).text(t, "value"); got != want {
			t.Errorf("the session holds %q, want %q", got, want)
		}
		if got := me.tool(t, at, "session_get", `{"key":"`+want+`","session":"`+handle+`"}`).text(t, "value"); got != want {
			t.Errorf("the handle's session holds %q, want %q", got, want)
		}
		entries, _ := me.tool(t, at, "notebook_read", `{"notebook":"`+book+`"}`).result(t).StructuredContent["entries"].([]any)
		if len(entries) != 2 {
			t.Errorf("the notebook holds %v, want two entries", entries)
		}
	}
}

func good(t testing.TB, a answer) {
	if a.status != http.StatusOK || strings.Contains(a.body, `"isError":true`) || strings.Contains(a.body, `"error"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestRequestsToTheTable counts what reaches DynamoDB Local in the steady state: one
// strongly consistent read and no write for a call that is bound to a session (a second
// read where the tool reads its data), and nothing for one that is not.
func TestRequestsToTheTable(t *testing.T) {
	t.Parallel()
	one, _, issuer, g := twoServers(t)
	me := newCaller(issuer, "tenant-a", "subject-one")
	session := me.open(t, one, one)
	handle := me.tool(t, one, "session_open", "{}").text(t, "session")
	good(t, me.toolOld(t, one, session, "session_set", `{"key":"k","value":1}`))
	good(t, me.tool(t, one, "session_set", `{"key":"k","value":1,"session":"`+handle+`"}`))
	g.take()

	for _, tt := range []struct {
		name string
		call func() answer
		want map[string]int
	}{
		{"bound, in 2025-11-25", func() answer { return me.toolOld(t, one, session, "math", `{"a":1,"b":2}`) }, map[string]int{"GetItem": 1}},
		{"ping", func() answer { return me.old(t, one, session, `"id":1,"method":"ping"`) }, map[string]int{"GetItem": 1}},
		{"tools/list", func() answer { return me.old(t, one, session, `"id":1,"method":"tools/list"`) }, map[string]int{"GetItem": 1}},
		{"bound, with its data", func() answer { return me.toolOld(t, one, session, "session_get", `{"key":"k"}`) }, map[string]int{"GetItem": 2}},
		{"a handle, with its data", func() answer {
			return me.tool(t, one, "session_get", `{"key":"k","session":"`+handle+`"}`)
		}, map[string]int{"GetItem": 2}},
		{"stateless, in 2026-07-28", func() answer { return me.tool(t, one, "math", `{"a":1,"b":2}`) }, map[string]int{}},
		{
			"a write", func() answer { return me.toolOld(t, one, session, "session_set", `{"key":"k","value":2}`) },
			map[string]int{"GetItem": 2, "TransactWriteItems": 1},
		},
		{"without a token", func() answer { return caller{}.toolOld(t, one, session, "math", `{"a":1,"b":2}`) }, map[string]int{}},
		{"an unknown session", func() answer { return me.toolOld(t, one, "unknown", "math", `{"a":1,"b":2}`) }, map[string]int{"GetItem": 1, "Query": 1}},
	} {
		for range 3 {
			a := tt.call()
			if got := g.take(); !maps.Equal(got, tt.want) {
				t.Errorf("%s (%d): %v, want %v", tt.name, a.status, got, tt.want)
			}
		}
	}
}
