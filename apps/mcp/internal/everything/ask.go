//nolint:staticcheck // the suite tests sampling, which 2026-07-28 deprecates
package everything

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// askingTools send the client a request and wait for its answer, the way of 2025-11-25
// and before.
var askingTools = []fixture{
	{"test_sampling", "Asks the client's model.", with(sample)},
	{"test_elicitation", "Asks the user for a name.", with(elicitName)},
	{"test_elicitation_sep1034_defaults", "Asks the user with a form of defaults.", plain(elicit(defaultsForm))},
	{"test_elicitation_sep1330_enums", "Asks the user with a form of choices.", plain(elicit(choicesForm))},
}

type sampleInput struct {
	Prompt string `json:"prompt" jsonschema:"what the model is asked"`
}

func sample(ctx context.Context, req *mcp.CallToolRequest, in sampleInput) (*mcp.CallToolResult, error) {
	res, err := req.Session.CreateMessage(ctx, &mcp.CreateMessageParams{
		Messages:  []*mcp.SamplingMessage{{Role: "user", Content: text(in.Prompt)}},
		MaxTokens: 100,
	})
	if err != nil {
		return nil, fmt.Errorf("sampling: %w", err)
	}
	answer, ok := res.Content.(*mcp.TextContent)
	if !ok {
		return nil, fmt.Errorf("sampling: an answer of type %T", res.Content)
	}
	return says("LLM response: " + answer.Text), nil
}

type elicitInput struct {
	Message string `json:"message" jsonschema:"what the user is told"`
}

func elicitName(ctx context.Context, req *mcp.CallToolRequest, in elicitInput) (*mcp.CallToolResult, error) {
	return elicitWith(ctx, req, in.Message, nameAndMailForm)
}

// elicit asks with a form alone.
func elicit(form json.RawMessage) func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	return func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return elicitWith(ctx, req, "Please fill in the form", form)
	}
}

func elicitWith(ctx context.Context, req *mcp.CallToolRequest, message string, form json.RawMessage) (*mcp.CallToolResult, error) {
	res, err := req.Session.Elicit(ctx, &mcp.ElicitParams{Message: message, RequestedSchema: form})
	if err != nil {
		return nil, fmt.Errorf("elicitation: %w", err)
	}
	content, err := json.Marshal(res.Content)
	if err != nil {
		return nil, fmt.Errorf("elicitation: %w", err)
	}
	return says(fmt.Sprintf("User response: action=%s, content=%s", res.Action, content)), nil
}

// The forms are fixed by the scenarios tools-call-elicitation, elicitation-sep1034-defaults
// and elicitation-sep1330-enums.
var (
	nameAndMailForm = json.RawMessage(`{"type":"object","required":["username","email"],"properties":{
		"username":{"type":"string","description":"User's response"},
		"email":{"type":"string","description":"User's email address"}}}`)
	defaultsForm = json.RawMessage(`{"type":"object","properties":{
		"name":{"type":"string","default":"John Doe"},
		"age":{"type":"integer","default":30},
		"score":{"type":"number","default":95.5},
		"status":{"type":"string","enum":["active","inactive","pending"],"default":"active"},
		"verified":{"type":"boolean","default":true}}}`)
	choicesForm = json.RawMessage(`{"type":"object","properties":{
		"untitledSingle":{"type":"string","enum":["option1","option2","option3"]},
		"titledSingle":{"type":"string","oneOf":[{"const":"value1","title":"First Option"},
			{"const":"value2","title":"Second Option"},{"const":"value3","title":"Third Option"}]},
		"legacyEnum":{"type":"string","enum":["opt1","opt2","opt3"],
			"enumNames":["Option One","Option Two","Option Three"]},
		"untitledMulti":{"type":"array","items":{"type":"string","enum":["option1","option2","option3"]}},
		"titledMulti":{"type":"array","items":{"anyOf":[{"const":"value1","title":"First Choice"},
			{"const":"value2","title":"Second Choice"},{"const":"value3","title":"Third Choice"}]}}}}`)
)
