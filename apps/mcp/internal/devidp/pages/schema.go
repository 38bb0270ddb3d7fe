package pages

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// properties are the members of a JSON Schema of an object, in its own order.
type properties []property

type property struct {
	name   string
	schema propertySchema
}

// propertySchema is what of a property's schema makes a difference to a form.
type propertySchema struct {
	Type        jsontext.Value   `json:"type"` // a list in some schemas
	Title       string           `json:"title"`
	Description string           `json:"description"`
	Default     jsontext.Value   `json:"default"`
	Enum        []jsontext.Value `json:"enum"`
	MaxLength   int              `json:"maxLength"`
}

// objectSchema is the schema of a tool's arguments, or of the form of an elicitation.
type objectSchema struct {
	Properties properties `json:"properties"`
	Required   []string   `json:"required"`
}

// UnmarshalJSONFrom keeps the order that a map would lose.
func (p *properties) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		next := property{name: name.String()}
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if value.Kind() == '{' { // true is a schema too: of anything
			if err := json.Unmarshal(value, &next.schema); err != nil {
				return err
			}
		}
		*p = append(*p, next)
	}
	_, err := d.ReadToken()
	return err
}

// Widgets of a field.
const (
	widgetLine    = "line"    // one line of text
	widgetText    = "text"    // several lines
	widgetNumber  = "number"  // one line, digits
	widgetChoice  = "choice"  // one of a few values
	widgetAnyJSON = "anyjson" // several lines of JSON
)

// manyCharacters is from where on a text gets several lines.
const manyCharacters = 256

// field is one control of a form that was made from a schema.
type field struct {
	// ID and Name are those of the control, Label is that of the property.
	ID, Name, Label, Hint string
	Widget, Kind          string
	Required              bool
	MaxLength             int
	Choices               []choice
	// Value is what was sent, or the default. Error says why it cannot be sent on.
	Value, Error string
}

type choice struct{ Value, Text string }

// newFields makes the controls of an object. The name of each begins with prefix, a word
// and a dot, so that no property can take the place of a field of ours.
func newFields(s objectSchema, prefix string) []field {
	fields := make([]field, 0, len(s.Properties))
	for i, p := range s.Properties {
		f := field{
			ID: prefix + strconv.Itoa(i), Name: prefix + p.name, Label: p.name, Hint: p.schema.Description,
			Required: slices.Contains(s.Required, p.name), MaxLength: p.schema.MaxLength,
		}
		if p.schema.Title != "" {
			f.Label = p.schema.Title
		}
		f.Kind, _ = text(p.schema.Type)
		f.Widget, f.Choices = widget(p.schema, f.Kind)
		f.Value = f.shown(p.schema.Default)
		fields = append(fields, f)
	}
	return fields
}

func widget(s propertySchema, kind string) (name string, choices []choice) {
	if len(s.Enum) > 0 {
		for _, v := range s.Enum {
			shown, ok := text(v)
			if !ok {
				shown = string(v)
			}
			choices = append(choices, choice{string(v), shown})
		}
		return widgetChoice, choices
	}
	switch kind {
	case "boolean":
		return widgetChoice, []choice{{"true", "true"}, {"false", "false"}}
	case "integer", "number":
		return widgetNumber, nil
	case "string":
		if s.MaxLength >= manyCharacters {
			return widgetText, nil
		}
		return widgetLine, nil
	}
	return widgetAnyJSON, nil
}

// shown is a JSON value as the control has it.
func (f *field) shown(value jsontext.Value) string {
	if s, ok := text(value); ok && (f.Widget == widgetLine || f.Widget == widgetText) {
		return s
	}
	return string(value)
}

// text is the string that value is; not ok when it is something else.
func text(value jsontext.Value) (s string, ok bool) {
	if value.Kind() != '"' {
		return "", false
	}
	return s, json.Unmarshal(value, &s) == nil
}

// read takes what was sent for f and returns it as JSON; nil when nothing was sent, which
// leaves the property out. What cannot be JSON of the kind is f.Error. Whether the
// value is allowed is for the server to say, and worth seeing.
func (f *field) read(sent string) jsontext.Value {
	f.Value = strings.ReplaceAll(sent, "\r\n", "\n") // as browsers send line breaks
	if f.Value == "" {
		return nil
	}
	switch f.Widget {
	case widgetLine, widgetText:
		quoted, err := jsontext.AppendQuote(nil, f.Value)
		if err != nil {
			f.Error = "This is not valid text (UTF-8)."
		}
		return quoted
	case widgetChoice:
		if !slices.ContainsFunc(f.Choices, func(c choice) bool { return c.Value == f.Value }) {
			f.Error = "Choose one of the values."
		}
		return jsontext.Value(f.Value)
	}
	value := jsontext.Value(strings.TrimSpace(f.Value))
	switch {
	case f.Widget == widgetAnyJSON && !value.IsValid():
		f.Error = `This is not JSON. A text needs quotation marks: "like this".`
	case f.Widget == widgetNumber && (!value.IsValid() || value.Kind() != '0'):
		f.Error = "This is not a number."
	case f.Kind == "integer" && bytes.ContainsAny(value, ".eE"):
		f.Error = "This is not an integer: digits only, with a minus sign in front if need be."
	}
	return value
}

// readFields reads all fields into one JSON object. Not ok when a field has an error.
func readFields(fields []field, prefix string, sent func(name string) string) (object jsontext.Value, ok bool) {
	var b bytes.Buffer
	e := jsontext.NewEncoder(&b, jsontext.SpaceAfterComma(false))
	ok = e.WriteToken(jsontext.BeginObject) == nil
	for i := range fields {
		f := &fields[i]
		value := f.read(sent(f.Name))
		switch {
		case f.Error != "":
			ok = false
		case value != nil:
			ok = ok && e.WriteToken(jsontext.String(strings.TrimPrefix(f.Name, prefix))) == nil && e.WriteValue(value) == nil
		}
	}
	ok = ok && e.WriteToken(jsontext.EndObject) == nil
	return jsontext.Value(bytes.TrimSpace(b.Bytes())), ok
}
