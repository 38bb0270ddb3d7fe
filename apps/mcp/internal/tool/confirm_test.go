package tool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/apps/mcp/internal/tool/tooltest"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/seal"
	"leasehold.example/libs/session"
)

type pay struct {
	Amount  int64 `json:"amount" jsonschema:"how much"`
	Confirm bool  `json:"confirm,omitzero" jsonschema:"that the user agrees"`
}

type paid struct {
	Done bool `json:"done" jsonschema:"whether it was paid"`
}

// bank is a server with tools that must not run twice, and what came of them.
type bank struct {
	o       tool.Options
	log     *tooltest.Log
	message atomic.Value // what is asked
	ran     atomic.Int64
}

func newBank(t *testing.T) *bank {
	t.Helper()
	b := &bank{}
	b.o, b.log = tooltest.Options(t)
	b.message.Store("Pay?")
	return b
}

func (b *bank) pay(name string, idempotent bool) tool.Tool {
	s := tool.Spec{Name: name, Title: "Pay", Description: "Pays.", Scope: "mcp:basic", Idempotent: idempotent}
	return tool.New(s, func(ctx context.Context, c *tool.Call, in pay) (paid, error) {
		ok, err := c.Confirm(ctx, b.message.Load().(string), in.Confirm)
		if err != nil || !ok {
			return paid{}, err
		}
		b.ran.Add(1)
		return paid{Done: true}, nil
	})
}

func (b *bank) connect(t *testing.T, call *tool.Call, o *mcp.ClientOptions) *tooltest.Client {
	t.Helper()
	catalog, err := tool.NewCatalog(b.o, b.pay("pay", false), b.pay("refund", false), b.pay("pay_again", true))
	if err != nil {
		t.Fatal(err)
	}
	// Each request has a Call of its own, as the transport makes them.
	fresh := func() *tool.Call {
		return &tool.Call{Principal: call.Principal, Protocol: call.Protocol, Modern: call.Modern, Elicitation: call.Elicitation}
	}
	return tooltest.Connect(t, catalog, tooltest.Modern, fresh, o)
}

// question sends the first round and returns the state of the question.
func question(t *testing.T, client *tooltest.Client, name, arguments string) string {
	t.Helper()
	got, err := client.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: json.RawMessage(arguments)})
	if err != nil {
		t.Fatal(err)
	}
	if !got.NeedsInput() || got.RequestState == "" || len(got.InputRequests) != 1 {
		t.Fatalf("no question: %+v", got)
	}
	return got.RequestState
}

func yes() mcp.InputResponseMap {
	return mcp.InputResponseMap{"confirm": &mcp.ElicitResult{Action: "accept", Content: map[string]any{"confirm": true}}}
}

func answer(client *tooltest.Client, name, arguments, state string, responses mcp.InputResponseMap) (*mcp.CallToolResult, error) {
	return client.CallTool(context.Background(), &mcp.CallToolParams{
		Name: name, Arguments: json.RawMessage(arguments), RequestState: state, InputResponses: responses,
	})
}

func refused(t *testing.T, err error) {
	t.Helper()
	wire, ok := errors.AsType[*jsonrpc.Error](err)
	if !ok || wire.Code != jsonrpc.CodeInvalidParams || wire.Message != "requestState is not valid; call the tool again without it" || wire.Data != nil {
		t.Errorf("got %v, want the one fixed refusal", err)
	}
}

func TestQuestionOnTheWire(t *testing.T) {
	t.Parallel()
	client := newBank(t).connect(t, tooltest.Call(alice, tooltest.Modern), nil)
	question(t, client, "pay", `{"amount":1}`)
	for _, want := range []string{
		`"resultType":"input_required"`,
		`"method":"elicitation/create"`,
		`"mode":"form","message":"Pay?"`,
		`"properties":{"confirm":{"type":"boolean"`,
		`"content":[]`,
	} {
		if !strings.Contains(client.Wire.String(), want) {
			t.Errorf("%s is not in %s", want, client.Wire)
		}
	}
}

// A client that asks its user and calls again by itself, as the go-sdk does.
func TestConfirmByRealClient(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer mcp.ElicitResult
		done   bool
	}{
		"accept and true":  {mcp.ElicitResult{Action: "accept", Content: map[string]any{"confirm": true}}, true},
		"accept and false": {mcp.ElicitResult{Action: "accept", Content: map[string]any{"confirm": false}}, false},
		"decline":          {mcp.ElicitResult{Action: "decline"}, false},
		"decline and true": {mcp.ElicitResult{Action: "decline", Content: map[string]any{"confirm": true}}, false},
		"cancel":           {mcp.ElicitResult{Action: "cancel"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBank(t)
			asked := 0
			client := b.connect(t, tooltest.Call(alice, tooltest.Modern), &mcp.ClientOptions{
				ElicitationHandler: func(_ context.Context, r *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
					asked++
					if r.Params.Message != "Pay?" {
						t.Errorf("asked %q", r.Params.Message)
					}
					return &c.answer, nil
				},
			})
			var out paid
			client.MustTool("pay", `{"amount":9007199254740993}`, &out)
			if out.Done != c.done || asked != 1 || (b.ran.Load() == 1) != c.done {
				t.Errorf("done %v, asked %d times, ran %d times", out.Done, asked, b.ran.Load())
			}
		})
	}
}

// rule 30: the state is bound to everything that the question was about. Whoever changes
// one thing gets the one fixed error, and nothing happens.
func TestStateIsBoundRule30(t *testing.T) {
	t.Parallel()
	with := func(change func(*tool.Call)) *tool.Call {
		c := tooltest.Call(alice, tooltest.Modern)
		change(c)
		return c
	}
	for name, c := range map[string]struct {
		call            *tool.Call
		tool, arguments string
		resource        string
		state           func(string) string
	}{
		"tenant":    {call: with(func(c *tool.Call) { c.Principal.Tenant = "other" })},
		"issuer":    {call: with(func(c *tool.Call) { c.Principal.Issuer = "https://other.example" })},
		"subject":   {call: with(func(c *tool.Call) { c.Principal.Subject = "bob" })},
		"client":    {call: with(func(c *tool.Call) { c.Principal.ClientID = "client-2" })},
		"era":       {call: with(func(c *tool.Call) { c.Protocol = "2027-01-01" })},
		"tool":      {tool: "refund"},
		"arguments": {arguments: `{"amount":9007199254740992}`}, // one less: equal as float64
		"resource":  {resource: "https://staging.example/mcp"},
		"changed":   {state: func(s string) string { return s[:len(s)-2] + "AA" }},
		"cut":       {state: func(s string) string { return s[:len(s)/2] }},
		"garbage":   {state: func(string) string { return "x" }},
		"missing":   {state: func(string) string { return "" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBank(t)
			arguments := `{"amount":9007199254740993}`
			state := question(t, b.connect(t, tooltest.Call(alice, tooltest.Modern), nil), "pay", arguments)
			call, toolName := c.call, c.tool
			if call == nil {
				call = tooltest.Call(alice, tooltest.Modern)
			}
			if toolName == "" {
				toolName = "pay"
			}
			if c.arguments != "" {
				arguments = c.arguments
			}
			if c.state != nil {
				state = c.state(state)
			}
			if c.resource != "" {
				b.o.Resource = c.resource
			}
			_, err := answer(b.connect(t, call, nil), toolName, arguments, state, yes())
			refused(t, err)
			if b.ran.Load() != 0 {
				t.Error("the tool ran")
			}
			if state != "" && strings.Contains(b.log.String(), state) {
				t.Error("the state is in the log")
			}
		})
	}
}

// rule 30: scopes and the token's expiry are not bound, and neither is the text of the
// arguments: a refreshed token continues, and a client may write its request anew.
func TestStateIsNotBoundToTheTokenRule30(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	state := question(t, b.connect(t, tooltest.Call(alice, tooltest.Modern), nil), "pay", `{"amount":5,"confirm":false}`)
	refreshed := tooltest.Call(tooltest.Principal("acme", "alice", "mcp:basic", "session:read"), tooltest.Modern)
	refreshed.Principal.ExpiresAt = time.Now().Add(time.Hour)
	got, err := answer(b.connect(t, refreshed, nil), "pay", ` { "confirm" : false, "amount" : 5 } `, state, yes())
	if err != nil || got.IsError || b.ran.Load() != 1 {
		t.Errorf("%+v, %v, ran %d times", got, err, b.ran.Load())
	}
}

// rule 30: a state runs its tool once, also when all the replays come at the same time, and
// also when the tool is idempotent: the yes was to one call.
func TestReplayRunsOnceRule30(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pay", "pay_again"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBank(t)
			client := b.connect(t, tooltest.Call(alice, tooltest.Modern), nil)
			state := question(t, client, name, `{"amount":1}`)
			var refusals atomic.Int64
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					if _, err := answer(client, name, `{"amount":1}`, state, yes()); err != nil {
						refused(t, err)
						refusals.Add(1)
					}
				})
			}
			all.Wait()
			if b.ran.Load() != 1 || refusals.Load() != 7 {
				t.Errorf("ran %d times, %d refusals", b.ran.Load(), refusals.Load())
			}
		})
	}
}

// rule 30: a no is an answer too, and uses the question up.
func TestDeclinedStateIsUsedUp(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	client := b.connect(t, tooltest.Call(alice, tooltest.Modern), nil)
	state := question(t, client, "pay_again", `{"amount":1}`)
	no := mcp.InputResponseMap{"confirm": &mcp.ElicitResult{Action: "decline"}}
	if _, err := answer(client, "pay_again", `{"amount":1}`, state, no); err != nil {
		t.Fatal(err)
	}
	_, err := answer(client, "pay_again", `{"amount":1}`, state, yes())
	refused(t, err)
	if b.ran.Load() != 0 {
		t.Error("the tool ran")
	}
}

// rule 30: ten minutes.
func TestStateExpiresRule30(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	var offset atomic.Int64
	b.o.Sealer = tooltest.Sealer(t, func() time.Time { return time.Now().Add(time.Duration(offset.Load())) })
	client := b.connect(t, tooltest.Call(alice, tooltest.Modern), nil)
	state := question(t, client, "pay", `{"amount":1}`)
	offset.Store(int64(10*time.Minute + time.Second))
	_, err := answer(client, "pay", `{"amount":1}`, state, yes())
	refused(t, err)
	if b.ran.Load() != 0 {
		t.Error("the tool ran")
	}
}

// MCP 2026-07-28, MRTR, Error Handling: what is missing is asked for again. So is what
// was not the question, as the user has then agreed to something else.
func TestAsksAgain(t *testing.T) {
	t.Parallel()
	for name, responses := range map[string]mcp.InputResponseMap{
		"no answer":     nil,
		"another key":   {"other": yes()["confirm"]},
		"another kind":  {"confirm": &mcp.ListRootsResult{}},
		"other message": yes(),
	} {
		b := newBank(t)
		client := b.connect(t, tooltest.Call(alice, tooltest.Modern), nil)
		state := question(t, client, "pay", `{"amount":1}`)
		if name == "other message" {
			b.message.Store("Pay twice?")
		}
		got, err := answer(client, "pay", `{"amount":1}`, state, responses)
		if err != nil || !got.NeedsInput() || got.RequestState == state || b.ran.Load() != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// MCP 2026-07-28: without the capability nothing is asked, -32021 names it.
func TestMissingCapability(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	call := tooltest.Call(alice, tooltest.Modern)
	call.Elicitation = false
	_, err := answer(b.connect(t, call, nil), "pay", `{"amount":1,"confirm":true}`, "", nil)
	wire, ok := errors.AsType[*jsonrpc.Error](err)
	if !ok || wire.Code != -32021 || string(wire.Data) != `{"requiredCapabilities":{"elicitation":{"form":{}}}}` {
		t.Errorf("got %v", err)
	}
	if b.ran.Load() != 0 {
		t.Error("the tool ran")
	}
}

// The argument is for the older protocols; in 2026-07-28 only the user answers.
func TestConfirmArgument(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	question(t, b.connect(t, tooltest.Call(alice, tooltest.Modern), nil), "pay", `{"amount":1,"confirm":true}`)

	older := b.connect(t, tooltest.Call(alice, tooltest.Legacy), nil)
	text, isError := older.Tool("pay", `{"amount":1}`)
	if want := "Pay? If the user agrees, call pay again with confirm set to true."; !isError || text != want {
		t.Errorf("got error=%v %q, want %q", isError, text, want)
	}
	if b.ran.Load() != 0 {
		t.Error("the tool ran")
	}
	var out paid
	older.MustTool("pay", `{"amount":1,"confirm":true}`, &out)
	if !out.Done || b.ran.Load() != 1 {
		t.Errorf("%+v, ran %d times", out, b.ran.Load())
	}
}

type noNonces struct{ err error }

func (n noNonces) Consume(context.Context, identity.Principal, string, time.Time) error { return n.err }

type noKeys struct{}

func (noKeys) Fetch(context.Context) (seal.Keys, error) { return seal.Keys{}, errors.New("down") }

// rule 31: no key is 503, and so is a store that cannot use the nonce up. Nothing happens.
func TestConfirmUnavailable(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	state := question(t, b.connect(t, tooltest.Call(alice, tooltest.Modern), nil), "pay", `{"amount":1}`)
	down, err := seal.New(seal.NewKeyring(noKeys{}, seal.KeyringOptions{Logger: slog.New(slog.DiscardHandler)}), seal.Options{Purpose: "test"})
	if err != nil {
		t.Fatal(err)
	}
	for name, break1 := range map[string]func(*tool.Options){
		"nonces": func(o *tool.Options) { o.Nonces = noNonces{fmt.Errorf("x: %w", session.ErrUnavailable)} },
		"keys":   func(o *tool.Options) { o.Sealer = down },
	} {
		o := b.o
		break1(&o)
		catalog, err := tool.NewCatalog(o, b.pay("pay", false))
		if err != nil {
			t.Fatal(err)
		}
		call := tooltest.Call(alice, tooltest.Modern)
		client := tooltest.Connect(t, catalog, tooltest.Modern, func() *tool.Call { return call }, nil)
		_, err = answer(client, "pay", `{"amount":1}`, state, yes())
		if wireCode(t, err) != jsonrpc.CodeInternalError || !call.Unavailable() || b.ran.Load() != 0 {
			t.Errorf("%s: %v, unavailable %v, ran %d times", name, err, call.Unavailable(), b.ran.Load())
		}
	}
}

func TestOnlyToolsConfirm(t *testing.T) {
	t.Parallel()
	call := tooltest.Call(alice, tooltest.Modern)
	if ok, err := call.Confirm(t.Context(), "Really?", true); ok || err == nil {
		t.Errorf("got %v, %v", ok, err)
	}
}
