package tool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// PromptSpec is what clients are told about a prompt.
type PromptSpec struct {
	// Name, Title, Description and Scope are as in Spec.
	Name, Title, Description, Scope string
	Arguments                       []PromptArgument
}

// PromptArgument is one argument of a prompt, a string.
type PromptArgument struct {
	Name, Title, Description string
	Required                 bool
	// MaxLength is in characters.
	MaxLength int
}

// Prompt is an entry of a catalog; NewPrompt makes one.
type Prompt struct {
	spec PromptSpec
	fn   PromptFunc
}

// PromptFunc returns the text of the message that the prompt expands to. All required
// arguments are there, no unknown one is, and none is longer than it may be.
type PromptFunc func(ctx context.Context, c *Call, arguments map[string]string) (string, error)

// NewPrompt makes a prompt of fn. What is wrong with s is reported by NewCatalog.
func NewPrompt(s PromptSpec, fn PromptFunc) Prompt { return Prompt{spec: s, fn: fn} }

func (s PromptSpec) check() error {
	errs := []error{Spec{Name: s.Name, Title: s.Title, Description: s.Description, Scope: s.Scope}.check()}
	for _, a := range s.Arguments {
		if a.Name == "" || a.Description == "" || a.MaxLength <= 0 {
			errs = append(errs, fmt.Errorf("argument %q needs a name, a description and a length", a.Name))
		}
	}
	return errors.Join(errs...)
}

// checkArguments answers as MCP 2026-07-28, "Prompts", Error Handling, says: -32602.
func (s PromptSpec) checkArguments(arguments map[string]string) error {
	rest := maps.Clone(arguments)
	for _, a := range s.Arguments {
		value, ok := arguments[a.Name]
		delete(rest, a.Name)
		if a.Required && value == "" {
			return badArgument("%q is missing", a.Name)
		}
		if ok && utf8.RuneCountInString(value) > a.MaxLength {
			return badArgument("%q is longer than %d characters", a.Name, a.MaxLength)
		}
	}
	if len(rest) > 0 {
		known := make([]string, 0, len(s.Arguments))
		for _, a := range s.Arguments {
			known = append(known, a.Name)
		}
		slices.Sort(known)
		return badArgument("an unknown one is there; known are %q", known)
	}
	return nil
}

func badArgument(format string, a ...any) error {
	return &protocolError{jsonrpc.Error{
		Code: jsonrpc.CodeInvalidParams, Message: "invalid arguments: " + fmt.Sprintf(format, a...),
	}}
}

func (p Prompt) define() *mcp.Prompt {
	def := &mcp.Prompt{Name: p.spec.Name, Title: p.spec.Title, Description: p.spec.Description}
	for _, a := range p.spec.Arguments {
		def.Arguments = append(def.Arguments, &mcp.PromptArgument{
			Name: a.Name, Title: a.Title, Description: a.Description, Required: a.Required,
		})
	}
	return def
}

func (p Prompt) handle(c *Catalog) mcp.PromptHandler {
	return func(ctx context.Context, r *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		call, err := c.enter(ctx, r.Extra, p.spec.Scope)
		if err != nil {
			return nil, err
		}
		if err := p.spec.checkArguments(r.Params.Arguments); err != nil {
			return nil, c.refuse(ctx, call, err)
		}
		text, err := p.fn(ctx, call, r.Params.Arguments)
		if err != nil {
			return nil, c.refuse(ctx, call, err)
		}
		return &mcp.GetPromptResult{
			Description: p.spec.Description,
			Messages:    []*mcp.PromptMessage{{Role: "user", Content: &mcp.TextContent{Text: text}}},
		}, nil
	}
}
