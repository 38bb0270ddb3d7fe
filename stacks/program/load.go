package program

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	server "leasehold.example/apps/mcp/config"
)

// Load reads the settings of a stack from values, which has them under their full keys
// ("leasehold:edge") as Pulumi passes them: text, and JSON for objects and lists. secrets are the keys
// that are Pulumi secrets, of which no value is in any error. The error lists all that is wrong, by key.
// Keys of other namespaces are other people's, unless they look like ours misspelt, or like the provider's.
func Load(stack string, values map[string]string, secrets ...string) (Config, error) {
	c := Config{Stack: stack, secret: slices.Contains(secrets, fullKey("issuers"))}
	r := reader{set: map[string]bool{}}
	root := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		name, ours := strings.CutPrefix(key, Namespace+":")
		if !ours {
			switch space, _, _ := strings.Cut(key, ":"); {
			case space == "aws": // the settings of the default provider, which nothing here uses (RULES 44)
				r.problems = append(r.problems, fmt.Errorf("%s: has no effect: leasehold:region and leasehold:accountId say where the stack is", key))
			case edits(space, Namespace) <= 2:
				r.problems = append(r.problems, fmt.Errorf("%s: there is no such setting; the nearest namespace is %s", key, Namespace))
			}
			continue
		}
		if slices.Contains(secrets, key) && name != "issuers" {
			r.problems = append(r.problems, fmt.Errorf("%s: must not be a secret: it becomes part of names or settings that AWS shows", key))
			continue
		}
		root[name] = values[key]
	}
	r.object(reflect.ValueOf(&c).Elem(), "", root)
	r.problems = append(r.problems, c.checkStack()...)
	r.problems = append(r.problems, c.checkServer()...)
	if len(r.problems) == 0 { // what follows compares values that are good by themselves
		r.problems = c.checkTogether(r.set)
	}
	if len(r.problems) > 0 {
		return Config{}, wrong(stack, errors.Join(r.problems...))
	}
	return c, nil
}

func wrong(stack string, problems error) error {
	return fmt.Errorf("the configuration of stack %s is wrong:\n%w", stack, problems)
}

// keyed is a setting as its tags describe it.
type keyed struct {
	reflect.StructField
}

func (f keyed) name() string { return f.Tag.Get("json") }

// want says what is accepted.
func (f keyed) want() string {
	if v, ok := serverVariable(f.Tag.Get("env")); ok {
		want, _, isList := strings.Cut(v.Tag.Get("want"), ", separated") // in a variable; here it is a list
		if isList {
			want = "a list of " + want
		}
		return want
	}
	oneof, bounds := strings.Fields(f.Tag.Get("oneof")), ""
	if limit := f.Tag.Get("max"); limit != "" {
		bounds = " from " + f.Tag.Get("min") + " to " + limit
	}
	switch kind := f.kind(); {
	case len(oneof) > 1:
		return strings.Join(oneof[:len(oneof)-1], ", ") + " or " + oneof[len(oneof)-1]
	case kind == reflect.Slice:
		return "a list, each " + patterns[f.Tag.Get("match")].want
	case kind == reflect.Struct:
		return "an object"
	case kind == reflect.Bool:
		return "true or false"
	case kind == reflect.Int:
		return "a whole number" + bounds
	case kind == reflect.Float64:
		return "a number" + bounds
	default:
		return patterns[f.Tag.Get("match")].want
	}
}

// byDefault is what an absent value means; empty when it means absence.
func (f keyed) byDefault() string {
	if v, ok := serverVariable(f.Tag.Get("env")); ok {
		return v.Tag.Get("envDefault")
	}
	return f.Tag.Get("default")
}

func (f keyed) kind() reflect.Kind {
	if f.Type.Kind() == reflect.Pointer {
		return f.Type.Elem().Kind()
	}
	return f.Type.Kind()
}

// serverVariable is the field of apps/mcp/config with that name of a variable.
func serverVariable(name string) (reflect.StructField, bool) {
	for f := range reflect.TypeFor[server.Config]().Fields() {
		if name != "" && f.Tag.Get("env") == name {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// fields are the settings of a struct.
func fields(t reflect.Type) []keyed {
	var all []keyed
	for f := range t.Fields() {
		if name := f.Tag.Get("json"); name != "" && name != "-" {
			all = append(all, keyed{f})
		}
	}
	return all
}

func fullKey(path string) string { return Namespace + ":" + path }

// reader fills settings in, and collects what is wrong and which ones are set.
type reader struct {
	problems []error
	set      map[string]bool
}

func (r *reader) problem(path, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("%s: %s", fullKey(path), fmt.Sprintf(format, args...)))
}

// object fills the struct to from members. At the top, members are text; below, what JSON has.
func (r *reader) object(to reflect.Value, path string, members map[string]any) {
	known := fields(to.Type())
	for _, f := range known {
		r.member(to.FieldByIndex(f.Index), f, join(path, f.name()), members[f.name()])
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.ContainsFunc(known, func(f keyed) bool { return f.name() == name }) {
			r.problem(join(path, name), "there is no such setting; the nearest is %s", nearest(name, known))
		}
	}
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

// member fills one field. Pulumi passes objects and lists as JSON in a text.
func (r *reader) member(to reflect.Value, f keyed, path string, value any) {
	if text, ok := value.(string); ok && (f.kind() == reflect.Struct || f.kind() == reflect.Slice || isJSON(f)) {
		var err error
		if value, err = decode(text); err != nil {
			r.problem(path, "want %s, got something that is neither an object nor a list", f.want())
			return
		}
	}
	if value != nil && value != "" {
		r.set[path] = true
	}
	switch f.kind() {
	case reflect.Struct:
		members, ok := value.(map[string]any)
		if value != nil && !ok {
			r.problem(path, "want %s, got %s", f.want(), describe(value))
			return
		}
		r.object(to, path, members)
	case reflect.Slice:
		r.list(to, f, path, value)
	default:
		if isJSON(f) {
			if value != nil {
				text, _ := json.Marshal(value) // it came from JSON
				to.SetString(string(text))
			}
			return
		}
		r.leaf(to, f, path, value)
	}
}

func isJSON(f keyed) bool { return f.Type == reflect.TypeFor[JSON]() }

// decode reads JSON, numbers as they are written. Nothing is null.
func decode(text string) (value any, err error) {
	if text == "" {
		return nil, nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return value, nil
}

func (r *reader) list(to reflect.Value, f keyed, path string, value any) {
	elements, ok := value.([]any)
	if value != nil && !ok {
		r.problem(path, "want %s, got %s", f.want(), describe(value))
		return
	}
	for i, element := range elements {
		text, ok := plain(element)
		if accept := patterns[f.Tag.Get("match")]; !ok || text == "" || !accept.matches(text) {
			r.problem(fmt.Sprintf("%s[%d]", path, i), "want %s, got %s", accept.want, describe(element))
			continue
		}
		to.Set(reflect.Append(to, reflect.ValueOf(text)))
	}
}

// leaf fills a text, a number or a truth value, each of which may come as a text.
func (r *reader) leaf(to reflect.Value, f keyed, path string, value any) {
	text, ok := plain(value)
	if !ok {
		r.problem(path, "want %s, got %s", f.want(), describe(value))
		return
	}
	if text == "" {
		text = f.Tag.Get("default")
	}
	switch {
	case text == "" && f.Tag.Get("need") != "":
		r.problem(path, "want %s, it is not set", f.want())
	case text == "":
	case !f.accepts(text) || !assign(to, text):
		r.problem(path, "want %s, got %s", f.want(), describe(value))
	}
}

// accepts looks at the tags; the type is for assign.
func (f keyed) accepts(text string) bool {
	if oneof := f.Tag.Get("oneof"); oneof != "" && !slices.Contains(strings.Fields(oneof), text) {
		return false
	}
	if limit := f.Tag.Get("max"); limit != "" {
		n, err := strconv.ParseFloat(text, 64)
		least, _ := strconv.ParseFloat(f.Tag.Get("min"), 64) // a test reads every tag
		most, _ := strconv.ParseFloat(limit, 64)
		return err == nil && least <= n && n <= most
	}
	return patterns[f.Tag.Get("match")].matches(text)
}

// assign parses text as what to is, and reports whether it is that.
func assign(to reflect.Value, text string) bool {
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	switch to.Kind() {
	case reflect.String:
		to.SetString(text)
		return true
	case reflect.Bool:
		to.SetBool(text == "true")
		return text == "true" || text == "false"
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		to.SetFloat(n)
		return err == nil
	default:
		n, err := strconv.Atoi(text)
		to.SetInt(int64(n))
		return err == nil
	}
}

// plain is the text of a value that is neither an object nor a list.
func plain(value any) (text string, ok bool) {
	switch v := value.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool, json.Number:
		return fmt.Sprint(v), true
	default:
		return "", false
	}
}

func describe(value any) string {
	switch value.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	default:
		return fmt.Sprintf("%q", fmt.Sprint(value))
	}
}

// nearest is the known name with the fewest edits to name.
func nearest(name string, known []keyed) string {
	return slices.MinFunc(known, func(a, b keyed) int { return edits(name, a.name()) - edits(name, b.name()) }).name()
}

// edits is Levenshtein's distance, with regard to case last.
func edits(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
