package tool

import (
	"context"
	"crypto/rand"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/libs/seal"
	"leasehold.example/libs/session"
)

// UserError is a failure that the model can do something about. Its text reaches the
// model as it is, so it is written for it and holds no handle and no secret. From a tool
// it is a tool error; prompts and resources have none, so there it is -32602.
type UserError struct{ Text string }

func (e *UserError) Error() string { return e.Text }

// UserErrorf returns a UserError.
func UserErrorf(format string, a ...any) error {
	return &UserError{Text: fmt.Sprintf(format, a...)}
}

// ErrNotFound is what a resource's function returns for anything that is not the
// caller's; the answer is that of a resource that was never there.
var ErrNotFound = errors.New("tool: no such resource")

var (
	errNoScope = errors.New("the scope is missing; libs/scopes has a line for each")
	errNoCall  = errors.New("tool: the request carries no Call, or its token not the scope")
)

// The texts for the model. unknownHandle is one for unknown, foreign, expired, revoked,
// malformed, and of another kind: they cannot be told apart.
const (
	unknownHandle = "this handle is not valid: it is unknown, has expired or was revoked; open a new one"
	conflict      = "others changed this at the same time, again and again; nothing was written; try again"
	tooMany       = "you may have %d open sessions and notebooks, and have them; nothing was opened; delete one, or let one expire"
	tooLarge      = "nothing was written: the data would exceed %d bytes; write less, or to another session or notebook"
)

// protocolError is answered as a JSON-RPC error, unchanged. It is a type of the frame's
// own, so that no JSON-RPC error of another server can pass through a tool.
type protocolError struct{ wire jsonrpc.Error }

func (e *protocolError) Error() string { return e.wire.Message }

// failure turns what a tool's function returned into a result or a JSON-RPC error. The
// order matters: what a store could not do says nothing about the handle.
func (c *Catalog) failure(ctx context.Context, call *Call, err error) (*mcp.CallToolResult, error) {
	if q, ok := errors.AsType[*question](err); ok {
		return q.result(), nil
	}
	if u, ok := errors.AsType[*UserError](err); ok {
		return toolError(u.Text), nil
	}
	switch {
	case ctx.Err() != nil, unavailable(err):
		return nil, c.refuse(ctx, call, err)
	case errors.Is(err, session.ErrNotFound):
		return toolError(unknownHandle), nil
	case errors.Is(err, session.ErrConflict):
		return toolError(conflict), nil
	case errors.Is(err, session.ErrLimit):
		return toolError(c.tooMany), nil
	case errors.Is(err, session.ErrTooLarge):
		return toolError(c.tooLarge), nil
	}
	return nil, c.refuse(ctx, call, err)
}

func toolError(text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{IsError: true, Content: []mcp.Content{&mcp.TextContent{Text: text}}}
}

// refuse turns err into a JSON-RPC error with a fixed text; the reason goes to the log.
func (c *Catalog) refuse(ctx context.Context, call *Call, err error) error {
	if p, ok := errors.AsType[*protocolError](err); ok {
		wire := p.wire // a copy: some of them are shared by all requests
		return &wire
	}
	if u, ok := errors.AsType[*UserError](err); ok {
		return &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: u.Text}
	}
	if ctx.Err() == nil && unavailable(err) {
		call.unavailable.Store(true)
		c.log.WarnContext(ctx, "a store or a key is unavailable", "error", err)
		return &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "temporarily unavailable; try again"}
	}
	return Internal(ctx, c.log, err)
}

func unavailable(err error) bool {
	return errors.Is(err, session.ErrUnavailable) || errors.Is(err, seal.ErrUnavailable)
}

// Internal logs err under a new id and returns the JSON-RPC error that tells nothing but
// this id, for the user to quote.
func Internal(ctx context.Context, log *slog.Logger, err error) *jsonrpc.Error {
	id := rand.Text()
	log.ErrorContext(ctx, "internal error", "id", id, "error", err)
	return &jsonrpc.Error{
		Code: jsonrpc.CodeInternalError, Message: "internal error",
		Data: stdjson.RawMessage(`{"errorId":"` + id + `"}`),
	}
}
