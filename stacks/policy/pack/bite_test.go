package pack_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"leasehold.example/platform/offline"
	"leasehold.example/stacks/policy/pack"
	"leasehold.example/stacks/program"
)

// additions are the policies that nothing taken from a stack of ours can break: they are
// about what a stack would have to add, or about what only the bootstrap program has.
var additions = []string{
	"api-definition-not-public", "api-no-cache", "bucket-customer-key", "bucket-not-public", "bucket-tls-only", "bucket-versioned",
	"function-environment-without-secrets", "function-url-authorised", "iam-no-admin-policy", "iam-no-users", "network-no-open-ingress",
	"secret-value-not-in-state",
}

// A policy that looks at the wrong place passes whatever a component does. So every other
// policy finds something in the production stack after one change to it: a resource or a
// value left out, a switch turned, a number or a text that is not what it was.
func TestPoliciesBite(t *testing.T) {
	t.Parallel()
	values := settings(t, "prod", map[string]string{
		"leasehold:domain":              `{"name":"mcp.example.com","hostedZoneId":"Z0123456789ABC"}`,
		"leasehold:permissionsBoundary": "arn:aws:iam::111122223333:policy/boundary",
	})
	p := program.Program{Root: root, WithoutArchives: true, Settings: values}
	g, err := offline.Run(offline.Options{Project: "leasehold", Stack: "test", Config: values}, p.Deploy)
	if err != nil {
		t.Fatal(err)
	}
	silent := all()
	for changed, at := range changes(pack.Analyzed(g)) {
		for name, p := range silent {
			resources := changed
			if _, stack := p.(policyx.StackValidationPolicy); !stack {
				resources = changed[min(at, len(changed)):min(at+1, len(changed))]
			}
			if len(messages(t, p, resources)) > 0 {
				delete(silent, name)
			}
		}
	}
	if got := slices.Sorted(maps.Keys(silent)); !slices.Equal(got, additions) {
		t.Errorf("found nothing, whatever was changed: %q\nexpected of: %q", got, additions)
	}
}

// changes yields the resources after one change, and which of them it was.
func changes(resources []policyx.AnalyzerResource) func(yield func([]policyx.AnalyzerResource, int) bool) {
	return func(yield func([]policyx.AnalyzerResource, int) bool) {
		for i := range resources {
			if !yield(slices.Delete(slices.Clone(resources), i, i+1), len(resources)) {
				return
			}
			bare := slices.Clone(resources)
			bare[i].Options, bare[i].Provider = pulumi.ResourceOptions{}, policyx.AnalyzerProviderResource{}
			if !yield(bare, i) {
				return
			}
			for v := range less(property.New(resources[i].Properties)) {
				changed := slices.Clone(resources)
				changed[i].Properties = v.AsMap()
				if !yield(changed, i) {
					return
				}
			}
		}
	}
}

// less yields the value with one thing below it left out or different. JSON in a text is
// looked into.
func less(v property.Value) func(yield func(property.Value) bool) {
	return func(yield func(property.Value) bool) {
		switch {
		case v.IsMap():
			for key, below := range v.AsMap().All {
				if !yield(property.New(v.AsMap().Delete(key))) {
					return
				}
				for changed := range less(below) {
					if !yield(property.New(v.AsMap().Set(key, changed))) {
						return
					}
				}
			}
		case v.IsArray():
			for i, below := range v.AsArray().All {
				if !yield(property.New(slices.Delete(v.AsArray().AsSlice(), i, i+1))) {
					return
				}
				for changed := range less(below) {
					elements := v.AsArray().AsSlice()
					elements[i] = changed
					if !yield(property.New(elements)) {
						return
					}
				}
			}
		case v.IsBool():
			yield(property.New(!v.AsBool()))
		case v.IsNumber():
			_ = yield(property.New(0.0)) && yield(property.New(100*v.AsNumber()))
		case v.IsString() && strings.HasPrefix(v.AsString(), "{") && json.Valid([]byte(v.AsString())):
			lessJSON(v.AsString(), yield)
		case v.IsString():
			yield(property.New("*"))
		}
	}
}

func lessJSON(text string, yield func(property.Value) bool) {
	var plain map[string]any
	if err := json.Unmarshal([]byte(text), &plain); err != nil {
		panic(err)
	}
	for changed := range less(resource.FromResourcePropertyValue(resource.NewProperty(resource.NewPropertyMapFromMap(plain)))) {
		encoded, err := json.Marshal(resource.ToResourcePropertyValue(changed).Mappable())
		if err != nil {
			panic(err)
		}
		if !yield(property.New(string(encoded))) {
			return
		}
	}
}
