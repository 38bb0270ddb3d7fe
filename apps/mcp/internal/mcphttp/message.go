package mcphttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds the nesting of a message. MCP itself needs fewer than ten levels.
const maxDepth = 64

// maxValues bounds the values of a message: the tree that a decoder makes of a small one can
// take a hundred times its bytes.
const maxValues = 20_000

// maxMembers bounds the names of an envelope, of params and of `_meta`: they are compared
// with each other.
const maxMembers = 128

// maxIDBytes bounds a request id: it is echoed, and kept for the time of the request.
const maxIDBytes = 256

// member is one name and value of a JSON object. Value is the text as it was sent.
type member struct {
	name  string
	value jsontext.Value
}

// object is a JSON object in the order of its members; names are unique.
type object []member

func (o object) get(name string) (jsontext.Value, bool) {
	for i := range o {
		if o[i].name == name {
			return o[i].value, true
		}
	}
	return nil, false
}

// message is a JSON-RPC request or notification that the strict parser has accepted.
type message struct {
	// id is the request id as it was sent, a string or an integer; nil for a notification.
	id     jsontext.Value
	method string
	params object
	// hasParams tells absent params from empty ones.
	hasParams bool
}

func (m *message) isCall() bool { return m.id != nil }

// errResponse is what parse says of a JSON-RPC response. Servers of these protocol
// versions send no requests over this transport, so nobody waits for one.
var errResponse = errors.New("a JSON-RPC response answers nothing here")

// envelopeNames are the members of a JSON-RPC message, and paramNames those of params
// that select what is executed. Whatever equals one of them but for its case is refused:
// decoders that fold case would read it, and others would not (RULES 1).
var (
	envelopeNames = []string{"jsonrpc", "id", "method", "params", "result", "error"}
	paramNames    = []string{
		"_meta", "name", "uri", "arguments", "cursor", "ref", "argument", "context", "level", "notifications",
		"inputResponses", "requestState", "protocolVersion", "capabilities", "clientInfo", "requestId",
	}
)

// parse reads body as one JSON-RPC message. It is the only reader of a body: whatever
// acts later acts on what parse returned. The error says what is wrong, in fixed words,
// without quoting the input; the message then has its id and nothing else, if even that
// could be read.
func parse(body []byte) (*message, error) {
	m := &message{}
	envelope, err := parseObject(body, envelopeNames)
	if err != nil {
		return m, err
	}
	if v, ok := envelope.get("jsonrpc"); !ok || string(v) != `"2.0"` {
		return m, errors.New(`member "jsonrpc" must be "2.0"`)
	}
	if v, ok := envelope.get("id"); ok {
		if err := checkID(v); err != nil {
			return m, err
		}
		m.id = v
	}
	method, ok := envelope.get("method")
	if !ok {
		return &message{}, withoutMethod(envelope) // nobody waits for an answer to an answer
	}
	if m.method, ok = stringOf(method); !ok || m.method == "" {
		return m, errors.New(`member "method" must be a non-empty string`)
	}
	if v, ok := envelope.get("params"); ok {
		m.hasParams = true
		if m.params, err = parseObject(v, paramNames); err != nil {
			return m, fmt.Errorf(`member "params": %w`, err)
		}
	}
	err = m.checkResponses()
	return m, err
}

// checkResponses refuses, at any depth of `inputResponses`, what checkName refuses: the SDK
// decodes them without regard to case, and "ACTION" would stand in for "action".
func (m *message) checkResponses() error {
	raw, ok := m.params.get("inputResponses")
	if !ok {
		return nil
	}
	if err := checkFolds(raw); err != nil {
		return fmt.Errorf(`member "inputResponses" of params: %w`, err)
	}
	return nil
}

// responseNames are the members by which an input response is told and read.
// https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr
var responseNames = []string{"action", "content", "role", "roots", "model", "stopReason", "_meta"}

func checkFolds(v jsontext.Value) error {
	var within []jsontext.Value
	if v.Kind() == '[' {
		items, err := parseArray(v, maxMembers)
		if err != nil {
			return err
		}
		within = items
	}
	if v.Kind() == '{' {
		members, err := parseObject(v, responseNames)
		if err != nil {
			return err
		}
		for _, m := range members {
			within = append(within, m.value)
		}
	}
	for _, value := range within {
		if err := checkFolds(value); err != nil {
			return err
		}
	}
	return nil
}

func withoutMethod(envelope object) error {
	_, result := envelope.get("result")
	_, failure := envelope.get("error")
	if result || failure {
		return errResponse
	}
	return errors.New(`member "method" is missing`)
}

// parseObject reads text as exactly one JSON object: no duplicate name at any depth, no
// invalid UTF-8, nothing behind it, at most maxDepth levels, and no name that equals
// another one, or one of known, but for its case.
func parseObject(text []byte, known []string) (object, error) {
	if err := checkSize(text); err != nil {
		return nil, err
	}
	// A bytes.Buffer is read in place, without a copy.
	dec := jsontext.NewDecoder(bytes.NewBuffer(text))
	if dec.PeekKind() != '{' {
		return nil, errors.New("must be a JSON object")
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, errSyntax
	}
	var o object
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, errSyntax
		}
		m := member{name: name.String()}
		value, err := dec.ReadValue()
		if err != nil {
			return nil, errSyntax
		}
		// value is valid until the next read only; the same bytes of text stay.
		end := dec.InputOffset()
		m.value = text[end-int64(len(value)) : end : end]
		if len(o) == maxMembers {
			return nil, fmt.Errorf("more than %d members", maxMembers)
		}
		if err := checkName(m.name, o, known); err != nil {
			return nil, err
		}
		o = append(o, m)
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, errSyntax
	}
	if len(bytes.TrimLeft(text[dec.InputOffset():], " \t\r\n")) > 0 {
		return nil, errSyntax
	}
	return o, nil
}

// errSyntax stands for every error of the tokenizer: its own texts quote the input.
var errSyntax = errors.New("not valid JSON: a syntax error, a duplicate name, invalid UTF-8 or trailing data")

func checkName(name string, before object, known []string) error {
	for _, m := range before {
		if strings.EqualFold(m.name, name) {
			return errFold
		}
	}
	folds := func(k string) bool { return k != name && strings.EqualFold(k, name) }
	if slices.ContainsFunc(known, folds) {
		return errFold
	}
	return nil
}

var errFold = errors.New("two names, or a name and one that the protocol defines, differ only by case")

// parseArray reads text as exactly one JSON array of at most limit items.
func parseArray(text []byte, limit int) ([]jsontext.Value, error) {
	if err := checkSize(text); err != nil {
		return nil, err
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(text))
	if dec.PeekKind() != '[' {
		return nil, errors.New("must be a JSON array")
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, errSyntax
	}
	var items []jsontext.Value
	for dec.PeekKind() != ']' {
		value, err := dec.ReadValue()
		if err != nil {
			return nil, errSyntax
		}
		if len(items) == limit {
			return nil, fmt.Errorf("more than %d items", limit)
		}
		end := dec.InputOffset()
		items = append(items, text[end-int64(len(value)):end:end])
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, errSyntax
	}
	if len(bytes.TrimLeft(text[dec.InputOffset():], " \t\r\n")) > 0 {
		return nil, errSyntax
	}
	return items, nil
}

// checkSize bounds what decoding text can cost, without judging its syntax.
func checkSize(text []byte) error {
	deepest, values := measure(text)
	switch {
	case deepest > maxDepth:
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	case values > maxValues:
		return fmt.Errorf("more than %d values", maxValues)
	}
	return nil
}

// measure counts the deepest nesting of text, and its values by what begins or parts them.
func measure(text []byte) (deepest, values int) {
	level, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			level++
			values++
			deepest = max(deepest, level)
		case c == ',':
			values++
		case c == '}' || c == ']':
			level--
		}
	}
	return deepest, values
}

// checkID accepts what MCP allows: a string or an integer, not null.
// https://modelcontextprotocol.io/specification/2026-07-28/basic#requests
func checkID(v jsontext.Value) error {
	if len(v) > maxIDBytes {
		return fmt.Errorf(`member "id" is longer than %d bytes`, maxIDBytes)
	}
	if v.Kind() == '"' || (v.Kind() == '0' && !bytes.ContainsAny(v, ".eE")) {
		return nil
	}
	return errors.New(`member "id" must be a string or an integer`)
}

// stringOf decodes v, which the parser has accepted, if it is a JSON string.
func stringOf(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	b, err := jsontext.AppendUnquote(nil, v)
	return string(b), err == nil
}

// stringParam is the string params[name]; empty when it is absent or no string.
func (m *message) stringParam(name string) string {
	v, ok := m.params.get(name)
	if !ok {
		return ""
	}
	s, _ := stringOf(v)
	return s
}

// target is the name of what m acts on: a tool, a prompt, or a resource's URI. ok is false for methods that act on nothing named.
func (m *message) target() (name string, ok bool) {
	switch m.method {
	case methodCallTool, methodGetPrompt:
		return m.stringParam("name"), true
	case methodReadResource, methodSubscribe, methodUnsubscribe:
		return m.stringParam("uri"), true
	}
	return "", false
}

// encode writes o again with only the members that keep allows. The SDK never sees any
// other byte of a body.
func (o object) encode(keep func(name string) bool) json.RawMessage {
	size := 2
	for _, m := range o {
		size += len(m.name) + len(m.value) + 4
	}
	b := append(make([]byte, 0, size), '{')
	for _, m := range o {
		if !keep(m.name) {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = appendQuoted(b, m.name)
		b = append(b, ':')
		b = append(b, m.value...)
	}
	return append(b, '}')
}

// appendQuoted appends s as a JSON string. Invalid UTF-8, which a handler's text may have,
// becomes U+FFFD.
func appendQuoted(b []byte, s string) []byte {
	quoted, _ := jsontext.AppendQuote(b, s) // the error says that there was some
	return quoted
}
