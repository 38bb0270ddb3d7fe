package tool

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// schema is the JSON Schema of a struct, resolved once.
type schema struct {
	// wire is what clients see. It is encoded here, once, and not for every listing.
	wire     stdjson.RawMessage
	required []string
	whole    *jsonschema.Resolved
	fields   map[string]field
}

// field is one member of the struct, and what it must be, in words. Its schema is resolved
// only when there is something to explain.
type field struct {
	schema   *jsonschema.Schema
	expected string
}

func (f field) accepts(value any) bool {
	resolved, err := f.schema.CloneSchemas().Resolve(nil)
	return err == nil && resolved.Validate(value) == nil
}

func newSchema[T any]() (*schema, error) {
	js, err := derive[T]()
	if err != nil {
		return nil, err
	}
	s := &schema{required: js.Required, fields: make(map[string]field, len(js.Properties))}
	for name, p := range js.Properties {
		s.fields[name] = field{schema: p, expected: expectation(p)}
	}
	if s.whole, err = js.Resolve(nil); err != nil {
		return nil, err
	}
	s.wire, err = stdjson.Marshal(js)
	return s, err
}

// derive returns the schema of the struct T.
func derive[T any]() (*jsonschema.Schema, error) {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%v is not a struct", t)
	}
	js, err := jsonschema.For[T](&jsonschema.ForOptions{
		TypeSchemas: map[reflect.Type]*jsonschema.Schema{reflect.TypeFor[jsontext.Value](): {}},
	})
	if err != nil {
		return nil, err
	}
	refuseNull(js)
	if err := applyLengths(t, js); err != nil {
		return nil, err
	}
	for name, p := range js.Properties {
		// Without a description a property of any type would be encoded as `true`, which
		// TypeScript clients refuse together with the whole listing.
		if p.Description == "" {
			return nil, fmt.Errorf("field %q has no description in a jsonschema tag", name)
		}
	}
	return js, nil
}

// refuseNull undoes that jsonschema-go lets null stand for a nil slice or pointer: we
// never write one, and absent is the only way to leave something out.
func refuseNull(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if len(s.Types) == 2 && s.Types[0] == "null" {
		s.Type, s.Types = s.Types[1], nil
	}
	for _, p := range s.Properties {
		refuseNull(p)
	}
	refuseNull(s.Items)
	refuseNull(s.AdditionalProperties)
}

// applyLengths reads the length tags, `length:"min,max"`, of the string fields of t.
func applyLengths(t reflect.Type, s *jsonschema.Schema) error {
	for _, f := range reflect.VisibleFields(t) {
		tag, ok := f.Tag.Lookup("length")
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := s.Properties[name]
		if p == nil || p.Type != "string" {
			return fmt.Errorf("length tag on %s, which is not a string with a JSON name", f.Name)
		}
		lower, upper, _ := strings.Cut(tag, ",")
		low, lowErr := strconv.Atoi(lower)
		high, highErr := strconv.Atoi(upper)
		if err := errors.Join(lowErr, highErr); err != nil {
			return fmt.Errorf("length tag on %s: %w", f.Name, err)
		}
		p.MinLength, p.MaxLength = &low, &high
	}
	return nil
}

// expectation says what s accepts, for a model that got it wrong.
func expectation(s *jsonschema.Schema) string {
	switch s.Type {
	case "string":
		if s.MaxLength != nil {
			return fmt.Sprintf("a string of %d to %d characters", *s.MinLength, *s.MaxLength)
		}
		return "a string"
	case "integer":
		return "an integer of at most 64 bits, without fraction or exponent"
	case "boolean":
		return "true or false"
	case "":
		return "a JSON value"
	default:
		return "of type " + s.Type
	}
}

// decode checks arguments, a JSON object or nothing, and decodes them into v. Only the
// names of fields are echoed to the model, never values: they may be handles.
//
// Arguments that do not match are a UserError in every protocol version (MCP 2025-11-25,
// SEP-1303: the model can correct itself); what is no object at all is -32602.
func (s *schema) decode(arguments []byte, v any) error {
	if len(arguments) == 0 {
		arguments = []byte("{}")
	}
	var instance map[string]any
	if !bytes.HasPrefix(bytes.TrimLeft(arguments, " \t\r\n"), []byte("{")) ||
		json.Unmarshal(arguments, &instance, losslessNumbers) != nil {
		return &protocolError{jsonrpc.Error{
			Code: jsonrpc.CodeInvalidParams, Message: "arguments is not a JSON object",
		}}
	}
	if s.whole.Validate(instance) != nil {
		return s.explain(instance)
	}
	err := json.Unmarshal(arguments, v, json.RejectUnknownMembers(true))
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		name, _, _ := strings.Cut(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "/")
		return UserErrorf("invalid arguments: %q must be %s", name, s.fields[name].expected)
	}
	return err
}

// explain says what is wrong with instance, which did not validate. It names everything
// at once, so that one more try is enough.
func (s *schema) explain(instance map[string]any) error {
	var wrong []string
	for _, name := range s.required {
		if _, ok := instance[name]; !ok {
			wrong = append(wrong, fmt.Sprintf("%q is missing: it must be %s", name, s.fields[name].expected))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(instance)) {
		switch f, ok := s.fields[name]; {
		case !ok && len(name) <= 64:
			wrong = append(wrong, fmt.Sprintf("%q is unknown", name))
		case !ok:
			wrong = append(wrong, "a long name is unknown")
		case !f.accepts(instance[name]):
			wrong = append(wrong, fmt.Sprintf("%q must be %s", name, f.expected))
		}
		if len(wrong) >= 10 {
			break
		}
	}
	return UserErrorf("invalid arguments: %s", strings.Join(wrong, "; "))
}

// losslessNumbers decodes numbers for validation: jsonschema-go takes a json.Number for
// a string, and float64 would make an integer of 2^53+0.5.
var losslessNumbers = json.WithUnmarshalers(json.UnmarshalFromFunc(func(d *jsontext.Decoder, v *any) error {
	if d.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	*v = number(string(raw))
	return nil
}))

// number returns an int64, else a uint64, else a float64, which is enough to check a
// type: what does not fit into the field is refused when it is decoded.
func number(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n
	}
	f, _ := strconv.ParseFloat(text, 64) // ±Inf when out of range, which no type accepts
	return f
}
