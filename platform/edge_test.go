package platform

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform/offline"
)

const (
	testLambda        = "arn:aws:lambda:eu-central-1:111122223333:function:"
	testGatewayLambda = "arn:aws:apigateway:eu-central-1:lambda:path/"
	testCertificate   = "arn:aws:acm:eu-central-1:111122223333:certificate/brought"
	testKey           = "arn:aws:kms:eu-central-1:111122223333:key/brought"
)

// standIn is a Function as other components see one, without the resources.
func standIn(name string) *Function {
	text := func(s string) pulumi.StringOutput { return pulumi.String(s).ToStringOutput() }
	alias := testLambda + name + ":live"
	return &Function{
		Name: text(name), ARN: text(testLambda + name), AliasName: text("live"), AliasARN: text(alias),
		InvokeARN:          text(testGatewayLambda + "2015-03-31/functions/" + alias + "/invocations"),
		StreamingInvokeARN: text(testGatewayLambda + "2021-11-15/functions/" + alias + "/response-streaming-invocations"),
	}
}

func testLimits() StageLimits {
	return StageLimits{ThrottleRate: 50, ThrottleBurst: 100, AccessLogRetentionDays: 30, LogKMSKeyARN: pulumi.String(testKey)}
}

// edgeRun runs a program under mocks.
func edgeRun(t *testing.T, program pulumi.RunFunc) *offline.Graph {
	t.Helper()
	g, err := offline.Run(offline.Options{Project: "leasehold", Stack: "test"}, program)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// tree is every resource by its name, as "type < name of the parent".
func tree(g *offline.Graph) map[string]string {
	all := map[string]string{}
	for _, r := range g.Resources {
		all[r.Name] = r.Type + " < " + r.Parent[strings.LastIndex(r.Parent, ":")+1:]
	}
	return all
}

func wantTree(t *testing.T, g *offline.Graph, want map[string]string) {
	t.Helper()
	got := tree(g)
	if maps.Equal(got, want) {
		return
	}
	names := slices.Concat(slices.Collect(maps.Keys(got)), slices.Collect(maps.Keys(want)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if got[name] != want[name] {
			t.Errorf("%s is %q, not %q", name, got[name], want[name])
		}
	}
}

func one(t *testing.T, g *offline.Graph, name string) *offline.Resource {
	t.Helper()
	for _, r := range g.Resources {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no resource %s", name)
	return nil
}

// wantInputs compares all inputs of a resource, as JSON values.
func wantInputs(t *testing.T, g *offline.Graph, name string, want object) {
	t.Helper()
	got, err := json.Marshal(one(t, g, name).Inputs.Mappable())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(decoded(t, string(got)), decoded(t, string(text))) {
		t.Errorf("inputs of %s\n got %s\nwant %s", name, got, text)
	}
}

func input(t *testing.T, g *offline.Graph, name, key string) string {
	t.Helper()
	v, ok := one(t, g, name).Inputs[resource.PropertyKey(key)]
	if !ok || !v.IsString() {
		t.Fatalf("%s has no text %s", name, key)
	}
	return v.StringValue()
}

func decoded(t *testing.T, text string) object {
	t.Helper()
	var m object
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return m
}

// in descends into JSON by keys.
func in(t *testing.T, m object, keys ...string) object {
	t.Helper()
	for _, key := range keys {
		next, ok := m[key].(object)
		if !ok {
			t.Fatalf("no object %q of %q", key, keys)
		}
		m = next
	}
	return m
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}
