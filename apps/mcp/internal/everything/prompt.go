package everything

import (
	"context"
	"fmt"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type prompt struct {
	definition *mcp.Prompt
	get        mcp.PromptHandler
}

var prompts = []prompt{
	{
		&mcp.Prompt{Name: "test_simple_prompt", Description: "A text."},
		always(text("This is a simple prompt for testing.")),
	},
	{
		&mcp.Prompt{
			Name: "test_prompt_with_arguments", Description: "A text with both arguments.",
			Arguments: []*mcp.PromptArgument{{Name: "arg1", Required: true}, {Name: "arg2", Required: true}},
		},
		func(_ context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			a := req.Params.Arguments
			return messages(text(fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'", a["arg1"], a["arg2"]))), nil
		},
	},
	{
		&mcp.Prompt{
			Name: "test_prompt_with_embedded_resource", Description: "A resource and a text.",
			Arguments: []*mcp.PromptArgument{{Name: "resourceUri", Required: true}},
		},
		func(_ context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return messages(
				embedded(req.Params.Arguments["resourceUri"], "Embedded resource content for testing."),
				text("Please process the embedded resource above."),
			), nil
		},
	},
	{
		&mcp.Prompt{Name: "test_prompt_with_image", Description: "An image and a text."},
		always(image(), text("Please analyze the image above.")),
	},
	{
		&mcp.Prompt{Name: "test_input_required_result_prompt", Description: "Asks the user for a context first."},
		promptInRounds,
	},
}

func always(content ...mcp.Content) mcp.PromptHandler {
	return func(context.Context, *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		return messages(content...), nil
	}
}

// messages is a prompt in which the user says each of content.
func messages(content ...mcp.Content) *mcp.GetPromptResult {
	res := &mcp.GetPromptResult{}
	for _, c := range content {
		res.Messages = append(res.Messages, &mcp.PromptMessage{Role: "user", Content: c})
	}
	return res
}

func isPrompt(name string) bool {
	return slices.ContainsFunc(prompts, func(p prompt) bool { return p.definition.Name == name })
}
