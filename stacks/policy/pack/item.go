package pack

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

// item is one resource.
type item struct{ *policyx.AnalyzerResource }

// at is the property at the path, names with dots between them. It is null where anything
// on the way is absent, and computed where anything on the way is not known yet.
func (r item) at(path string) property.Value {
	return within(property.New(r.Properties), path)
}

func within(v property.Value, path string) property.Value {
	for name := range strings.SplitSeq(path, ".") {
		switch {
		case v.IsComputed():
			return v
		case !v.IsMap():
			return property.Value{}
		}
		v = v.AsMap().Get(name)
	}
	return v
}

// text is the string at the path; known is false when it is still to be computed.
func (r item) text(path string) (s string, known bool) { return textOf(r.at(path)) }

func textOf(v property.Value) (s string, known bool) {
	if v.IsString() {
		return v.AsString(), true
	}
	return "", !v.IsComputed()
}

// list is the array at the path; known is false when it, or anything within, is not known yet.
func (r item) list(path string) (all []property.Value, known bool) { return listOf(r.at(path)) }

func listOf(v property.Value) (all []property.Value, known bool) {
	if v.IsArray() {
		return v.AsArray().AsSlice(), !v.HasComputed()
	}
	return nil, !v.IsComputed()
}

// want demands that the property at the path is as ok says; expected completes the sentence
// "… is X; expected …".
func want(path, expected string, ok func(property.Value) bool) check {
	return func(r item, report reporter) {
		if v := r.at(path); !v.IsComputed() && !ok(v) {
			report(r, "%s is %s; expected %s", path, show(v), expected)
		}
	}
}

// every runs all checks.
func every(checks ...check) check {
	return func(r item, report reporter) {
		for _, c := range checks {
			c(r, report)
		}
	}
}

func isTrue(v property.Value) bool { return v.IsBool() && v.AsBool() }

// isOff is false or absent.
func isOff(v property.Value) bool { return !isTrue(v) }

// isSet is anything but absent and empty.
func isSet(v property.Value) bool {
	return !v.IsNull() && (!v.IsString() || v.AsString() != "") && (!v.IsArray() || v.AsArray().Len() > 0)
}

func atLeast(n float64) func(property.Value) bool {
	return func(v property.Value) bool { return v.IsNumber() && v.AsNumber() >= n }
}

func oneOf(allowed ...string) func(property.Value) bool {
	return func(v property.Value) bool { return v.IsString() && slices.Contains(allowed, v.AsString()) }
}

// show is a value in a message. A secret is never part of a message.
func show(v property.Value) string {
	switch {
	case v.HasSecrets():
		return "a secret"
	case v.IsNull():
		return "not set"
	case v.IsString():
		return fmt.Sprintf("%q", v.AsString())
	case v.IsBool():
		return fmt.Sprint(v.AsBool())
	case v.IsNumber():
		return fmt.Sprint(v.AsNumber())
	default:
		return "set"
	}
}

// stack is all that a stack has.
type stack struct{ items []item }

func newStack(resources []policyx.AnalyzerResource) *stack {
	s := &stack{}
	for i := range resources {
		s.items = append(s.items, item{&resources[i]})
	}
	slices.SortFunc(s.items, func(a, b item) int { return cmp.Compare(a.URN, b.URN) })
	return s
}

func (s *stack) of(types ...string) []item {
	var found []item
	for _, r := range s.items {
		if slices.Contains(types, r.Type) {
			found = append(found, r)
		}
	}
	return found
}

// points says whether the property at the path names the target, by id, ARN or name. An
// answer that is not known yet is true: a relation is missing only for certain.
func (r item) points(path string, target item) bool {
	v := r.at(path)
	if v.HasComputed() {
		return true
	}
	if v.IsArray() {
		return slices.ContainsFunc(v.AsArray().AsSlice(), target.named)
	}
	return target.named(v)
}

// identifiers are the properties by which other resources name one.
var identifiers = []string{"id", "arn", "name", "bucket"}

func (r item) named(v property.Value) bool {
	if !v.IsString() || v.AsString() == "" {
		return false
	}
	return slices.ContainsFunc(identifiers, func(path string) bool {
		own := r.at(path)
		return own.IsComputed() || own.IsString() && own.AsString() == v.AsString()
	})
}

// anyPoints says whether one of the sources names the target.
func anyPoints(sources []item, path string, target item) bool {
	return slices.ContainsFunc(sources, func(r item) bool { return r.points(path, target) })
}
