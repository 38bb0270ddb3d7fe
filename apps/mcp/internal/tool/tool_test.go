package tool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

// What is listed is fit for clients: closed schemas, an object for every property (a
// bare `true` fails in TypeScript), no null, hints.
func TestListing(t *testing.T) {
	t.Parallel()
	var ran int
	client := connect(t, tooltest.Modern, echoTool(&ran))
	list, err := client.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := list.Tools[0]
	for _, schema := range []any{got.InputSchema, got.OutputSchema} {
		s := schema.(map[string]any)
		if s["type"] != "object" || s["additionalProperties"] != false {
			t.Errorf("schema %v", s)
		}
		for name, p := range s["properties"].(map[string]any) {
			if _, ok := p.(map[string]any); !ok {
				t.Errorf("property %s is %v", name, p)
			}
		}
		list := s["properties"].(map[string]any)["list"].(map[string]any)
		if list["type"] != "array" {
			t.Errorf("list has type %v", list["type"])
		}
	}
	if a := got.Annotations; a.ReadOnlyHint || *a.DestructiveHint || a.IdempotentHint || *a.OpenWorldHint || got.Title != "T" {
		t.Errorf("annotations %+v", a)
	}
}

func TestCatalogRefuses(t *testing.T) {
	t.Parallel()
	noop := func(context.Context, *tool.Call, struct{}) (struct{}, error) { return struct{}{}, nil }
	prompt := func(s tool.PromptSpec) tool.Prompt { return tool.NewPrompt(s, nil) }
	resource := func(template string) tool.Resource {
		return tool.NewResource(tool.ResourceSpec{Name: "r", Title: "T", Description: "D", Scope: "s", URITemplate: template},
			func(context.Context, *tool.Call, map[string]string) (struct{}, error) { return struct{}{}, nil })
	}
	type undescribed struct {
		A int `json:"a"`
	}
	type badLength struct {
		A int `json:"a" jsonschema:"a" length:"1,2"`
	}
	type badRange struct {
		A string `json:"a" jsonschema:"a" length:"many"`
	}
	for name, c := range map[string]struct {
		entries []tool.Entry
		want    []string
	}{
		"a tool twice":       {[]tool.Entry{tool.New(spec("a"), noop), tool.New(spec("a"), noop)}, []string{`tool.Tool "a" is there twice`}},
		"a prompt twice":     {[]tool.Entry{prompt(tool.PromptSpec{Name: "p", Title: "T", Description: "D", Scope: "s"}), prompt(tool.PromptSpec{Name: "p", Title: "T", Description: "D", Scope: "s"})}, []string{"twice"}},
		"a template twice":   {[]tool.Entry{resource("r://{id}"), resource("r://{id}")}, []string{"twice"}},
		"no scope":           {[]tool.Entry{tool.New(tool.Spec{Name: "a", Title: "T", Description: "D"}, noop)}, []string{`tool "a"`, "scope is missing"}},
		"no description":     {[]tool.Entry{tool.New(tool.Spec{Name: "a", Title: "T", Scope: "s"}, noop)}, []string{"description is missing"}},
		"a bad name":         {[]tool.Entry{tool.New(spec("a b"), noop)}, []string{"the name"}},
		"reads and destroys": {[]tool.Entry{tool.New(tool.Spec{Name: "a", Title: "T", Description: "D", Scope: "s", ReadOnly: true, Destructive: true}, noop)}, []string{"only reads"}},
		"no struct":          {[]tool.Entry{tool.New(spec("a"), func(context.Context, *tool.Call, []int) (struct{}, error) { return struct{}{}, nil })}, []string{"not a struct"}},
		"undescribed":        {[]tool.Entry{tool.New(spec("a"), func(context.Context, *tool.Call, undescribed) (struct{}, error) { return struct{}{}, nil })}, []string{`"a" has no description`}},
		"length of a number": {[]tool.Entry{tool.New(spec("a"), func(context.Context, *tool.Call, badLength) (struct{}, error) { return struct{}{}, nil })}, []string{"length tag on A"}},
		"no range":           {[]tool.Entry{tool.New(spec("a"), func(context.Context, *tool.Call, badRange) (struct{}, error) { return struct{}{}, nil })}, []string{"length tag on A"}},
		"no channel":         {[]tool.Entry{tool.New(spec("a"), func(context.Context, *tool.Call, struct{}) (struct{ C chan int }, error) { panic("never") })}, []string{"chan"}},
		"a bad template":     {[]tool.Entry{resource("r://{id")}, []string{`resource "r"`}},
		"no scheme":          {[]tool.Entry{resource("{id}")}, []string{"no scheme"}},
		"a bad argument":     {[]tool.Entry{prompt(tool.PromptSpec{Name: "p", Title: "T", Description: "D", Scope: "s", Arguments: []tool.PromptArgument{{Name: "x"}}})}, []string{`argument "x"`}},
		"everything at once": {[]tool.Entry{resource("{id}"), tool.New(spec(""), noop)}, []string{"no scheme", "the name"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, _ := tooltest.Options(t)
			_, err := tool.NewCatalog(o, c.entries...)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in %q", want, err)
				}
			}
		})
	}
	if _, err := tool.NewCatalog(tool.Options{}); err == nil {
		t.Error("empty options are accepted")
	}
}

func catalogOfAll(t *testing.T) *tool.Catalog {
	t.Helper()
	basic := func(name, scope string) tool.Tool {
		return tool.New(tool.Spec{Name: name, Title: "T", Description: "D", Scope: scope},
			func(context.Context, *tool.Call, struct{}) (struct{}, error) { return struct{}{}, nil })
	}
	return tooltest.Catalog(t, basic("a", "z:a"), basic("b", "z:b"),
		tool.NewPrompt(tool.PromptSpec{Name: "p", Title: "T", Description: "D", Scope: "p:s"}, nil),
		tool.NewResource(tool.ResourceSpec{Name: "r", Title: "T", Description: "D", Scope: "r:s", URITemplate: "r://{id}/x"},
			func(_ context.Context, _ *tool.Call, vars map[string]string) (string, error) {
				if vars["id"] != "a|b" {
					return "", tool.ErrNotFound
				}
				return "found", nil
			}),
	)
}

func TestLookup(t *testing.T) {
	t.Parallel()
	c := catalogOfAll(t)
	for _, q := range []struct{ method, name, scope string }{
		{"tools/call", "a", "z:a"},
		{"tools/call", "b", "z:b"},
		{"tools/call", "A", ""},
		{"tools/call", "p", ""},
		{"tools/list", "a", ""},
		{"TOOLS/CALL", "a", ""},
		{"prompts/get", "p", "p:s"},
		{"prompts/get", "a", ""},
		{"resources/read", "r://1/x", "r:s"},
		{"resources/read", "r://a%7Cb/x", "r:s"},
		{"resources/read", "r://1/2/x", ""},
		{"resources/read", "r://1/x\n", ""},
		{"resources/read", "R://1/x", ""},
		{"resources/read", "r://{id}/x", ""},
		{"resources/read", "r://" + strings.Repeat("1", 3000) + "/x", ""},
		{"resources/templates/list", "r://{id}/x", "r:s"},
		{"resources/templates/list", "r://1/x", ""},
		{"completion/complete", "p", "p:s"},
		{"completion/complete", "r://{id}/x", "r:s"},
		{"completion/complete", "r://1/x", "r:s"},
		{"completion/complete", "a", ""},
		{"", "", ""},
	} {
		if scope, ok := c.Lookup(q.method, q.name); scope != q.scope || ok != (q.scope != "") {
			t.Errorf("Lookup(%q, %q) = %q, %v, want %q", q.method, q.name, scope, ok, q.scope)
		}
	}
	if got, want := c.Scopes(), []string{"p:s", "r:s", "z:a", "z:b"}; !slices.Equal(got, want) {
		t.Errorf("Scopes() = %q, want %q", got, want)
	}
}

// rule 29: what is not there, and what is not the caller's, is one and the same error.
func TestResourceRule29(t *testing.T) {
	t.Parallel()
	reader := tooltest.Principal("acme", "alice", "r:s")
	client := tooltest.Connect(t, catalogOfAll(t), tooltest.Modern,
		func() *tool.Call { return tooltest.Call(reader, tooltest.Modern) }, nil)
	got, err := client.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "r://a%7Cb/x"})
	if err != nil || got.Contents[0].Text != `"found"` || got.Contents[0].MIMEType != "application/json" {
		t.Fatalf("got %+v, %v", got, err)
	}
	for _, uri := range []string{"r://other/x", "r:///x", "nowhere://", "r://1/\a", "r://a|b/x", "", "r://" + strings.Repeat("1", 3000) + "/x"} {
		_, err := client.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri})
		wire, ok := errors.AsType[*jsonrpc.Error](err)
		if !ok || wire.Code != jsonrpc.CodeInvalidParams || wire.Message != "resource not found" {
			t.Errorf("%.40q: %v", uri, err)
			continue
		}
		var data map[string]string
		if err := json.Unmarshal(wire.Data, &data); err != nil || len(data) != 1 || data["uri"] != uri {
			t.Errorf("%.40q: data %s, want the URI alone", uri, wire.Data)
		}
	}
}

func TestPromptArguments(t *testing.T) {
	t.Parallel()
	client := connect(t, tooltest.Modern, tool.NewPrompt(tool.PromptSpec{
		Name: "p", Title: "T", Description: "D", Scope: "mcp:basic",
		Arguments: []tool.PromptArgument{
			{Name: "must", Description: "D", Required: true, MaxLength: 3},
			{Name: "may", Description: "D", MaxLength: 3},
		},
	}, func(_ context.Context, c *tool.Call, arguments map[string]string) (string, error) {
		if arguments["may"] == "not" {
			return "", tool.UserErrorf("may not")
		}
		return c.Principal.Subject + arguments["must"] + arguments["may"], nil
	}))
	for _, q := range []struct {
		arguments map[string]string
		want      string // of the message; empty: refused with -32602
	}{
		{map[string]string{"must": "äöü"}, "aliceäöü"},
		{map[string]string{"must": "1", "may": "2"}, "alice12"},
		{nil, ""},
		{map[string]string{"must": ""}, ""},
		{map[string]string{"must": "1234"}, ""},
		{map[string]string{"must": "1", "may": "1234"}, ""},
		{map[string]string{"must": "1", "Must": "1"}, ""},
		{map[string]string{"must": "1", "may": "not"}, ""},
	} {
		got, err := client.GetPrompt(t.Context(), &mcp.GetPromptParams{Name: "p", Arguments: q.arguments})
		if q.want == "" {
			if wireCode(t, err) != jsonrpc.CodeInvalidParams {
				t.Errorf("%v: %v", q.arguments, err)
			}
			continue
		}
		if err != nil || got.Messages[0].Content.(*mcp.TextContent).Text != q.want {
			t.Errorf("%v: %+v, %v", q.arguments, got, err)
		}
	}
}
