package tool_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/apps/mcp/internal/tool/tooltest"
)

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
