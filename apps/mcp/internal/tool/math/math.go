// Package math adds two integers.
package math

import (
	"context"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/scopes"
)

// In are the arguments of the tool math.
type In struct {
	A int64 `json:"a" jsonschema:"the first summand, a signed 64-bit integer"`
	B int64 `json:"b" jsonschema:"the second summand, a signed 64-bit integer"`
}

// Out is the result of the tool math.
type Out struct {
	Sum int64 `json:"sum" jsonschema:"a plus b, exactly"`
}

// New returns the tool.
func New() []tool.Entry {
	return []tool.Entry{tool.New(tool.Spec{
		Name:        "math",
		Title:       "Add two integers",
		Description: "Adds two integers exactly, with all digits of numbers beyond 2^53.",
		Scope:       scopes.Of(scopes.Tool, "math"),
		ReadOnly:    true,
		Idempotent:  true,
	}, func(_ context.Context, _ *tool.Call, in In) (Out, error) { return Add(in) })}
}

// Add returns the sum, or a UserError when it does not fit into 64 bits.
func Add(in In) (Out, error) {
	sum := in.A + in.B
	if (sum > in.A) != (in.B > 0) && in.B != 0 {
		return Out{}, tool.UserErrorf("the sum does not fit into a signed 64-bit integer")
	}
	return Out{Sum: sum}, nil
}
