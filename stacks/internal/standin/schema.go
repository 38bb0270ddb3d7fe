package standin

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// check compares inputs with the SDK's type of them: names, kinds, and what is required.
//
// Required is what the SDK holds as a plain value. It holds required lists, and inputs of
// any kind, like optional ones; its constructors refuse those when they are missing.
func check(t reflect.Type, news resource.PropertyMap) []plugin.CheckFailure {
	c := checker{}
	c.object(nil, t, news)
	slices.SortFunc(c.failures, func(a, b plugin.CheckFailure) int { return strings.Compare(string(a.Property), string(b.Property)) })
	return c.failures
}

// checkConfig is check for a provider's settings, whose objects may arrive as JSON.
func checkConfig(news resource.PropertyMap) []plugin.CheckFailure {
	decoded := resource.PropertyMap{}
	for key, v := range news {
		var any any
		if f, ok := field(providerInputs, string(key)); ok && v.IsString() && !isText(f) && json.Unmarshal([]byte(v.StringValue()), &any) == nil {
			v = resource.NewPropertyValue(any)
		}
		decoded[key] = v
	}
	delete(decoded, "version") // the engine adds it
	return check(providerInputs, decoded)
}

type checker struct{ failures []plugin.CheckFailure }

func (c *checker) fail(at resource.PropertyPath, format string, args ...any) {
	c.failures = append(c.failures, plugin.CheckFailure{Property: resource.PropertyKey(at.String()), Reason: at.String() + ": " + fmt.Sprintf(format, args...)})
}

func (c *checker) object(at resource.PropertyPath, t reflect.Type, m resource.PropertyMap) {
	for key, v := range m {
		if strings.HasPrefix(string(key), "__") {
			continue // the plugins' own notes
		}
		f, ok := field(t, string(key))
		if !ok {
			c.fail(below(at, string(key)), "%s has no such input", t.Name())
			continue
		}
		c.value(below(at, string(key)), f.Type, v)
	}
	for f := range t.Fields() {
		name := f.Tag.Get("pulumi")
		if v, set := m[resource.PropertyKey(name)]; name != "" && required(f.Type) && (!set || v.IsNull()) {
			c.fail(below(at, name), "required, and missing")
		}
	}
}

func (c *checker) value(at resource.PropertyPath, t reflect.Type, v resource.PropertyValue) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if v.IsNull() || v.IsComputed() {
		return
	}
	switch {
	case t == reflect.TypeFor[pulumi.Archive]():
		c.want(at, v.IsArchive(), "an archive", v)
	case t == reflect.TypeFor[pulumi.AssetOrArchive]():
		c.want(at, v.IsArchive() || v.IsAsset(), "an asset or archive", v)
	case t.Kind() == reflect.Interface:
		// Text or object, such as a policy document; the SDK does not say.
	case isText(reflect.StructField{Type: t}):
		c.want(at, v.IsString(), "text", v)
	case t.Kind() == reflect.Bool:
		c.want(at, v.IsBool(), "true or false", v)
	case t.Kind() == reflect.Int, t.Kind() == reflect.Float64:
		c.want(at, v.IsNumber(), "a number", v)
	case t.Kind() == reflect.Slice:
		if c.want(at, v.IsArray(), "a list", v) {
			for i, e := range v.ArrayValue() {
				c.value(below(at, i), t.Elem(), e)
			}
		}
	case t.Kind() == reflect.Map:
		if c.want(at, v.IsObject(), "a map", v) {
			for key, e := range v.ObjectValue() {
				c.value(below(at, string(key)), t.Elem(), e)
			}
		}
	case t.Kind() == reflect.Struct:
		if c.want(at, v.IsObject(), "an object", v) {
			c.object(at, t, v.ObjectValue())
		}
	default:
		c.fail(at, "the stand-in provider does not know Go's %s", t)
	}
}

func (c *checker) want(at resource.PropertyPath, ok bool, what string, got resource.PropertyValue) bool {
	if !ok {
		c.fail(at, "want %s, got %s", what, got.TypeString())
	}
	return ok
}

// field finds an input by its name in Pulumi's schema.
func field(t reflect.Type, name string) (reflect.StructField, bool) {
	for f := range t.Fields() {
		if f.Tag.Get("pulumi") == name {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// required reports whether the SDK has no way to leave a field of this type out.
func required(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return false
	default:
		return true
	}
}

func isText(f reflect.StructField) bool {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.String
}

// below is the path of a part; the parts of one value must not share memory.
func below(at resource.PropertyPath, part any) resource.PropertyPath {
	return append(slices.Clone(at), part)
}
