// Package tool is the frame that tools, prompts and resources stand in.
//
// A tool is a package below this one: an input and an output struct, a scope, and a
// function. The frame derives the schemas from the structs, refuses arguments that do
// not match them, decodes the rest, and turns what the function returns into a result:
//
//	type In struct {
//		Name string `json:"name" jsonschema:"whom to greet" length:"1,80"`
//	}
//
//	type Out struct {
//		Greeting string `json:"greeting" jsonschema:"the greeting"`
//	}
//
//	tool.New(tool.Spec{
//		Name: "greet", Title: "Greet", Description: "Greets somebody by name.",
//		Scope: scopes.Of(scopes.Tool, "greet"), ReadOnly: true,
//	}, func(ctx context.Context, c *tool.Call, in In) (Out, error) {
//		return Out{Greeting: "Hello " + in.Name}, nil
//	})
//
// A field is required unless it is tagged `omitzero` or `omitempty`. The tag jsonschema
// describes it to the model and must be there; length bounds a string in characters. A
// field of any JSON value has the type jsontext.Value. Integers keep all their digits.
//
// What the model shall read of a failure is a UserError. The errors of package session
// have texts of their own; every other error is logged and answered as internal.
package tool
