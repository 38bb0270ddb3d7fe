package tool

import (
	"bytes"
	"context"
	"crypto/sha256"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/seal"
	"leasehold.example/libs/session"
)

// Nonces makes a confirmation count once; *session.Registry is one.
type Nonces interface {
	// Consume records that p has used nonce, until it would have expired anyway:
	// session.ErrExists when it was used before, session.ErrNotFound after its time.
	Consume(ctx context.Context, p identity.Principal, nonce string, until time.Time) error
}

// desk is what confirmations need, the same for all calls.
type desk struct {
	resource string
	sealer   *seal.Sealer
	nonces   Nonces
	log      *slog.Logger
}

// confirmation is what one call brings along for Confirm.
type confirmation struct {
	desk      *desk
	spec      *Spec
	input     any
	state     string
	responses mcp.InputResponseMap
}

// answerKey names the question in inputRequests and in inputResponses, and the one
// field of its form.
const answerKey = "confirm"

// answerForm is the form that the user sees (MCP 2026-07-28, "Form Mode Elicitation").
var answerForm = stdjson.RawMessage(`{"type":"object","properties":{"confirm":{"type":"boolean",` +
	`"title":"Confirm","description":"Go ahead?","default":false}},"required":["confirm"]}`)

var (
	// errState is the one answer for a state that is missing, expired, changed, used up,
	// or sealed for another principal, tool or input. MCP 2026-07-28, MRTR: such state
	// MUST be rejected.
	errState = &protocolError{jsonrpc.Error{
		Code: jsonrpc.CodeInvalidParams, Message: "requestState is not valid; call the tool again without it",
	}}
	errElicitation = &protocolError{jsonrpc.Error{
		Code:    mcp.CodeMissingRequiredClientCapabilities,
		Message: "this tool asks the user to confirm, which needs form elicitation",
		Data:    stdjson.RawMessage(`{"requiredCapabilities":{"elicitation":{"form":{}}}}`),
	}}
)

// Confirm asks the user whether the tool shall go ahead. A tool calls it at most once,
// before it changes anything, and returns the error as it is: in 2026-07-28 the first
// error is the question itself, and the client calls the tool again with the answer
// (multi round-trip requests). False means that the user does not want it.
//
// The older protocols cannot ask here. There argument, the tool's own `confirm`, is the
// answer, and false is a UserError that asks for it. In 2026-07-28 argument is ignored:
// it would let the model answer for the user.
//
// The answer is used up before Confirm returns, a no like a yes, or a yes to the same
// question could follow it; if the tool then fails, the user is asked again.
func (c *Call) Confirm(ctx context.Context, message string, argument bool) (bool, error) {
	q := &c.confirm
	switch {
	case q.desk == nil:
		return false, errors.New("tool: only tools can ask for a confirmation")
	case !c.Modern && argument:
		return true, nil
	case !c.Modern:
		return false, UserErrorf("%s If the user agrees, call %s again with confirm set to true.", message, q.spec.Name)
	case !c.Elicitation:
		return false, errElicitation
	case q.state == "" && len(q.responses) == 0:
		return false, c.ask(ctx, message)
	}
	opened, err := c.open(ctx)
	if err != nil {
		return false, err
	}
	answer, ok := q.responses[answerKey].(*mcp.ElicitResult)
	asked := sha256.Sum256([]byte(message))
	if !ok || !bytes.Equal(opened.State, asked[:]) {
		return false, c.ask(ctx, message) // not answered, or not this question
	}
	if err := c.useUp(ctx, opened); err != nil {
		return false, err
	}
	yes, _ := answer.Content[answerKey].(bool)
	return answer.Action == "accept" && yes, nil
}

// binding is RULES 30: everything that the state belongs to.
func (c *Call) binding() (seal.Binding, error) {
	digest, err := seal.DigestArgs(c.confirm.input)
	return seal.Binding{
		Resource: c.confirm.desk.resource, Protocol: c.Protocol,
		Method: methodCall, Tool: c.confirm.spec.Name,
		Tenant: c.Principal.Tenant, Issuer: c.Principal.Issuer,
		Subject: c.Principal.Subject, ClientID: c.Principal.ClientID,
		ArgsDigest: digest,
	}, err
}

// ask returns the question, as an error that carries the sealed state.
func (c *Call) ask(ctx context.Context, message string) error {
	b, err := c.binding()
	if err != nil {
		return err
	}
	asked := sha256.Sum256([]byte(message))
	state, err := c.confirm.desk.sealer.Seal(ctx, b, asked[:])
	if err != nil {
		return fmt.Errorf("tool: seal the question: %w", err)
	}
	return &question{message: message, state: state}
}

func (c *Call) open(ctx context.Context) (seal.Opened, error) {
	b, err := c.binding()
	if err != nil {
		return seal.Opened{}, err
	}
	opened, err := c.confirm.desk.sealer.Open(ctx, b, c.confirm.state)
	if errors.Is(err, seal.ErrInvalid) {
		c.confirm.desk.log.InfoContext(ctx, "request state refused", "tool", b.Tool, "reason", err)
		return seal.Opened{}, errState
	}
	return opened, err
}

func (c *Call) useUp(ctx context.Context, o seal.Opened) error {
	err := c.confirm.desk.nonces.Consume(ctx, c.Principal, o.Nonce, o.ExpiresAt)
	if errors.Is(err, session.ErrExists) || errors.Is(err, session.ErrNotFound) {
		return errState
	}
	return err
}

// question is the error that makes the frame answer with an input-required result.
type question struct{ message, state string }

func (q *question) Error() string { return "tool: waiting for the user's answer" }

// result has a non-nil map of requests, without which the SDK calls it complete, and a
// non-nil list of contents, which the SDK would write as null.
func (q *question) result() *mcp.CallToolResult {
	return &mcp.CallToolResult{
		Content: []mcp.Content{},
		InputRequests: mcp.InputRequestMap{answerKey: &mcp.ElicitParams{
			Mode: "form", Message: q.message, RequestedSchema: answerForm,
		}},
		RequestState: q.state,
	}
}
