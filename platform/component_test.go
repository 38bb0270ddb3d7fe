package platform_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform/offline"
)

// run runs one component offline, in a stack named "test".
func run(t *testing.T, program pulumi.RunFunc) *offline.Graph {
	t.Helper()
	g, err := offline.Run(offline.Options{Project: "leasehold", Stack: "test"}, program)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// refused returns the error of a component that must not be made.
func refused(t *testing.T, program pulumi.RunFunc) string {
	t.Helper()
	_, err := offline.Run(offline.Options{Project: "leasehold", Stack: "test"}, program)
	if err == nil {
		t.Fatal("no error")
	}
	return err.Error()
}

// wantTree compares "type name" of every resource, indented below its parent.
func wantTree(t *testing.T, g *offline.Graph, want string) {
	t.Helper()
	var lines []string
	var list func(parent, indent string)
	list = func(parent, indent string) {
		for _, r := range g.Resources {
			if r.Parent == parent {
				lines = append(lines, indent+r.Type[strings.LastIndex(r.Type, ":")+1:]+" "+r.Name)
				list(r.URN, indent+"  ")
			}
		}
	}
	list("", "")
	want = strings.ReplaceAll(strings.TrimSpace(want), "\n\t\t", "\n")
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("resources:\n%s\nwant:\n%s", got, want)
	}
}

// find returns the resource with a name.
func find(t *testing.T, g *offline.Graph, name string) *offline.Resource {
	t.Helper()
	i := slices.IndexFunc(g.Resources, func(r *offline.Resource) bool { return r.Name == name && r.Custom })
	if i < 0 {
		t.Fatalf("no resource %q", name)
	}
	return g.Resources[i]
}

// wantInputs compares the inputs that want names; null wants an input to be absent.
func wantInputs(t *testing.T, r *offline.Resource, want string) {
	t.Helper()
	inputs, _ := plain(resource.NewProperty(r.Inputs)).(map[string]any)
	for key, value := range decode(t, want).(map[string]any) {
		if got := inputs[key]; !reflect.DeepEqual(got, value) {
			t.Errorf("%s: %s is\n%s\nwant\n%s", r.Name, key, encode(t, got), encode(t, value))
		}
	}
}

// wantDocument compares an input that is JSON as what it means.
func wantDocument(t *testing.T, r *offline.Resource, input, want string) {
	t.Helper()
	got, ok := plain(r.Inputs[resource.PropertyKey(input)]).(string)
	if !ok {
		t.Fatalf("%s has no %s", r.Name, input)
	}
	if a, b := decode(t, got), decode(t, want); !reflect.DeepEqual(a, b) {
		t.Errorf("%s: %s is\n%s\nwant\n%s", r.Name, input, encode(t, a), encode(t, b))
	}
}

// plain is a property as encoding/json would decode it.
func plain(v resource.PropertyValue) any {
	return decodeNumbers(v.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		if v.IsArchive() {
			return v.ArchiveValue().Path, true
		}
		return nil, false
	}))
}

func decodeNumbers(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // a property that is not JSON: an archive that plain does not know
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		panic(err)
	}
	return out
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func encode(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// wantLines wants an error to have these lines, in any order, and no other.
func wantLines(t *testing.T, err string, want ...string) {
	t.Helper()
	for _, line := range want {
		if !strings.Contains(err, line) {
			t.Errorf("the error lacks %q:\n%s", line, err)
		}
	}
	if got := strings.Count(err, " must "); got != len(want) {
		t.Errorf("%d complaints, want %d:\n%s", got, len(want), err)
	}
}
