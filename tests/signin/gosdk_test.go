package signin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"leasehold.example/tests/internal/local"
)

// person is a client of the official SDK whose user has a browser.
type person struct {
	server  *local.Server
	mcp     string // where it is a client of
	browser *browser
	handler *auth.AuthorizationCodeHandler
	// asked is how often the browser was needed.
	asked atomic.Int32
}

func newPerson(t *testing.T, server *local.Server, name string) *person {
	t.Helper()
	p := &person{server: server, mcp: server.MCP(), browser: newBrowser(t)}
	back := newCallback(t)
	var err error
	p.handler, err = auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "go-sdk of " + name, RedirectURIs: []string{back.url}, TokenEndpointAuthMethod: "none",
			GrantTypes: []string{"authorization_code", "refresh_token"},
		}},
		AuthorizationCodeFetcher: func(_ context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			p.asked.Add(1)
			p.browser.consent(t, args.URL, name)
			answer := back.wait(t)
			return &auth.AuthorizationResult{Code: answer.Get("code"), State: answer.Get("state"), Iss: answer.Get("iss")}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *person) connect(t *testing.T, version string) *mcp.ClientSession {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "go-sdk", Version: "0"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: p.mcp, OAuthHandler: p.handler, MaxRetries: -1,
	}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = session.Close() }) // it may be revoked
	return session
}

// who is what whoami says.
type who struct {
	Tenant, Subject string
	Scopes          []string
}

func call(t *testing.T, s *mcp.ClientSession, name string, args map[string]any, out any) *mcp.CallToolResult {
	t.Helper()
	res, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	data, err := json.Marshal(res.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			t.Fatalf("%s: %v in %s", name, err, data)
		}
	}
	return res
}

// TestGoSDK goes from a bare 401 to a tool call, and asks for one scope more when a tool
// needs it, keeping what it has.
func TestGoSDK(t *testing.T) {
	t.Parallel()
	server := local.Start(t, local.Shipped)
	for _, version := range []string{modern, legacy} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			newPerson(t, server, "acme/alice").stepUp(t, version)
		})
	}
}

// stepUp signs in for one scope, and then for another.
func (p *person) stepUp(t *testing.T, version string) {
	t.Helper()
	session := p.connect(t, version)
	var me who
	call(t, session, "whoami", map[string]any{}, &me)
	if me.Tenant != "acme" || me.Subject != "alice" || !slices.Equal(me.Scopes, []string{"mcp:basic"}) || p.asked.Load() != 1 {
		t.Errorf("signed in %d times as %+v", p.asked.Load(), me)
	}
	var opened struct{ Notebook string }
	call(t, session, "notebook_open", map[string]any{"title": "Groceries"}, &opened)
	call(t, session, "whoami", map[string]any{}, &me)
	if opened.Notebook == "" || !slices.Equal(me.Scopes, []string{"mcp:basic", "notebook:write"}) || p.asked.Load() != 2 {
		t.Errorf("asked %d times, the scopes are %q", p.asked.Load(), me.Scopes)
	}
}

// TestRevoked: a session that its owner revokes on the page is gone for the client, which
// starts anew without signing in.
func TestRevoked(t *testing.T) {
	t.Parallel()
	alice := newPerson(t, local.Start(t, local.Shipped), "acme/alice")
	session := alice.connect(t, legacy)
	call(t, session, "whoami", map[string]any{}, nil)
	if text := alice.browser.sessions(t, alice.server.URL); !has(text, "go-sdk", legacy) {
		t.Fatalf("the page does not show the session:\n%s", text)
	}
	alice.browser.revokeAll(t, alice.server.URL)
	_, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "whoami", Arguments: map[string]any{}})
	if !errors.Is(err, mcp.ErrSessionMissing) {
		t.Fatalf("after the revocation: %v, want %v", err, mcp.ErrSessionMissing)
	}
	var me who
	call(t, alice.connect(t, legacy), "whoami", map[string]any{}, &me)
	if me.Subject != "alice" || alice.asked.Load() != 1 {
		t.Errorf("anew, asked %d times, it is %+v", alice.asked.Load(), me)
	}
}

// TestTwoTenants: two browsers are two people of two tenants, and neither page nor client
// of one shows or takes anything of the other's.
func TestTwoTenants(t *testing.T) {
	t.Parallel()
	server := local.Start(t, local.Shipped)
	alice, carol := newPerson(t, server, "acme/alice"), newPerson(t, server, "globex/carol")
	hers, theirs := alice.connect(t, legacy), carol.connect(t, legacy)
	var notebook struct{ Notebook string }
	call(t, hers, "notebook_open", map[string]any{"title": "Groceries"}, &notebook)
	args := map[string]any{"notebook": notebook.Notebook}
	if res := call(t, hers, "notebook_read", args, nil); res.IsError {
		t.Fatal("the owner cannot read the notebook")
	}
	if res := call(t, theirs, "notebook_read", args, nil); !res.IsError || strings.Contains(text(res), "Groceries") {
		t.Errorf("another tenant reads %s", text(res))
	}
	if page := alice.browser.sessions(t, server.URL); !has(page, "alice", "acme", "Notebook") || has(page, "carol") {
		t.Errorf("alice sees:\n%s", page)
	}
	if page := carol.browser.sessions(t, server.URL); !has(page, "carol", "globex") || has(page, "Notebook") || has(page, "alice") {
		t.Errorf("carol sees:\n%s", page)
	}
	carol.browser.revokeAll(t, server.URL)
	if res := call(t, hers, "notebook_read", args, nil); res.IsError {
		t.Error("what one tenant revokes ends the other's")
	}
	if status := present(t, carol, hers.ID()); status != http.StatusNotFound {
		t.Errorf("another tenant's session id: %d, want 404", status)
	}
	if status := present(t, alice, hers.ID()); status != http.StatusOK {
		t.Errorf("the own session id: %d, want 200", status)
	}
}

func text(res *mcp.CallToolResult) string {
	var all strings.Builder
	for _, c := range res.Content {
		if t, ok := c.(*mcp.TextContent); ok {
			all.WriteString(t.Text)
		}
	}
	return all.String()
}

// present asks for the tools with p's token and a session id.
func present(t *testing.T, p *person, session string) (status int) {
	t.Helper()
	source, err := p.handler.TokenSource(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	token, err := source.Token()
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.mcp, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{
		"Authorization": {"Bearer " + token.AccessToken}, "Mcp-Session-Id": {session}, "Mcp-Protocol-Version": {legacy},
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}
