//nolint:staticcheck // sampling and roots, which 2026-07-28 deprecates, are what is tested
package everything

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const modern, legacy = "2026-07-28", "2025-11-25"

// connect returns a client of a server with all fixtures.
func connect(t *testing.T, protocol string, o *mcp.ClientOptions) *mcp.ClientSession {
	t.Helper()
	impl := &mcp.Implementation{Name: "test", Version: "1"}
	server := mcp.NewServer(impl, nil)
	Register(server)
	near, far := mcp.NewInMemoryTransports()
	ss, err := server.Connect(t.Context(), far, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := mcp.NewClient(impl, o)
	client.AddRoots(&mcp.Root{URI: "file:///root"})
	cs, err := client.Connect(t.Context(), near, &mcp.ClientSessionOptions{ProtocolVersion: protocol})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cs.Close(); _ = ss.Wait() })
	return cs
}

// answering is a client that answers whatever it is asked.
func answering() *mcp.ClientOptions {
	return &mcp.ClientOptions{
		ElicitationHandler: func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			// One answer to all forms: a property that a form lacks is ignored.
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{
				"name": "Alice", "color": "blue", "ok": true, "context": "tests", "username": "alice", "email": "a@example.com",
			}}, nil
		},
		CreateMessageHandler: func(context.Context, *mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
			return &mcp.CreateMessageResult{Role: "assistant", Model: "none", Content: text("Paris")}, nil
		},
	}
}

func call(t *testing.T, cs *mcp.ClientSession, name string, args map[string]any) (string, bool) {
	t.Helper()
	res, err := cs.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	first, ok := res.Content[0].(*mcp.TextContent)
	if !ok {
		t.Fatalf("%s: content of type %T", name, res.Content[0])
	}
	return first.Text, res.IsError
}

// TestLookup holds Access to what is registered: all of it, and nothing else.
func TestLookup(t *testing.T) {
	t.Parallel()
	cs := connect(t, modern, nil)
	listed := 0
	allowed := func(method, name string) {
		t.Helper()
		listed++
		if scope, ok := (Access{}).Lookup(method, name); !ok || scope != Scope {
			t.Errorf("Lookup(%s, %s) = %q, %t; want %q", method, name, scope, ok, Scope)
		}
	}
	for tool, err := range cs.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		allowed("tools/call", tool.Name)
	}
	for p, err := range cs.Prompts(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		allowed("prompts/get", p.Name)
		allowed("completion/complete", p.Name)
	}
	for r, err := range cs.Resources(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		for _, method := range []string{"resources/read", "resources/subscribe", "resources/unsubscribe", "completion/complete"} {
			allowed(method, r.URI)
		}
	}
	for r, err := range cs.ResourceTemplates(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		allowed("resources/templates/list", r.URITemplate)
		allowed("completion/complete", r.URITemplate)
	}
	allowed("resources/read", "test://template/123/data")
	if listed < len(tools)+2*len(prompts)+4*len(resources)+3 {
		t.Errorf("only %d names were looked up", listed)
	}

	for _, unknown := range [][2]string{
		{"tools/call", "test_simple_prompt"},
		{"tools/call", ""},
		{"prompts/get", "test_simple_text"},
		{"resources/read", "test://nonexistent"},
		{"resources/read", "test://template//data"},
		{"resources/read", "test://template/a/b/data"},
		{"resources/read", "test://template/123/data/"},
		{"resources/read", "test://template/{id}/dat"},
		{"resources/templates/list", "test://template/123/data"},
		{"completion/complete", "test_simple_text"},
		{"tools/list", "test_simple_text"},
	} {
		if _, ok := (Access{}).Lookup(unknown[0], unknown[1]); ok {
			t.Errorf("Lookup(%s, %s) found something", unknown[0], unknown[1])
		}
	}
}

// TestRounds has a client answer what the tools ask for by input-required results.
func TestRounds(t *testing.T) {
	t.Parallel()
	cs := connect(t, modern, answering())
	for name, want := range map[string]string{
		"test_input_required_result_elicitation":     "Hello, Alice!",
		"test_input_required_result_sampling":        "Paris",
		"test_input_required_result_list_roots":      "1 roots: file:///root",
		"test_input_required_result_multiple_inputs": "Paris Alice has 1 roots",
		"test_input_required_result_multi_round":     "Alice likes blue",
		"test_input_required_result_request_state":   "state-ok, confirmed: true",
		"test_input_required_result_tampered_state":  "state-ok, confirmed: true",
		"test_input_required_result_capabilities":    "answered",
		"test_missing_capability":                    "the client declares sampling",
	} {
		if got, failed := call(t, cs, name, nil); failed || got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	res, err := cs.GetPrompt(t.Context(), &mcp.GetPromptParams{Name: "test_input_required_result_prompt"})
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Messages[0].Content.(*mcp.TextContent).Text; got != "Context: tests" {
		t.Errorf("prompt: %q", got)
	}
}

// TestAsking is the same for the requests that the older protocols have.
func TestAsking(t *testing.T) {
	t.Parallel()
	cs := connect(t, legacy, answering())
	got, failed := call(t, cs, "test_sampling", map[string]any{"prompt": "capital?"})
	if failed || got != "LLM response: Paris" {
		t.Errorf("sampling: %q", got)
	}
	got, failed = call(t, cs, "test_elicitation", map[string]any{"message": "who?"})
	if failed || !strings.Contains(got, `action=accept, content={`) || !strings.Contains(got, `"username":"alice"`) {
		t.Errorf("elicitation: %q", got)
	}

	deaf := connect(t, legacy, nil)
	if got, failed = call(t, deaf, "test_elicitation", map[string]any{"message": "who?"}); !failed {
		t.Errorf("a client without elicitation was asked: %q", got)
	}
}

// TestMissingCapability uses a client that declares nothing.
func TestMissingCapability(t *testing.T) {
	t.Parallel()
	cs := connect(t, modern, &mcp.ClientOptions{Capabilities: &mcp.ClientCapabilities{}})
	for _, name := range []string{"test_missing_capability", "test_input_required_result_capabilities"} {
		_, err := cs.CallTool(t.Context(), &mcp.CallToolParams{Name: name})
		if wire := (*jsonrpc.Error)(nil); !errors.As(err, &wire) || wire.Code != mcp.CodeMissingRequiredClientCapabilities {
			t.Errorf("%s: error %v, want code %d", name, err, mcp.CodeMissingRequiredClientCapabilities)
		}
	}
}

// TestComplement checks what middleware adds to the SDK's server, and that it declares it.
func TestComplement(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{modern, legacy} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			cs := connect(t, protocol, nil)
			caps := cs.InitializeResult().Capabilities
			if caps.Completions == nil {
				t.Error("completions are not declared")
			}
			if got, want := caps.Resources.Subscribe, protocol == legacy; got != want {
				t.Errorf("subscriptions declared: %t, want %t", got, want)
			}
			res, err := cs.Complete(t.Context(), &mcp.CompleteParams{
				Ref:      &mcp.CompleteReference{Type: "ref/prompt", Name: "test_prompt_with_arguments"},
				Argument: mcp.CompleteParamsArgument{Name: "arg1", Value: "x"},
			})
			if err != nil || res.Completion.Values == nil {
				t.Errorf("completion: %+v, %v; want an empty list", res, err)
			}
		})
	}
	cs := connect(t, legacy, nil)
	if err := cs.Subscribe(t.Context(), &mcp.SubscribeParams{URI: "test://watched-resource"}); err != nil {
		t.Errorf("subscribe: %v", err)
	}
	if err := cs.Unsubscribe(t.Context(), &mcp.UnsubscribeParams{URI: "test://watched-resource"}); err != nil {
		t.Errorf("unsubscribe: %v", err)
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	state := mark("tool", "Alice")
	if got, err := unmark("tool", state); err != nil || got != "Alice" {
		t.Fatalf("unmark = %q, %v", got, err)
	}
	_, tag, _ := strings.Cut(state, ".")
	for name, tt := range map[string]struct{ tool, state string }{
		"empty":            {"tool", ""},
		"of another tool":  {"other", state},
		"longer":           {"tool", state + "-TAMPERED"},
		"of another value": {"tool", "Qm9i." + tag},
		"without a tag":    {"tool", strings.TrimSuffix(state, tag)},
		"no base64 at all": {"tool", "!." + tag},
	} {
		if got, err := unmark(tt.tool, tt.state); err == nil {
			t.Errorf("%s: accepted as %q", name, got)
		}
	}
}
