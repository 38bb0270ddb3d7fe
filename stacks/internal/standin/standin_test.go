package standin

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"leasehold.example/stacks/forcenew"
)

const (
	table    = "aws:dynamodb/table:Table"
	function = "aws:lambda/function:Function"
	role     = "aws:iam/role:Role"
)

func properties(m map[string]any) resource.PropertyMap { return resource.NewPropertyMapFromMap(m) }

// Rule 47: what is estimated offline is what the stand-in does, for each type that a
// program may use and for inputs that exist.
func TestRule47TablesMatchTheSDK(t *testing.T) {
	t.Parallel()
	for _, token := range forcenew.Types() {
		if inputs[token] == nil {
			t.Errorf("forcenew has %s, the registry has not", token)
			continue
		}
		replacing, _ := forcenew.Properties(token)
		for _, p := range append(replacing, identity[token]...) {
			if _, ok := field(inputs[token], p); !ok {
				t.Errorf("%s has no input %s", token, p)
			}
		}
		if !slices.IsSorted(replacing) {
			t.Errorf("%s: %q is not sorted", token, replacing)
		}
	}
	for token := range inputs {
		if _, known := forcenew.Properties(token); !known {
			t.Errorf("the registry has %s, forcenew has not", token)
		}
	}
	for _, token := range slices.Concat(slices.Collect(maps.Keys(puts)), slices.Collect(maps.Keys(identity))) {
		if inputs[token] == nil {
			t.Errorf("%s is not in the registry", token)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	zip, err := archive.FromAssets(nil)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, token string
		inputs      map[string]any
		failures    []string
	}{
		{"good", table, map[string]any{"hashKey": "pk", "attributes": []any{map[string]any{"name": "pk", "type": "S"}}}, nil},
		{"an archive", function, map[string]any{"role": "arn", "code": zip, "memorySize": 128}, nil},
		{"unknown in a preview", table, map[string]any{"hashKey": resource.MakeComputed(resource.NewProperty(""))}, nil},
		{"a note of plugins", table, map[string]any{"__defaults": []any{}}, nil},
		{"misspelt", table, map[string]any{"hashKy": "pk"}, []string{"hashKy: tableArgs has no such input"}},
		{"missing", function, map[string]any{"handler": "bootstrap"}, []string{"role: required, and missing"}},
		{"text for a number", function, map[string]any{"role": "arn", "memorySize": "128"}, []string{"memorySize: want a number, got string"}},
		{"text for a truth", table, map[string]any{"streamEnabled": "true"}, []string{"streamEnabled: want true or false, got string"}},
		{"a number for text", table, map[string]any{"hashKey": 1.0}, []string{"hashKey: want text, got number"}},
		{"text for an archive", function, map[string]any{"role": "arn", "code": "build/mcp.zip"}, []string{"code: want an archive, got string"}},
		{"an object for a list", table, map[string]any{"attributes": map[string]any{}}, []string{"attributes: want a list, got object"}},
		{"a list for an object", table, map[string]any{"ttl": []any{}}, []string{"ttl: want an object, got []"}},
		{"a list for a map", table, map[string]any{"tags": []any{}}, []string{"tags: want a map, got []"}},
		{"a number in a map of text", table, map[string]any{"tags": map[string]any{"a": 1.0}}, []string{"tags.a: want text, got number"}},
		{"nested, both ways", table, map[string]any{"attributes": []any{map[string]any{"name": "pk", "typ": "S"}}}, []string{
			"attributes[0].typ: TableAttribute has no such input", "attributes[0].type: required, and missing",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := reasons(check(inputs[tt.token], properties(tt.inputs)))
			if !slices.Equal(got, tt.failures) {
				t.Errorf("got %q, want %q", got, tt.failures)
			}
		})
	}
}

func TestCheckConfig(t *testing.T) {
	t.Parallel()
	good := map[string]any{"region": "eu-central-1", "allowedAccountIds": `["111122223333"]`, "skipRegionValidation": "true", "version": "6.83.2"}
	if got := reasons(checkConfig(properties(good))); got != nil {
		t.Errorf("good settings: %q", got)
	}
	if got := reasons(checkConfig(properties(map[string]any{"allowedAccountId": "111122223333"}))); len(got) != 1 {
		t.Errorf("a misspelt setting: %q", got)
	}
}

func reasons(failures []plugin.CheckFailure) []string {
	var all []string
	for _, f := range failures {
		all = append(all, f.Reason)
	}
	return all
}

func TestWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	_, err := (&server{}).Check(t.Context(), plugin.CheckRequest{Type: "aws:rds/cluster:Cluster"})
	if err == nil || !strings.Contains(err.Error(), "aws:rds/cluster:Cluster") || !strings.Contains(err.Error(), "registry.go") {
		t.Errorf("a type: %v", err)
	}
	_, err = (&server{}).Invoke(t.Context(), plugin.InvokeRequest{Tok: "aws:index/getRegion:getRegion"})
	if err == nil || !strings.Contains(err.Error(), "aws:index/getRegion:getRegion") {
		t.Errorf("a data source: %v", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	checked := func(token string, olds, news map[string]any, seed byte) resource.PropertyMap {
		r := plugin.CheckRequest{Type: tokens.Type(token), Name: "mcp", Olds: properties(olds), News: properties(news), RandomSeed: []byte{31: seed}}
		got, err := (&server{}).Check(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return got.Properties
	}
	first := checked(table, nil, nil, 1)
	name := first["name"].StringValue()
	if !strings.HasPrefix(name, "mcp-") || len(name) != len("mcp-")+7 {
		t.Errorf("the name is %q, want mcp- and seven digits", name)
	}
	if got := checked(table, first.Mappable(), nil, 2)["name"].StringValue(); got != name {
		t.Errorf("another run names it %q, want %q again", got, name)
	}
	if got := checked(table, nil, nil, 2)["name"].StringValue(); got == name {
		t.Error("a replacement has the name of what it replaces")
	}
	if got := checked(table, nil, map[string]any{"name": "mine"}, 1)["name"].StringValue(); got != "mine" {
		t.Errorf("a chosen name became %q", got)
	}
	if got := checked("aws:kms/alias:Alias", nil, map[string]any{"targetKeyId": "k"}, 1)["name"].StringValue(); !strings.HasPrefix(got, "alias/mcp-") {
		t.Errorf("a key's alias is %q", got)
	}
	if _, set := checked("aws:cloudwatch/logGroup:LogGroup", nil, map[string]any{"namePrefix": "/aws/lambda/"}, 1)["name"]; set {
		t.Error("a name beside a prefix")
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, token                string
		olds, news                 map[string]any
		changed, replaced, deleted bool
	}{
		{"same", table, map[string]any{"hashKey": "pk"}, map[string]any{"hashKey": "pk"}, false, false, false},
		{"notes only", table, map[string]any{"__defaults": []any{"name"}}, map[string]any{}, false, false, false},
		{"in place", table, map[string]any{"billingMode": "PROVISIONED"}, map[string]any{"billingMode": "PAY_PER_REQUEST"}, true, false, false},
		{
			"a generated name", table,
			map[string]any{"hashKey": "a", "name": "x", "__defaults": []any{"name"}},
			map[string]any{"hashKey": "b", "name": "x", "__defaults": []any{"name"}},
			true, true, false,
		},
		{"a chosen name", table, map[string]any{"hashKey": "a", "name": "x"}, map[string]any{"hashKey": "b", "name": "x"}, true, true, true},
		{"another chosen name", table, map[string]any{"name": "x"}, map[string]any{"name": "y"}, true, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := (&server{}).Diff(t.Context(), plugin.DiffRequest{Type: tokens.Type(tt.token), OldInputs: properties(tt.olds), NewInputs: properties(tt.news)})
			if err != nil {
				t.Fatal(err)
			}
			if (d.Changes == plugin.DiffSome) != tt.changed || (len(d.ReplaceKeys) > 0) != tt.replaced || d.DeleteBeforeReplace != tt.deleted {
				t.Errorf("got %+v, want changed %v, replaced %v, deleted first %v", d, tt.changed, tt.replaced, tt.deleted)
			}
		})
	}
}
