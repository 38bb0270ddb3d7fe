// Package everything registers what the official MCP conformance suite looks for in a
// server: tools, prompts and resources whose names, arguments and answers the suite
// fixes. It belongs to a build of its own, beside the shipped servers, so that the suite
// judges their transport; it guards nothing and holds nothing.
//
// Some of it asks the client something in the middle of a call (ask.go), which the
// protocols before 2026-07-28 want and which a transport without a lasting process
// refuses: those scenarios are there, and fail.
//
// Left out are the suite's hooks that change a list while the server runs: a server that
// does not announce changes is not asked for them.
//
// The suite: https://github.com/modelcontextprotocol/conformance
package everything

import (
	"context"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Scope is what a token needs for all that is registered here.
const Scope = "mcp:basic"

// fixture is a tool of the suite. add registers its handler under the definition that it
// is given.
type fixture struct {
	name, about string
	add         func(*mcp.Server, *mcp.Tool)
}

var tools = slices.Concat(contentTools, noticeTools, askingTools, roundTools, schemaTools, troubleTools)

// Register adds every fixture to s.
func Register(s *mcp.Server) {
	for _, t := range tools {
		t.add(s, &mcp.Tool{Name: t.name, Description: t.about})
	}
	for _, p := range prompts {
		s.AddPrompt(p.definition, p.get)
	}
	for _, r := range resources {
		s.AddResource(r.definition, r.read)
	}
	s.AddResourceTemplate(template, readTemplate)
	s.AddReceivingMiddleware(complement)
}

// handler is a tool with the arguments In. An ordinary error is a result with isError, a
// *jsonrpc.Error a protocol error.
type handler[In any] func(ctx context.Context, req *mcp.CallToolRequest, in In) (*mcp.CallToolResult, error)

// with registers fn, whose input schema is derived from In unless the definition has one.
func with[In any](fn handler[In]) func(*mcp.Server, *mcp.Tool) {
	return func(s *mcp.Server, t *mcp.Tool) {
		mcp.AddTool(s, t, func(ctx context.Context, req *mcp.CallToolRequest, in In) (*mcp.CallToolResult, any, error) {
			res, err := fn(ctx, req, in)
			return res, nil, err
		})
	}
}

// plain registers a tool without arguments.
func plain(fn func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error)) func(*mcp.Server, *mcp.Tool) {
	return with(func(ctx context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, error) {
		return fn(ctx, req)
	})
}

// Access tells the transport what exists here.
type Access struct{}

// Lookup returns Scope for everything that is registered: by tool name for tools/call,
// prompt name for prompts/get, URI for resources/read and for both methods of
// subscriptions, URI template for resources/templates/list, and any of the last three for
// completion/complete. For all else ok is false.
func (Access) Lookup(method, name string) (scope string, ok bool) {
	switch method {
	case methodCall:
		ok = slices.ContainsFunc(tools, func(t fixture) bool { return t.name == name })
	case methodPrompt:
		ok = isPrompt(name)
	case methodRead, methodSubscribe, methodUnsubscribe:
		ok = isResource(name)
	case methodTemplates:
		ok = name == template.URITemplate
	case methodComplete:
		ok = isPrompt(name) || isResource(name) || name == template.URITemplate
	}
	if !ok {
		return "", false
	}
	return Scope, true
}

const (
	methodCall        = "tools/call"
	methodPrompt      = "prompts/get"
	methodRead        = "resources/read"
	methodSubscribe   = "resources/subscribe"
	methodUnsubscribe = "resources/unsubscribe"
	methodTemplates   = "resources/templates/list"
	methodComplete    = "completion/complete"
)

// complement answers completions and subscriptions, for which the SDK has options only,
// and declares both capabilities. Nothing is ever suggested; and the resource that the
// suite subscribes to does not change, so that no subscriber is owed an update.
func complement(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		switch method {
		case methodComplete:
			return &mcp.CompleteResult{Completion: mcp.CompletionResultDetails{Values: []string{}}}, nil
		case methodSubscribe, methodUnsubscribe:
			return &struct{ mcp.ResultBase }{}, nil
		}
		res, err := next(ctx, method, req)
		if err != nil {
			return nil, err
		}
		switch r := res.(type) {
		case *mcp.InitializeResult:
			r.Capabilities.Completions = &mcp.CompletionCapabilities{}
			r.Capabilities.Resources.Subscribe = true
		case *mcp.DiscoverResult:
			r.Capabilities.Completions = &mcp.CompletionCapabilities{}
		}
		return res, nil
	}
}
