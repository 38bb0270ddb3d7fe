package standin

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// generatedKey lists, among a resource's inputs, those that the plugin chose. Plugins
// bridged from Terraform use the same key.
const generatedKey = "__defaults"

// nameProperty is the input that holds the physical name and that a program may leave
// open. Named is false for types that have none.
func nameProperty(t reflect.Type) (property resource.PropertyKey, named bool) {
	for _, name := range []string{"name", "bucket", "statementId"} {
		if f, ok := field(t, name); ok && f.Type.Kind() == reflect.Pointer && isText(f) {
			return resource.PropertyKey(name), true
		}
	}
	return "", false
}

// autoname adds the physical name: the one that the resource has, or the logical name and
// seven random digits, as pulumi-aws does. The engine sends no olds with a replacement,
// which therefore gets a name of its own.
func autoname(t reflect.Type, r plugin.CheckRequest, news resource.PropertyMap) error {
	property, named := nameProperty(t)
	if _, set := news[property]; !named || set || !news[property+"Prefix"].IsNull() {
		return nil
	}
	news[generatedKey] = resource.NewProperty([]resource.PropertyValue{resource.NewProperty(string(property))})
	if generated(r.Olds, property) {
		news[property] = r.Olds[property]
		return nil
	}
	prefix := r.Name + "-"
	if string(r.Type) == "aws:kms/alias:Alias" {
		prefix = "alias/" + prefix
	}
	name, err := resource.NewUniqueName(r.RandomSeed, prefix, 7, maxName, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", r.URN, err)
	}
	news[property] = resource.NewProperty(name)
	return nil
}

// maxName is the shortest limit among the services used, of roles and functions.
const maxName = 64

// generated reports whether the plugin, not the program, chose a property.
func generated(m resource.PropertyMap, property resource.PropertyKey) bool {
	list := m[generatedKey]
	return list.IsArray() && slices.ContainsFunc(list.ArrayValue(), func(v resource.PropertyValue) bool {
		return v.IsString() && v.StringValue() == string(property)
	})
}
