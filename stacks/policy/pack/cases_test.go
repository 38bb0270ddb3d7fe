package pack_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"gopkg.in/yaml.v3"
)

// file is testdata/<policy>.yaml. A value tagged !json is the JSON text of what follows,
// !secret is a Pulumi secret, and !unknown is not known yet.
type file struct{ Pass, Fail []testCase }

type testCase struct {
	Case      string
	Says      []string // "resource: message", in order; of failing cases
	Resources []testResource
}

type testResource struct {
	Type, Name, Provider string
	Properties           node
	Protect              bool
	DeleteBeforeReplace  bool `yaml:"deleteBeforeReplace"`
}

func read(t *testing.T, policy string) file {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", policy+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var f file
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&f); err != nil {
		t.Fatalf("%s: %v", policy, err)
	}
	return f
}

func (c testCase) analyzed(t *testing.T) []policyx.AnalyzerResource {
	t.Helper()
	var all []policyx.AnalyzerResource
	for _, r := range c.Resources {
		name := r.Name
		if name == "" {
			name = "it"
		}
		properties := property.Map{}
		if r.Properties.value.IsMap() {
			properties = r.Properties.value.AsMap()
		}
		all = append(all, policyx.AnalyzerResource{
			Type: r.Type, Name: name, URN: "urn:pulumi:test::leasehold::" + r.Type + "::" + name, Properties: properties,
			Provider: policyx.AnalyzerProviderResource{URN: r.Provider},
			Options:  pulumi.ResourceOptions{Protect: r.Protect, DeleteBeforeReplace: r.DeleteBeforeReplace},
		})
	}
	return all
}

// node is a YAML value as a property.
type node struct{ value property.Value }

// UnmarshalYAML reads the tags of file.
func (n *node) UnmarshalYAML(y *yaml.Node) (err error) {
	tag := y.Tag
	switch tag {
	case "!unknown":
		n.value = property.New(property.Computed)
		return nil
	case "!json", "!secret":
		y.Tag = map[yaml.Kind]string{yaml.MappingNode: "!!map", yaml.SequenceNode: "!!seq"}[y.Kind]
	}
	if n.value, err = n.decode(y); err != nil {
		return err
	}
	switch tag {
	case "!secret":
		n.value = n.value.WithSecret(true)
	case "!json":
		var plain any
		if err := y.Decode(&plain); err != nil {
			return err
		}
		text, err := json.Marshal(plain)
		if err != nil {
			return err
		}
		n.value = property.New(string(text))
	}
	return nil
}

func (n *node) decode(y *yaml.Node) (property.Value, error) {
	switch y.Kind {
	case yaml.MappingNode:
		var below map[string]node
		err := y.Decode(&below)
		all := map[string]property.Value{}
		for key, v := range below {
			all[key] = v.value
		}
		return property.New(property.NewMap(all)), err
	case yaml.SequenceNode:
		var below []node
		err := y.Decode(&below)
		all := []property.Value{}
		for _, v := range below {
			all = append(all, v.value)
		}
		return property.New(all), err
	default:
		var plain any
		if err := y.Decode(&plain); err != nil {
			return property.Value{}, err
		}
		if number, ok := plain.(int); ok {
			plain = float64(number)
		}
		v, err := property.Any(plain)
		if err != nil {
			return property.Value{}, fmt.Errorf("line %d: %w", y.Line, err)
		}
		return v, nil
	}
}
