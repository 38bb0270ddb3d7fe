package bench

import (
	"context"
	"net/http"

	mcpgo "github.com/mark3labs/mcp-go/mcp"
	mcpgoserver "github.com/mark3labs/mcp-go/server"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// The tools of the peers have the names, the arguments and the results of ours, and keep
// nothing.

type sumInput struct {
	A int64 `json:"a" jsonschema:"the first summand"`
	B int64 `json:"b" jsonschema:"the second summand"`
}

type sumOutput struct {
	Sum int64 `json:"sum" jsonschema:"a plus b"`
}

type valueInput struct {
	Key     string `json:"key" jsonschema:"the name of the value"`
	Session string `json:"session,omitempty" jsonschema:"the session"`
}

type valueOutput struct {
	Value string `json:"value" jsonschema:"the value"`
}

// goSDK is the official SDK's handler at its leanest: stateless, JSON answers, typed tools.
func goSDK() http.Handler {
	s := mcp.NewServer(&mcp.Implementation{Name: "bare", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "math", Description: "Adds."},
		func(_ context.Context, _ *mcp.CallToolRequest, in sumInput) (*mcp.CallToolResult, sumOutput, error) {
			return nil, sumOutput{in.A + in.B}, nil
		})
	mcp.AddTool(s, &mcp.Tool{Name: "session_get", Description: "Reads."},
		func(context.Context, *mcp.CallToolRequest, valueInput) (*mcp.CallToolResult, valueOutput, error) {
			return nil, valueOutput{value}, nil
		})
	return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s },
		&mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true, DisableLocalhostProtection: true})
}

// mcpGo is mark3labs/mcp-go's handler, stateless, with typed tools.
func mcpGo() http.Handler {
	s := mcpgoserver.NewMCPServer("bare", "1")
	s.AddTool(mcpgo.NewTool("math", mcpgo.WithInputSchema[sumInput](), mcpgo.WithOutputSchema[sumOutput]()),
		mcpgo.NewStructuredToolHandler(func(_ context.Context, _ mcpgo.CallToolRequest, in sumInput) (sumOutput, error) {
			return sumOutput{in.A + in.B}, nil
		}))
	s.AddTool(mcpgo.NewTool("session_get", mcpgo.WithInputSchema[valueInput](), mcpgo.WithOutputSchema[valueOutput]()),
		mcpgo.NewStructuredToolHandler(func(context.Context, mcpgo.CallToolRequest, valueInput) (valueOutput, error) {
			return valueOutput{value}, nil
		}))
	return mcpgoserver.NewStreamableHTTPServer(s, mcpgoserver.WithStateLess(true))
}
