package everything

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// troubleTools are not the suite's. They do to a process what its transport has to
// survive; tests/lambda calls them.
var troubleTools = []fixture{
	{"test_wait", "Reports progress, then waits for a file to appear.", with(wait)},
	{"test_panic", "Panics.", plain(panics)},
	{"test_large", "Answers with a text, as often as it is told.", with(large)},
}

type waitInput struct {
	Until string `json:"until" jsonschema:"the path of the file"`
}

// wait lets a test prove that a notification was delivered before the call ended: the
// file is made by whoever got it. Without one the call lasts as long as its context.
func wait(ctx context.Context, req *mcp.CallToolRequest, in waitInput) (*mcp.CallToolResult, error) {
	if token := req.Params.GetProgressToken(); token != nil {
		err := req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: token, Progress: 1})
		if err != nil {
			return nil, err
		}
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		_, err := os.Stat(in.Until)
		if err == nil {
			return says("waited"), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func panics(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	panic("test_panic was called")
}

type largeInput struct {
	Times int    `json:"times" jsonschema:"how often"`
	Text  string `json:"text" jsonschema:"what is repeated"`
}

func large(_ context.Context, _ *mcp.CallToolRequest, in largeInput) (*mcp.CallToolResult, error) {
	return says(strings.Repeat(in.Text, in.Times)), nil
}
