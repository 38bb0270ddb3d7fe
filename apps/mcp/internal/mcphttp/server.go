package mcphttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/observe/metric"
)

// Access says what the parts of a server need.
type Access interface {
	// Lookup returns the scope that method needs for name; ok is false when there is no such
	// thing. The name is a tool for tools/call, a prompt for prompts/get, a URI for
	// resources/read, a URI template for resources/templates/list, and either of the last
	// three for completion/complete.
	Lookup(method, name string) (scope string, ok bool)
}

// listTTL is how long a client may keep a list, in milliseconds. Reads are not kept.
const listTTL = 60_000

// NewServer returns an mcp.Server with the options that this transport rests on: no
// change notifications, which an instance that lives for a request cannot send, private
// results, single pages, and only the served versions.
func NewServer(impl *mcp.Implementation, instructions string, log *slog.Logger) *mcp.Server {
	return mcp.NewServer(impl, &mcp.ServerOptions{
		Instructions:              instructions,
		Logger:                    slog.New(sdkLog{log.Handler()}),
		PageSize:                  1 << 20,
		SupportedProtocolVersions: Versions,
		SetCacheable:              setCacheable,
		Capabilities: &mcp.ServerCapabilities{
			Logging:   &mcp.LoggingCapabilities{},
			Tools:     &mcp.ToolCapabilities{},
			Prompts:   &mcp.PromptCapabilities{},
			Resources: &mcp.ResourceCapabilities{},
		},
	})
}

// setCacheable makes every result private: the SDK's default, public, would let a shared
// cache hand one caller's listing to another.
func setCacheable(_ context.Context, req mcp.Request, c *mcp.Cacheable) {
	c.CacheScope = "private"
	c.TTLMs = 0
	if _, read := req.GetParams().(*mcp.ReadResourceParams); !read {
		c.TTLMs = listTTL
	}
}

// sdkLog passes on the SDK's errors and drops its account of every connection, of which
// there is one per request here.
type sdkLog struct{ slog.Handler }

func (h sdkLog) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelError && h.Handler.Enabled(ctx, l)
}

// install adds the middleware. The first one sees a request first.
func (h *Handler) install() {
	h.server.AddReceivingMiddleware(h.guard, h.openings, h.listings)
	h.server.AddSendingMiddleware(noClientRequests)
}

// exchangeKey is where an exchange travels beside the Call, through the SDK to middleware.
const exchangeKey = "leasehold.example/exchange"

func exchangeOf(req mcp.Request) (*exchange, bool) {
	extra := req.GetExtra()
	if extra == nil || extra.TokenInfo == nil {
		return nil, false
	}
	e, ok := extra.TokenInfo.Extra[exchangeKey].(*exchange)
	return e, ok
}

// guard gives a handler the lifetime of its request, and turns a panic, or an error that
// was not meant for clients, into an internal error: the SDK runs handlers in goroutines
// of its own, where a panic ends the process.
func (h *Handler) guard(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (res mcp.Result, err error) {
		e, ok := exchangeOf(req)
		if !ok {
			return nil, errors.New("mcphttp: a request that came by no exchange")
		}
		defer func() {
			if p := recover(); p != nil {
				res, err = nil, h.internal(ctx, "panic in a handler", "method", method, "panic", thrown(p), "stack", string(debug.Stack()))
			}
		}()
		if session, ok := req.GetSession().(*mcp.ServerSession); ok && e.params != nil {
			method, req = methodCallTool, &mcp.CallToolRequest{Session: session, Params: e.params, Extra: req.GetExtra()}
		}
		res, err = next(handlerContext{Context: e.lifetime, values: ctx}, method, req)
		if failed, ok := res.(*mcp.CallToolResult); ok && failed != nil && failed.IsError {
			observe.From(e.lifetime).Count(metric.ToolErrors)
			toolFailed(e.lifetime)
		}
		switch {
		case err != nil && (isWireError(err) || e.lifetime.Err() != nil): // see execute
			return nil, err
		case err != nil:
			return nil, h.internal(ctx, "handler failed", "method", method, "error", err)
		case !twoRound(method):
			return res, nil
		}
		if e.modern {
			h.identify(res)
		}
		if err := e.keep(res); err != nil {
			return nil, h.internal(ctx, "result cannot be encoded", "method", method, "error", err)
		}
		return &struct{ mcp.ResultBase }{}, nil
	}
}

// thrown says what p is. Its value may hold anything that the request held, unless the
// runtime made it.
func thrown(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}

// identify adds what the SDK would add after keep has encoded the result.
func (h *Handler) identify(res mcp.Result) {
	switch r := res.(type) {
	case *mcp.CallToolResult:
		r.Meta = h.withServerInfo(r.Meta)
	case *mcp.GetPromptResult:
		r.Meta = h.withServerInfo(r.Meta)
	case *mcp.ReadResourceResult:
		r.Meta = h.withServerInfo(r.Meta)
	}
}

func (h *Handler) withServerInfo(m mcp.Meta) mcp.Meta {
	if m == nil {
		m = mcp.Meta{}
	}
	if _, ok := m[mcp.MetaKeyServerInfo]; !ok {
		m[mcp.MetaKeyServerInfo] = h.impl
	}
	return m
}

// isWireError reports whether err is a JSON-RPC error itself, not one that wraps one: the
// text of a wrapping error was not written for clients.
func isWireError(err error) bool {
	_, ok := err.(*jsonrpc.Error) //nolint:errorlint // see above
	return ok
}

// internal logs what happened under an id, and returns the error that quotes it.
func (h *Handler) internal(ctx context.Context, what string, attrs ...any) *jsonrpc.Error {
	e, id := internalError()
	h.log.ErrorContext(ctx, what, append(attrs, "errorId", id)...)
	return &jsonrpc.Error{Code: e.code, Message: e.message, Data: e.data}
}

// openings notes what `initialize` negotiated. The SDK's request says what the client
// asked for; only the result says what it got.
func (h *Handler) openings(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		res, err := next(ctx, method, req)
		if method != methodInitialize || err != nil {
			return res, err
		}
		params, _ := req.GetParams().(*mcp.InitializeParams)
		result, ok := res.(*mcp.InitializeResult)
		e, known := exchangeOf(req)
		if !ok || !known {
			return nil, errors.New("mcphttp: initialize without a result")
		}
		o := &opening{protocol: result.ProtocolVersion}
		if params != nil && params.ClientInfo != nil {
			o.client = clip(params.ClientInfo.Name+"/"+params.ClientInfo.Version, maxClient)
		}
		e.mu.Lock()
		e.opened = o
		e.mu.Unlock()
		return res, nil
	}
}

// maxClient bounds what a session remembers of its client's name and version.
const maxClient = 128

// listings leaves out what does not exist for the caller, in single pages.
func (h *Handler) listings(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		if e, ok := exchangeOf(req); ok && isList(method) {
			if cursorOf(req.GetParams()) != "" {
				return nil, &jsonrpc.Error{Code: errCursor.code, Message: errCursor.message}
			}
			res, err := next(ctx, method, req)
			h.filter(e.call.Principal, res)
			return res, err
		}
		return next(ctx, method, req)
	}
}

func isList(method string) bool {
	switch method {
	case methodListTools, methodListPrompts, methodListRes, methodListTemplate:
		return true
	}
	return false
}

func cursorOf(p mcp.Params) string {
	switch p := p.(type) {
	case *mcp.ListToolsParams:
		if p != nil {
			return p.Cursor
		}
	case *mcp.ListPromptsParams:
		if p != nil {
			return p.Cursor
		}
	case *mcp.ListResourcesParams:
		if p != nil {
			return p.Cursor
		}
	case *mcp.ListResourceTemplatesParams:
		if p != nil {
			return p.Cursor
		}
	}
	return ""
}

// filter keeps the rows whose scope the caller has or could be granted. A tool that one
// more scope would open stays, so that a client can ask for it; a tool that the issuer
// can never grant is not there at all (RULES 19).
func (h *Handler) filter(p identity.Principal, res mcp.Result) {
	switch r := res.(type) {
	case *mcp.ListToolsResult:
		r.Tools = visible(h, p, methodCallTool, r.Tools, func(t *mcp.Tool) string { return t.Name })
	case *mcp.ListPromptsResult:
		r.Prompts = visible(h, p, methodGetPrompt, r.Prompts, func(q *mcp.Prompt) string { return q.Name })
	case *mcp.ListResourcesResult:
		r.Resources = visible(h, p, methodReadResource, r.Resources, func(q *mcp.Resource) string { return q.URI })
	case *mcp.ListResourceTemplatesResult:
		r.ResourceTemplates = visible(h, p, methodListTemplate, r.ResourceTemplates,
			func(q *mcp.ResourceTemplate) string { return q.URITemplate })
	}
}

func visible[T any](h *Handler, p identity.Principal, method string, all []T, name func(T) string) []T {
	rows := make([]T, 0, len(all))
	for _, row := range all {
		if scope, ok := h.access.Lookup(method, name(row)); ok && h.exists(p, scope) {
			rows = append(rows, row)
		}
	}
	return rows
}

// exists reports whether something that needs scope is there for p at all.
func (h *Handler) exists(p identity.Principal, scope string) bool {
	return p.HasScope(scope) || h.grantable(p.Issuer, scope)
}

// noClientRequests refuses what a handler would ask of its client in the middle of a
// request: the answer would come to another instance.
func noClientRequests(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		if !strings.HasPrefix(method, "notifications/") {
			return nil, errors.New("mcphttp: requests to the client are not possible on this transport")
		}
		return next(ctx, method, req)
	}
}
