package lambda

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/tests/internal/deployed"
)

const (
	modern = "2026-07-28"
	legacy = "2025-11-25"
)

// bearer adds a token to every request, and keeps every session id out of the log.
type bearer struct {
	f     *deployed.Function
	token string
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if id := res.Header.Get("Mcp-Session-Id"); id != "" {
		b.f.Private(id)
	}
	return res, nil
}

// client is the official SDK's, connected through an edge. Its user agrees to everything.
func client(t *testing.T, f *deployed.Function, address, version string) *mcp.ClientSession {
	t.Helper()
	c := mcp.NewClient(&mcp.Implementation{Name: "go-sdk", Version: "0"}, &mcp.ClientOptions{
		ElicitationHandler: func(_ context.Context, r *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			content := map[string]any{}
			schema, _ := r.Params.RequestedSchema.(map[string]any)
			properties, _ := schema["properties"].(map[string]any)
			for name := range properties {
				content[name] = true
			}
			return &mcp.ElicitResult{Action: "accept", Content: content}, nil
		},
	})
	session, err := c.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: address, HTTPClient: &http.Client{Transport: bearer{f, f.Token()}}, MaxRetries: -1,
	}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return session
}

// caller calls tools whose results are JSON objects.
type caller struct {
	t *testing.T
	f *deployed.Function
	*mcp.ClientSession
}

// call returns the member of the result that is asked for.
func (c caller) call(tool, member string, arguments map[string]any) any {
	c.t.Helper()
	res, err := c.CallTool(c.t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		c.t.Fatalf("%s: %v", tool, err)
	}
	data, err := json.Marshal(res.StructuredContent)
	if err != nil {
		c.t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil || res.IsError {
		c.t.Fatalf("%s: %s, error %v", tool, data, res.IsError)
	}
	return out[member]
}

// handle is call for a handle, which no log may have.
func (c caller) handle(tool, member string, arguments map[string]any) string {
	c.t.Helper()
	h, ok := c.call(tool, member, arguments).(string)
	if !ok || h == "" {
		c.t.Fatalf("%s: no handle", tool)
	}
	c.f.Private(h)
	return h
}

func (c caller) want(want any, tool, member string, arguments map[string]any) {
	c.t.Helper()
	if got := c.call(tool, member, arguments); got != want {
		c.t.Errorf("%s: %s is %v, want %v", tool, member, got, want)
	}
}

// TestEras uses every shipped tool through every edge, in both eras, on two processes
// that share a table: a session lives in neither.
func TestEras(t *testing.T) {
	t.Parallel()
	for _, e := range edges {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			f := deployed.Start(t, deployed.Tools, deployed.Options{Streaming: e.streaming, Instances: 2})
			address := f.Serve(t, e.kind)
			for _, version := range []string{modern, legacy} {
				c := caller{t, f, client(t, f, address, version)}
				if got := c.InitializeResult().ProtocolVersion; got != version {
					t.Fatalf("negotiated %s, want %s", got, version)
				}
				useTools(c, version)
			}
			if f.Secrets.Requests() == 0 {
				t.Error("a confirmation was sealed without a key")
			}
		})
	}
}

func useTools(c caller, version string) {
	c.t.Helper()
	c.want(5.0, "math", "sum", map[string]any{"a": 2, "b": 3})
	c.want("acme", "whoami", "tenant", map[string]any{})
	get, set := map[string]any{"key": "color"}, map[string]any{"key": "color", "value": "blue"}
	if version == modern {
		handle := c.handle("session_open", "session", map[string]any{})
		get["session"], set["session"] = handle, handle
	}
	c.call("session_set", "version", set)
	c.want("blue", "session_get", "value", get)
	notebook := c.handle("notebook_open", "notebook", map[string]any{"title": "Plans"})
	c.want(1.0, "notebook_append", "entries", map[string]any{"notebook": notebook, "text": "one"})
	c.want("Plans", "notebook_read", "title", map[string]any{"notebook": notebook})
	// The modern era asks the user (sealed state, twice round); before it an argument says so.
	remove := map[string]any{"notebook": notebook}
	if version == legacy {
		remove["confirm"] = true
	}
	c.want(true, "notebook_delete", "deleted", remove)
}
