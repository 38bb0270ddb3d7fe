// Package design is the prompt that turns requirements into a request for a serverless
// design.
package design

import (
	"context"
	"strings"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/scopes"
)

// argument is the prompt's only one; its name is that of the AWS Lambda MCP Cookbook.
const argument = "design_requirements"

// New returns the prompt.
func New() []tool.Entry {
	return []tool.Entry{tool.NewPrompt(tool.PromptSpec{
		Name:        "generate_serverless_design_prompt",
		Title:       "Design a serverless system",
		Description: "Asks for a design of a system on AWS, serverless and multi-tenant, from your requirements.",
		Scope:       scopes.Of(scopes.Prompt, "generate_serverless_design_prompt"),
		Arguments: []tool.PromptArgument{{
			Name: argument, Title: "Requirements",
			Description: "What the system is for, who uses it, how much load there is, and what must not go wrong.",
			Required:    true, MaxLength: 20_000,
		}},
	}, func(_ context.Context, _ *tool.Call, arguments map[string]string) (string, error) {
		return Prompt(arguments[argument]), nil
	})}
}

// Prompt returns the request for a design that meets requirements.
func Prompt(requirements string) string {
	return strings.Replace(text, "{requirements}", requirements, 1)
}

const text = `Design a system on AWS from managed, serverless services that meets the requirements at the end.

Work in this order and write one section for each step:
1. Restate the requirements in your own words. List what they leave open, and say what you assume instead.
2. Choose a service for each part. Say what else you considered and why you did not take it.
3. Draw the path of one request, and of one event if there are any, as a mermaid diagram.
4. Say how tenants and users are told apart, where this is enforced, and what happens when one check is forgotten.
5. Describe the data: keys, access patterns, consistency, retention, backup and restore.
6. Go through the failures: throttling, timeouts, duplicates, poison messages, the loss of a dependency. For each: what the user sees, and what an operator does.
7. List the metrics and alarms that would have told you first.
8. Estimate the monthly cost at the stated load and at ten times that, with the arithmetic.
9. Name the three largest risks, and the smallest experiment that would settle each.

Prefer few parts over many. Say so where a requirement is not worth its price.

Requirements:
{requirements}
`
