//nolint:staticcheck // the suite tests sampling and roots, which 2026-07-28 deprecates
package everything

import (
	"context"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// roundTools ask the client by answering: the result says what is needed, and the client
// calls again with it (2026-07-28).
// https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr
var roundTools = []fixture{
	{"test_input_required_result_elicitation", "Asks for a name.", plain(askName)},
	{"test_input_required_result_sampling", "Asks the client's model.", plain(askModel)},
	{"test_input_required_result_list_roots", "Asks for the roots.", plain(askRoots)},
	{"test_input_required_result_multiple_inputs", "Asks for a name, the model and the roots.", plain(askAll)},
	{"test_input_required_result_multi_round", "Asks for a name, then for a color.", plain(askTwice)},
	{"test_input_required_result_request_state", "Asks for a confirmation, with a state.", plain(askConfirmation)},
	{"test_input_required_result_tampered_state", "Asks for a confirmation, and refuses a changed state.", plain(askConfirmation)},
	{"test_input_required_result_capabilities", "Asks for as much as the client can give.", plain(askWhatIsDeclared)},
}

// The keys under which something is asked for.
const (
	keyName    = "user_name"
	keyModel   = "capital_question"
	keyGreet   = "greeting"
	keyRoots   = "client_roots"
	keyConfirm = "confirm"
	keyStep1   = "step1"
	keyStep2   = "step2"
	keyContext = "user_context"
)

// form asks the user for one property of the given JSON type.
func form(message, property, kind string) *mcp.ElicitParams {
	return &mcp.ElicitParams{Message: message, RequestedSchema: map[string]any{
		"type": "object", "required": []string{property},
		"properties": map[string]any{property: map[string]string{"type": kind}},
	}}
}

func question(prompt string) *mcp.CreateMessageParams {
	return &mcp.CreateMessageParams{
		Messages: []*mcp.SamplingMessage{{Role: "user", Content: text(prompt)}}, MaxTokens: 100,
	}
}

// need is the result that asks for wanted; state comes back with the answers.
func need(wanted mcp.InputRequestMap, state string) *mcp.CallToolResult {
	return &mcp.CallToolResult{InputRequests: wanted, RequestState: state}
}

// filled returns what the user wrote into property of the form key; ok is false when
// they did not, or declined.
func filled[T any](answers mcp.InputResponseMap, key, property string) (value T, ok bool) {
	res, _ := answers[key].(*mcp.ElicitResult)
	if res == nil || res.Action != "accept" {
		return value, false
	}
	value, ok = res.Content[property].(T)
	return value, ok
}

// sampled returns what the client's model said first.
func sampled(answers mcp.InputResponseMap, key string) (string, bool) {
	res, _ := answers[key].(*mcp.CreateMessageWithToolsResult)
	if res == nil || len(res.Content) == 0 {
		return "", false
	}
	first, ok := res.Content[0].(*mcp.TextContent)
	if !ok {
		return "", false
	}
	return first.Text, true
}

func askName(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if name, ok := filled[string](req.Params.InputResponses, keyName, "name"); ok {
		return says("Hello, " + name + "!"), nil
	}
	return need(mcp.InputRequestMap{keyName: form("What is your name?", "name", "string")}, ""), nil
}

func askModel(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if answer, ok := sampled(req.Params.InputResponses, keyModel); ok {
		return says(answer), nil
	}
	return need(mcp.InputRequestMap{keyModel: question("What is the capital of France?")}, ""), nil
}

func askRoots(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	res, ok := req.Params.InputResponses[keyRoots].(*mcp.ListRootsResult)
	if !ok {
		return need(mcp.InputRequestMap{keyRoots: &mcp.ListRootsParams{}}, ""), nil
	}
	answer := fmt.Sprintf("%d roots:", len(res.Roots))
	for _, root := range res.Roots {
		answer += " " + root.URI
	}
	return says(answer), nil
}

func askAll(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	answers := req.Params.InputResponses
	name, named := filled[string](answers, keyName, "name")
	greeting, greeted := sampled(answers, keyGreet)
	roots, rooted := answers[keyRoots].(*mcp.ListRootsResult)
	if !named || !greeted || !rooted {
		return need(everyInput(), mark(req.Params.Name, "asked")), nil
	}
	if _, err := unmark(req.Params.Name, req.Params.RequestState); err != nil {
		return nil, err
	}
	return says(fmt.Sprintf("%s %s has %d roots", greeting, name, len(roots.Roots))), nil
}

func everyInput() mcp.InputRequestMap {
	return mcp.InputRequestMap{
		keyName:  form("What is your name?", "name", "string"),
		keyGreet: question("Generate a greeting"),
		keyRoots: &mcp.ListRootsParams{},
	}
}

// askTwice carries the name from the second call to the third in the state.
func askTwice(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	tool, answers := req.Params.Name, req.Params.InputResponses
	first := need(mcp.InputRequestMap{keyStep1: form("Step 1: What is your name?", "name", "string")}, mark(tool, ""))
	if req.Params.RequestState == "" {
		return first, nil
	}
	name, err := unmark(tool, req.Params.RequestState)
	if err != nil {
		return nil, err
	}
	if name == "" {
		given, ok := filled[string](answers, keyStep1, "name")
		if !ok || given == "" {
			return first, nil
		}
		name = given
	}
	if color, ok := filled[string](answers, keyStep2, "color"); ok {
		return says(name + " likes " + color), nil
	}
	second := form("Step 2: What is your favorite color?", "color", "string")
	return need(mcp.InputRequestMap{keyStep2: second}, mark(tool, name)), nil
}

func askConfirmation(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	yes, answered := filled[bool](req.Params.InputResponses, keyConfirm, "ok")
	if !answered {
		confirm := mcp.InputRequestMap{keyConfirm: form("Please confirm", "ok", "boolean")}
		return need(confirm, mark(req.Params.Name, "asked")), nil
	}
	if _, err := unmark(req.Params.Name, req.Params.RequestState); err != nil {
		return nil, err
	}
	return says(fmt.Sprintf("state-ok, confirmed: %t", yes)), nil
}

// askWhatIsDeclared leaves out what the client cannot answer; nothing left is an error.
// https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr#server-requirements
func askWhatIsDeclared(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if len(req.Params.InputResponses) > 0 {
		return says("answered"), nil
	}
	wanted, can := everyInput(), req.ClientCapabilities()
	if can == nil {
		can = &mcp.ClientCapabilities{}
	}
	if can.Elicitation == nil {
		delete(wanted, keyName)
	}
	if can.Sampling == nil {
		delete(wanted, keyGreet)
	}
	if can.RootsV2 == nil {
		delete(wanted, keyRoots)
	}
	if len(wanted) == 0 {
		return nil, missing(`{"elicitation":{}}`)
	}
	return need(wanted, ""), nil
}

func promptInRounds(_ context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	if given, ok := filled[string](req.Params.InputResponses, keyContext, "context"); ok {
		return messages(text("Context: " + given)), nil
	}
	return &mcp.GetPromptResult{InputRequests: mcp.InputRequestMap{
		keyContext: form("What context should the prompt use?", "context", "string"),
	}}, nil
}
