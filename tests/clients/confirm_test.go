package clients

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/tests/internal/local"
)

// TestConfirmation has the official SDK answer the question of notebook_delete, which it
// does by itself in multi round-trip requests: the user says no, and then yes. Up to
// 2025-11-25 the tool asks for an argument instead.
func TestConfirmation(t *testing.T) {
	t.Parallel()
	process := local.Start(t, local.Shipped)
	token := process.Token(t, "acme", "user-1")
	for _, version := range []string{modern, legacy} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			answer := "decline"
			session := connect(t, server{address: process.MCP(), token: token}, version, &mcp.ClientOptions{
				ElicitationHandler: func(_ context.Context, q *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
					if !strings.Contains(q.Params.Message, "Groceries") {
						t.Errorf("the question %q does not name the notebook", q.Params.Message)
					}
					return &mcp.ElicitResult{Action: answer, Content: map[string]any{"confirm": answer == "accept"}}, nil
				},
			})
			call := func(name string, args map[string]any) *mcp.CallToolResult {
				t.Helper()
				res, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: args})
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				return res
			}
			var opened struct{ Notebook string }
			recode(t, call("notebook_open", map[string]any{"title": "Groceries"}).StructuredContent, &opened)
			handle := map[string]any{"notebook": opened.Notebook}

			call("notebook_delete", handle) // declined, or asked for the argument
			if res := call("notebook_read", handle); res.IsError {
				t.Fatal("the notebook is gone without the user's consent")
			}
			answer = "accept"
			confirmed := map[string]any{"notebook": opened.Notebook, "confirm": true}
			if res := call("notebook_delete", confirmed); res.IsError {
				t.Fatal("the confirmed deletion failed")
			}
			if res := call("notebook_read", handle); !res.IsError {
				t.Error("the notebook is still there")
			}
		})
	}
}

// TestSessionValues keeps a value in the session that the SDK holds for its caller.
func TestSessionValues(t *testing.T) {
	t.Parallel()
	process := local.Start(t, local.Shipped)
	session := connect(t, server{address: process.MCP(), token: process.Token(t, "acme", "user-1")}, legacy, nil)
	for _, call := range []struct {
		name string
		args map[string]any
	}{
		{"session_set", map[string]any{"key": "a", "value": map[string]any{"n": 1}}},
		{"session_set", map[string]any{"key": "b", "value": 2}},
	} {
		if res, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: call.name, Arguments: call.args}); err != nil || res.IsError {
			t.Fatalf("%s: %v %+v", call.name, err, res)
		}
	}
	res, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "session_get", Arguments: map[string]any{"key": "a"}})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Value struct{ N int } }
	if recode(t, res.StructuredContent, &got); got.Value.N != 1 {
		t.Errorf("session_get gave %+v", res.StructuredContent)
	}
}

func connect(t *testing.T, s server, version string, o *mcp.ClientOptions) *mcp.ClientSession {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "go-sdk", Version: "0"}, o)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: s.address, HTTPClient: &http.Client{Transport: bearer{s.token}}, MaxRetries: -1,
	}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = session.Close() }) // the server may have stopped before
	return session
}
