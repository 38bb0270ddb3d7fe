package tool

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/go-json-experiment/json"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Spec is what clients and models are told about a tool. The hints are those of MCP
// 2026-07-28, ToolAnnotations.
type Spec struct {
	// Name is unique in a catalog: letters, digits, underscores, hyphens and dots, at
	// most 128.
	Name string
	// Title is for people, Description for the model; neither is empty.
	Title, Description string
	// Scope is what a token needs for a call; never empty.
	Scope string
	// ReadOnly tools change nothing; Destructive ones take something away.
	ReadOnly, Destructive bool
	// Idempotent tools have no further effect when a call is repeated.
	Idempotent bool
	// OpenWorld tools reach beyond this server.
	OpenWorld bool
}

// Tool is an entry of a catalog; New makes one.
type Tool struct {
	spec Spec
	def  *mcp.Tool
	run  func(ctx context.Context, c *Call, arguments []byte) (result []byte, err error)
	err  error
}

// New makes a tool of fn. The schemas come from In and Out, which are structs, as the
// package's doc says. What is wrong with them or with s is reported by NewCatalog.
func New[In, Out any](s Spec, fn func(ctx context.Context, c *Call, in In) (Out, error)) Tool {
	input, inErr := newSchema[In]()
	output, outErr := derive[Out]()
	outputWire, wireErr := stdjson.Marshal(output)
	if err := errors.Join(s.check(), inErr, outErr, wireErr); err != nil {
		return Tool{spec: s, err: fmt.Errorf("tool %q: %w", s.Name, err)}
	}
	return Tool{
		spec: s,
		def: &mcp.Tool{
			Name: s.Name, Title: s.Title, Description: s.Description,
			InputSchema: input.wire, OutputSchema: stdjson.RawMessage(outputWire), Annotations: s.annotations(),
		},
		run: func(ctx context.Context, c *Call, arguments []byte) ([]byte, error) {
			var in In
			if err := input.decode(arguments, &in); err != nil {
				return nil, err
			}
			c.confirm.input = in
			out, err := fn(ctx, c, in)
			if err != nil {
				return nil, err
			}
			return json.Marshal(out)
		},
	}
}

// toolName and maxName are what MCP 2026-07-28, "Tool Names", allows.
var toolName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

const maxName = 128

func (s Spec) check() error {
	var errs []error
	if len(s.Name) > maxName || !toolName.MatchString(s.Name) {
		errs = append(errs, errors.New("the name is not 1 to 128 letters, digits, underscores, hyphens and dots"))
	}
	if s.Title == "" || s.Description == "" {
		errs = append(errs, errors.New("title or description is missing"))
	}
	if s.Scope == "" {
		errs = append(errs, errNoScope)
	}
	if s.ReadOnly && s.Destructive {
		errs = append(errs, errors.New("a tool that only reads destroys nothing"))
	}
	return errors.Join(errs...)
}

func (s Spec) annotations() *mcp.ToolAnnotations {
	return &mcp.ToolAnnotations{
		Title:           s.Title,
		ReadOnlyHint:    s.ReadOnly,
		DestructiveHint: &s.Destructive,
		IdempotentHint:  s.Idempotent || s.ReadOnly,
		OpenWorldHint:   &s.OpenWorld,
	}
}

// handle is the raw handler of the SDK, whose typed one would send integers through
// float64 and decode twice. The result is encoded once and stands in it twice, for
// clients that do not read structured content (MCP 2026-07-28, "Structured Content").
func (t Tool) handle(c *Catalog) mcp.ToolHandler {
	return func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		call, err := c.enter(ctx, r.Extra, t.spec.Scope)
		if err != nil {
			return nil, err
		}
		call.confirm = confirmation{
			desk: &c.desk, spec: &t.spec,
			state: r.Params.RequestState, responses: r.Params.InputResponses,
		}
		out, err := t.run(ctx, call, r.Params.Arguments)
		if err != nil {
			return c.failure(ctx, call, err)
		}
		return &mcp.CallToolResult{
			Content:           []mcp.Content{&mcp.TextContent{Text: string(out)}},
			StructuredContent: stdjson.RawMessage(out),
		}, nil
	}
}
