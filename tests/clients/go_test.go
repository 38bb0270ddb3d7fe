package clients

import (
	"encoding/json"
	"net/http"
	"testing"

	mcpgo "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	mcpgotypes "github.com/mark3labs/mcp-go/mcp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// bearer adds the token to every request.
type bearer struct{ token string }

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return http.DefaultTransport.RoundTrip(r)
}

// goSDK drives the server with the official SDK. An empty version is the client's own choice.
func goSDK(version string) driver {
	return func(t *testing.T, s server) seen {
		t.Helper()
		ctx := t.Context()
		session := connect(t, s, version, nil)
		got := seen{Protocol: session.InitializeResult().ProtocolVersion}
		tools, err := session.ListTools(ctx, nil)
		if err != nil {
			t.Fatalf("tools/list: %v", err)
		}
		for _, tool := range tools.Tools {
			got.Tools = append(got.Tools, tool.Name)
		}
		call := func(name string, args, out any) {
			res, err := session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: args})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			recode(t, res.StructuredContent, out)
		}
		call("math", map[string]int{"a": 2, "b": 3}, &got.Math)
		call("whoami", map[string]any{}, &got.Whoami)
		return got
	}
}

// mcpGo drives the server with mark3labs/mcp-go.
func mcpGo(options ...mcpgo.ClientOption) driver {
	return func(t *testing.T, s server) seen {
		t.Helper()
		ctx := t.Context()
		wire, err := transport.NewStreamableHTTP(s.address,
			transport.WithHTTPHeaders(map[string]string{"Authorization": "Bearer " + s.token}))
		if err != nil {
			t.Fatalf("transport: %v", err)
		}
		client := mcpgo.NewClient(wire, options...)
		defer func() {
			if err := client.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}()
		if err := client.Start(ctx); err != nil {
			t.Fatalf("start: %v", err)
		}
		var hello mcpgotypes.InitializeRequest
		hello.Params.ClientInfo = mcpgotypes.Implementation{Name: "mcp-go", Version: "0"}
		if _, err := client.Initialize(ctx, hello); err != nil {
			t.Fatalf("initialize: %v", err)
		}
		got := seen{Protocol: client.ProtocolVersion()}
		tools, err := client.ListTools(ctx, mcpgotypes.ListToolsRequest{})
		if err != nil {
			t.Fatalf("tools/list: %v", err)
		}
		for i := range tools.Tools {
			got.Tools = append(got.Tools, tools.Tools[i].Name)
		}
		call := func(name string, args map[string]any, out any) {
			var req mcpgotypes.CallToolRequest
			req.Params.Name, req.Params.Arguments = name, args
			res, err := client.CallTool(ctx, req)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			recode(t, res.StructuredContent, out)
		}
		call("math", map[string]any{"a": 2, "b": 3}, &got.Math)
		call("whoami", map[string]any{}, &got.Whoami)
		return got
	}
}

// recode turns what a client decoded into any into the type that the test compares.
func recode(t *testing.T, from, to any) {
	t.Helper()
	data, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	decode(t, data, to)
}
