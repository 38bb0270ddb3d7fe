package program

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	referencePrefix = "stack:"
	referenceForm   = "stack:ORGANIZATION/PROJECT/STACK#OUTPUT"
)

var referencePattern = regexp.MustCompile(`^stack:([^/#\s]+/[^/#\s]+/[^/#\s]+)#([^#\s]+)$`)

// reference stands in a setting for what another stack exports. Settings that may be one have the tag `ref`.
// https://www.pulumi.com/docs/iac/concepts/stacks/#stackreferences
type reference struct{ from, output string }

// lookup reads a reference that stands in a setting, whole or as an element of it. An output that
// does not exist is nil.
type lookup func(f keyed, path string, ref reference, element bool) (value any, secret bool, err error)

// resolve returns the settings with outputs in the place of references, and the keys in which one of
// them is a secret. What is wrong is listed by key.
func resolve(values map[string]string, look lookup) (resolved map[string]string, secrets []string, err error) {
	r := resolver{look: look}
	resolved = maps.Clone(values)
	for _, f := range fields(reflect.TypeFor[Config]()) {
		key := fullKey(f.name())
		text := values[key]
		if !strings.Contains(text, referencePrefix) {
			continue
		}
		var value any = text
		if !strings.HasPrefix(text, referencePrefix) {
			if value, err = decode(text); err != nil {
				continue // Load says what it is not
			}
		}
		r.secret = false
		value = r.setting(f, f.name(), value)
		if r.secret {
			secrets = append(secrets, key)
		}
		if resolved[key], err = passed(value); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return resolved, secrets, errors.Join(r.problems...)
}

// passed is a value as Pulumi passes it to a program.
func passed(value any) (string, error) {
	if text, ok := value.(string); ok {
		return text, nil
	}
	text, err := json.Marshal(value)
	return string(text), err
}

type resolver struct {
	look     lookup
	secret   bool // whether an output of the setting at hand is one
	problems []error
}

// setting replaces references in the value of one setting.
func (r *resolver) setting(f keyed, path string, value any) any {
	members, isObject := value.(map[string]any)
	if f.kind() != reflect.Struct || !isObject {
		return r.value(f, path, value, false)
	}
	for _, member := range fields(f.Type) {
		if v, ok := members[member.name()]; ok {
			members[member.name()] = r.setting(member, join(path, member.name()), v)
		}
	}
	return members
}

// value replaces references at any depth.
func (r *resolver) value(f keyed, path string, value any, element bool) any {
	switch v := value.(type) {
	case string:
		return r.text(f, path, v, element)
	case []any:
		for i := range v {
			v[i] = r.value(f, fmt.Sprintf("%s[%d]", path, i), v[i], true)
		}
	case map[string]any: // of a setting whose form another package knows
		for name := range v {
			v[name] = r.value(f, join(path, name), v[name], true)
		}
	}
	return value
}

func (r *resolver) text(f keyed, path, text string, element bool) any {
	if !strings.HasPrefix(text, referencePrefix) {
		return text
	}
	parts := referencePattern.FindStringSubmatch(text)
	_, allowed := f.Tag.Lookup("ref")
	switch {
	case !allowed && parts == nil:
		return text // a value that begins so
	case !allowed:
		r.problem(path, "cannot be an output of another stack")
		return text
	case parts == nil:
		r.problem(path, "want "+referenceForm)
		return text
	}
	ref := reference{from: parts[1], output: parts[2]}
	value, secret, err := r.look(f, path, ref, element)
	switch {
	case err != nil:
		r.problem(path, fmt.Sprintf("stack %s: %v", ref.from, err))
	case value == nil:
		r.problem(path, fmt.Sprintf("stack %s has no output %s", ref.from, ref.output))
	case secret && !isJSON(f):
		r.problem(path, fmt.Sprintf("output %s of stack %s is a secret, and must not be: it becomes part of names or settings that AWS shows",
			ref.output, ref.from))
	}
	r.secret = r.secret || secret
	return value
}

func (r *resolver) problem(path, why string) {
	r.problems = append(r.problems, fmt.Errorf("%s: %s", fullKey(path), why))
}

// readOutputs looks references up in the backend of the stack that is deployed.
func readOutputs(ctx *pulumi.Context) lookup {
	stacks := map[string]*pulumi.StackReference{}
	return func(_ keyed, _ string, ref reference, _ bool) (any, bool, error) {
		other := stacks[ref.from]
		if other == nil {
			var err error
			if other, err = pulumi.NewStackReference(ctx, ref.from, nil); err != nil {
				return nil, false, err
			}
			stacks[ref.from] = other
		}
		details, err := other.GetOutputDetails(ref.output)
		if err != nil {
			return nil, false, err
		}
		if details.SecretValue != nil {
			return details.SecretValue, true, nil
		}
		return details.Value, false, nil
	}
}

// WithPlaceholders returns the settings with a placeholder in the place of each reference to another stack,
// and a line for each that says so (RULES 47). A placeholder has the form that its setting wants.
func WithPlaceholders(values map[string]string) (resolved map[string]string, notes []string, err error) {
	place := strings.NewReplacer(
		"PARTITION", cmp.Or(values[fullKey("partition")], "aws"),
		"REGION", values[fullKey("region")], "ACCOUNT", values[fullKey("accountId")],
	)
	resolved, _, err = resolve(values, func(f keyed, path string, ref reference, element bool) (any, bool, error) {
		value := placeholder(f, element, place)
		notes = append(notes, fmt.Sprintf("%s: output %s of stack %s is not read without a cloud; shown is %v",
			fullKey(path), ref.output, ref.from, value))
		return value, false, nil
	})
	slices.Sort(notes) // members of issuers have no order
	return resolved, notes, err
}

// placeholder is what the tag `ref` has, or one of its words for an element of a list.
func placeholder(f keyed, element bool, place *strings.Replacer) any {
	tag := f.Tag.Get("ref")
	if isJSON(f) {
		if element {
			return "https://reference.invalid" // an issuer, or an address of one (RFC 2606)
		}
		return tag
	}
	if f.kind() != reflect.Slice {
		return place.Replace(tag)
	}
	words := strings.Fields(tag)
	if element {
		return words[0]
	}
	all := make([]any, len(words))
	for i, word := range words {
		all[i] = word
	}
	return all
}
