package profile_test

import (
	"bytes"
	"errors"
	"net/url"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/apps/mcp/internal/tool/profile"
	"leasehold.example/apps/mcp/internal/tool/tooltest"
)

// rule 29: the caller's own profile, and one same -32602 for every other URI.
func TestResourceRule29(t *testing.T) {
	t.Parallel()
	for _, subject := range []string{"alice", "auth0|5f7c", "a/b", "a%2Fb", "ünal", "a b?c#d", "{user_id}", "..", "alice@acme.example"} {
		p := tooltest.Principal("acme", subject, "mcp:basic")
		client := tooltest.Connect(t, tooltest.Catalog(t, profile.New()...), tooltest.Modern,
			func() *tool.Call { return tooltest.Call(p, tooltest.Modern) }, nil)
		escaped := url.PathEscape(subject)
		if subject == "alice@acme.example" {
			escaped = "alice%40acme.example" // RFC 6570 simple expansion escapes reserved characters
		}
		got, err := client.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "users://" + escaped + "/profile"})
		if err != nil || len(got.Contents) != 1 {
			t.Errorf("%q: own profile: %v", subject, err)
			continue
		}
		for _, uri := range []string{
			"users://bob/profile", "users:///profile", "users://Alice/profile", "users://" + escaped + escaped + "/profile",
			"users://" + escaped + "/profile/", "users://" + escaped, "users://{user_id}/profile/x", "users://acme/alice/profile",
		} {
			_, err := client.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri})
			wire, ok := errors.AsType[*jsonrpc.Error](err)
			if !ok || wire.Code != jsonrpc.CodeInvalidParams || wire.Message != tool.ResourceNotFound(uri).Message || !bytes.Equal(wire.Data, tool.ResourceNotFound(uri).Data) {
				t.Errorf("%q: %s: %v", subject, uri, err)
			}
		}
	}
}

func TestContents(t *testing.T) {
	t.Parallel()
	p := tooltest.Principal("acme", "alice", "mcp:basic")
	client := tooltest.Connect(t, tooltest.Catalog(t, profile.New()...), tooltest.Legacy,
		func() *tool.Call { return tooltest.Call(p, tooltest.Legacy) }, nil)
	got, err := client.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "users://alice/profile"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"user_id":"alice","tenant":"acme","issuer":"https://issuer.example"}`
	if c := got.Contents[0]; c.Text != want || c.MIMEType != "application/json" || c.URI != "users://alice/profile" {
		t.Errorf("got %+v, want %s", c, want)
	}
}

// A principal that nobody verified has no profile.
func TestNoSubject(t *testing.T) {
	t.Parallel()
	if _, err := profile.Own(tooltest.Principal("acme", ""), ""); !errors.Is(err, tool.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
