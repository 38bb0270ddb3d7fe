//nolint:staticcheck // the suite tests logging and sampling, which 2026-07-28 deprecates
package everything

import (
	"context"
	"encoding/json"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// noticeTools send notifications while they run, or look at what the client declared.
var noticeTools = []fixture{
	{"test_tool_with_logging", "Logs three messages.", plain(logThrice)},
	{"test_tool_with_progress", "Reports progress three times, to a client that asks for it.", plain(progressThrice)},
	{"test_logging_tool", "Logs one message, which only a client that asks for it may see.", plain(logOnce)},
	{"test_missing_capability", "Works only for clients that declare sampling.", plain(needSampling)},
}

// pause is the time between two notifications. The suite asks for it, so that they do
// not arrive as one.
func pause(ctx context.Context) error {
	select {
	case <-time.After(50 * time.Millisecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func logThrice(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	for _, message := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
		if err := req.Session.Log(ctx, &mcp.LoggingMessageParams{Level: "info", Data: message}); err != nil {
			return nil, err
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
	return says("logged three messages"), nil
}

func logOnce(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if err := req.Session.Log(ctx, &mcp.LoggingMessageParams{Level: "info", Data: "a message"}); err != nil {
		return nil, err
	}
	return says("logged a message"), nil
}

func progressThrice(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	token := req.Params.GetProgressToken()
	for _, progress := range []float64{0, 50, 100} {
		if token != nil {
			err := req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
				ProgressToken: token, Progress: progress, Total: 100,
			})
			if err != nil {
				return nil, err
			}
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
	return says("reached 100 of 100"), nil
}

func needSampling(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if c := req.ClientCapabilities(); c != nil && c.Sampling != nil {
		return says("the client declares sampling"), nil
	}
	return nil, missing(`{"sampling":{}}`)
}

// missing is the error for a request that needs capabilities (a JSON object) that its
// client did not declare.
// https://modelcontextprotocol.io/specification/2026-07-28/basic#error-codes
func missing(capabilities string) *jsonrpc.Error {
	return &jsonrpc.Error{
		Code:    mcp.CodeMissingRequiredClientCapabilities,
		Message: "the client does not declare what this needs",
		Data:    json.RawMessage(`{"requiredCapabilities":` + capabilities + `}`),
	}
}
