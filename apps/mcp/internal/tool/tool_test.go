package tool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/apps/mcp/internal/tool/tooltest"
	"leasehold.example/libs/seal"
	"leasehold.example/libs/session"
)

var alice = tooltest.Principal("acme", "alice", "mcp:basic")

type echo struct {
	N     int64          `json:"n" jsonschema:"an integer"`
	Word  string         `json:"word,omitzero" jsonschema:"a word" length:"1,5"`
	Flag  bool           `json:"flag,omitzero" jsonschema:"a flag"`
	List  []uint64       `json:"list,omitzero" jsonschema:"a list"`
	Value jsontext.Value `json:"value,omitzero" jsonschema:"anything"`
}

func spec(name string) tool.Spec {
	return tool.Spec{Name: name, Title: "T", Description: "D", Scope: "mcp:basic"}
}

func echoTool(ran *int) tool.Tool {
	return tool.New(spec("echo"), func(_ context.Context, _ *tool.Call, in echo) (echo, error) {
		*ran++
		return in, nil
	})
}

func connect(t *testing.T, version string, entries ...tool.Entry) *tooltest.Client {
	t.Helper()
	return tooltest.Connect(t, tooltest.Catalog(t, entries...), version,
		func() *tool.Call { return tooltest.Call(alice, version) }, nil)
}

// rule 2: arguments are validated against the schema, then decoded case-sensitively.
func TestArgumentsRule2(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arguments string
		want      string // the result, or a part of the tool error
		isError   bool
	}{
		"all":                   {`{"n":1,"word":"abc","flag":true,"list":[1],"value":{"a":null}}`, `{"n":1,"word":"abc","flag":true,"list":[1],"value":{"a":null}}`, false},
		"only the required":     {`{"n":-1}`, `{"n":-1}`, false},
		"2^53+1":                {`{"n":9007199254740993}`, `{"n":9007199254740993}`, false},
		"the largest":           {`{"n":9223372036854775807,"list":[18446744073709551615]}`, `{"n":9223372036854775807,"list":[18446744073709551615]}`, false},
		"big in any value":      {`{"n":0,"value":[123456789012345678901234567890]}`, `{"n":0,"value":[123456789012345678901234567890]}`, false},
		"missing":               {`{}`, `"n" is missing: it must be an integer`, true},
		"unknown":               {`{"n":1,"x":1}`, `"x" is unknown`, true},
		"other case":            {`{"N":1}`, `"N" is unknown`, true},
		"both cases":            {`{"n":1,"N":2}`, `"N" is unknown`, true},
		"a string for a number": {`{"n":"1"}`, `"n" must be an integer`, true},
		"a fraction":            {`{"n":1.5}`, `"n" must be an integer`, true},
		"an integral float":     {`{"n":1.0}`, `"n" must be an integer`, true},
		"an exponent":           {`{"n":1e2}`, `"n" must be an integer`, true},
		"past 64 bits":          {`{"n":9223372036854775808}`, `"n" must be an integer`, true},
		"far past":              {`{"n":1e999}`, `"n" must be an integer`, true},
		"null":                  {`{"n":null}`, `"n" must be an integer`, true},
		"null for a list":       {`{"n":1,"list":null}`, `"list" must be of type array`, true},
		"negative in a list":    {`{"n":1,"list":[-1]}`, `"list" must be of type array`, true},
		"too long":              {`{"n":1,"word":"abcdef"}`, `"word" must be a string of 1 to 5 characters`, true},
		"long in characters":    {`{"n":1,"word":"äöüßé"}`, `{"n":1,"word":"äöüßé"}`, false},
		"empty":                 {`{"n":1,"word":""}`, `"word" must be a string of 1 to 5 characters`, true},
		"all that is wrong":     {`{"word":1,"flag":"x"}`, `invalid arguments: "n" is missing: it must be an integer of at most 64 bits, without fraction or exponent; "flag" must be true or false; "word" must be a string of 1 to 5 characters`, true},
		"a long name":           {`{"n":1,"` + strings.Repeat("x", 100) + `":1}`, "a long name is unknown", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ran int
			text, isError := connect(t, tooltest.Modern, echoTool(&ran)).Tool("echo", c.arguments)
			if isError != c.isError || !strings.Contains(text, c.want) {
				t.Errorf("got error=%v %s, want error=%v %s", isError, text, c.isError, c.want)
			}
			if (ran == 0) != c.isError {
				t.Errorf("the function ran %d times", ran)
			}
		})
	}
}

// rule 2: the error names fields and never repeats a value, which may be a handle.
func TestArgumentsDoNotEchoValues(t *testing.T) {
	t.Parallel()
	var ran int
	text, _ := connect(t, tooltest.Modern, echoTool(&ran)).Tool("echo", `{"n":"s3cret","word":"s3cret-value"}`)
	if strings.Contains(text, "s3cret") {
		t.Error(text)
	}
}

func TestBigIntegersOnTheWire(t *testing.T) {
	t.Parallel()
	var ran int
	client := connect(t, tooltest.Modern, echoTool(&ran))
	client.Tool("echo", `{"n":9007199254740993}`)
	if want := `"structuredContent":{"n":9007199254740993}`; !strings.Contains(client.Wire.String(), want) {
		t.Errorf("%s is not in\n%s", want, client.Wire)
	}
}

func wireCode(t *testing.T, err error) int64 {
	t.Helper()
	wire, ok := errors.AsType[*jsonrpc.Error](err)
	if !ok {
		t.Fatalf("got %v, want a JSON-RPC error", err)
	}
	return wire.Code
}

// MCP 2026-07-28, "Tools", Error Handling: malformed requests are protocol errors.
func TestProtocolErrors(t *testing.T) {
	t.Parallel()
	var ran int
	client := connect(t, tooltest.Modern, echoTool(&ran))
	for _, p := range []*mcp.CallToolParams{
		{Name: "unknown"},
		{Name: "ECHO", Arguments: json.RawMessage(`{"n":1}`)},
		{Name: "echo", Arguments: json.RawMessage(`[1]`)},
		{Name: "echo", Arguments: json.RawMessage(`"n"`)},
		{Name: "echo", Arguments: json.RawMessage(`{"n":1,"n":2}`)},
	} {
		_, err := client.CallTool(t.Context(), p)
		if code := wireCode(t, err); code != jsonrpc.CodeInvalidParams {
			t.Errorf("%s %s: code %d", p.Name, p.Arguments, code)
		}
	}
	if ran != 0 {
		t.Errorf("the function ran %d times", ran)
	}
}

// failing returns a tool that fails with err.
func failing(err error) tool.Tool {
	return tool.New(spec("fail"), func(context.Context, *tool.Call, struct{}) (struct{}, error) { return struct{}{}, err })
}

func TestToolErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"for the model":         {tool.UserErrorf("try %d", 2), "try 2"},
		"for the model wrapped": {fmt.Errorf("secret: %w", tool.UserErrorf("try 2")), "try 2"},
		"not found":             {session.ErrNotFound, "this handle is not valid"},
		"not found wrapped":     {fmt.Errorf("foreign s3cret: %w", session.ErrNotFound), "this handle is not valid"},
		"conflict":              {fmt.Errorf("x: %w", session.ErrConflict), "nothing was written; try again"},
		"limit":                 {session.ErrLimit, "you may have 20 open"},
		"too large":             {session.ErrTooLarge, "exceed 32768 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, isError := connect(t, tooltest.Modern, failing(c.err)).Tool("fail", `{}`)
			if !isError || !strings.Contains(text, c.want) || strings.Contains(text, "secret") {
				t.Errorf("got error=%v %q, want %q", isError, text, c.want)
			}
		})
	}
}

// The reason of an internal error is in the log, under the id that the client gets, and
// nowhere else. An error of another server's JSON-RPC is no exception.
func TestInternalErrors(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"any":      errors.New("s3cret reason"),
		"json-rpc": fmt.Errorf("upstream: %w", &jsonrpc.Error{Code: -32602, Message: "s3cret reason"}),
		"plain":    &jsonrpc.Error{Code: -32001, Message: "s3cret reason"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, log := tooltest.Options(t)
			catalog, cErr := tool.NewCatalog(o, failing(err))
			if cErr != nil {
				t.Fatal(cErr)
			}
			call := tooltest.Call(alice, tooltest.Modern)
			client := tooltest.Connect(t, catalog, tooltest.Modern, func() *tool.Call { return call }, nil)
			_, got := client.CallTool(t.Context(), &mcp.CallToolParams{Name: "fail"})
			wire, ok := errors.AsType[*jsonrpc.Error](got)
			if !ok || wire.Code != jsonrpc.CodeInternalError || wire.Message != "internal error" {
				t.Fatalf("got %v", got)
			}
			var data struct{ ErrorID string }
			if err := json.Unmarshal(wire.Data, &data); err != nil || len(data.ErrorID) < 20 {
				t.Fatalf("data %s", wire.Data)
			}
			if !strings.Contains(log.String(), data.ErrorID) || !strings.Contains(log.String(), "s3cret reason") {
				t.Errorf("log: %s", log)
			}
			if strings.Contains(client.Wire.String(), "s3cret") || call.Unavailable() {
				t.Errorf("unavailable=%v, wire: %s", call.Unavailable(), client.Wire)
			}
		})
	}
}

func TestUnavailable(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		fmt.Errorf("throttled: %w", session.ErrUnavailable),
		fmt.Errorf("no key: %w", seal.ErrUnavailable),
		errors.Join(session.ErrNotFound, session.ErrUnavailable), // a store's failure says nothing about the handle
	} {
		call := tooltest.Call(alice, tooltest.Modern)
		client := tooltest.Connect(t, tooltest.Catalog(t, failing(err)), tooltest.Modern, func() *tool.Call { return call }, nil)
		_, got := client.CallTool(t.Context(), &mcp.CallToolParams{Name: "fail"})
		if wireCode(t, got) != jsonrpc.CodeInternalError || !call.Unavailable() {
			t.Errorf("%v: got %v, unavailable %v", err, got, call.Unavailable())
		}
	}
}

// A deadline that has passed is for the transport to answer (504), although stores call
// it unavailable too.
func TestDeadlineIsNotUnavailable(t *testing.T) {
	t.Parallel()
	call := tooltest.Call(alice, tooltest.Modern)
	var late tool.Entry = tool.New(spec("late"), func(ctx context.Context, c *tool.Call, _ struct{}) (struct{}, error) {
		<-ctx.Done()
		return struct{}{}, fmt.Errorf("%w: %w", session.ErrUnavailable, ctx.Err())
	})
	server := mcp.NewServer(&mcp.Implementation{Name: "t", Version: "1"}, nil)
	tooltest.Catalog(t, late).Register(server)
	done := make(chan error, 1)
	server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, r mcp.Request) (mcp.Result, error) {
			q, ok := r.(*mcp.CallToolRequest)
			if !ok {
				return next(ctx, method, r)
			}
			q.Extra = call.Extra(nil)
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			result, err := next(ctx, method, r)
			done <- err
			return result, err
		}
	})
	a, b := mcp.NewInMemoryTransports()
	if _, err := server.Connect(t.Context(), a, nil); err != nil {
		t.Fatal(err)
	}
	client, err := mcp.NewClient(&mcp.Implementation{Name: "t", Version: "1"}, nil).Connect(t.Context(), b, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	_, _ = client.CallTool(t.Context(), &mcp.CallToolParams{Name: "late"})
	if err := <-done; err == nil || call.Unavailable() {
		t.Errorf("error %v, unavailable %v", err, call.Unavailable())
	}
}

// A handler that is reached without a Call, or without its scope, does nothing.
func TestFailsClosed(t *testing.T) {
	t.Parallel()
	var ran int
	count := func() { ran++ }
	entries := []tool.Entry{
		echoTool(&ran),
		tool.NewPrompt(tool.PromptSpec{Name: "p", Title: "T", Description: "D", Scope: "mcp:basic"},
			func(context.Context, *tool.Call, map[string]string) (string, error) { count(); return "", nil }),
		tool.NewResource(tool.ResourceSpec{Name: "r", Title: "T", Description: "D", Scope: "mcp:basic", URITemplate: "r://{id}"},
			func(context.Context, *tool.Call, map[string]string) (struct{}, error) {
				count()
				return struct{}{}, nil
			}),
	}
	stranger := tooltest.Call(tooltest.Principal("acme", "alice", "mcp:other"), tooltest.Modern)
	for name, call := range map[string]*tool.Call{"no call": nil, "no scope": stranger} {
		client := tooltest.Connect(t, tooltest.Catalog(t, entries...), tooltest.Modern, func() *tool.Call { return call }, nil)
		_, toolErr := client.CallTool(t.Context(), &mcp.CallToolParams{Name: "echo", Arguments: json.RawMessage(`{"n":1}`)})
		_, promptErr := client.GetPrompt(t.Context(), &mcp.GetPromptParams{Name: "p"})
		_, readErr := client.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "r://1"})
		for _, err := range []error{toolErr, promptErr, readErr} {
			if wireCode(t, err) != jsonrpc.CodeInternalError {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if ran != 0 {
		t.Errorf("%d functions ran", ran)
	}
}
