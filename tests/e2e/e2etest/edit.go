package e2etest

import (
	"encoding/json"
	"strings"
	"testing"
)

// object is a JSON object.
type object = map[string]any

// Edit changes the resource of a state that has a logical name, and returns the state.
func Edit(t testing.TB, state []byte, name string, change func(resource object)) []byte {
	t.Helper()
	var export struct {
		Version    int `json:"version"`
		Deployment struct {
			Resources []object `json:"resources"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal(state, &export); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, r := range export.Deployment.Resources {
		if urn, _ := r["urn"].(string); strings.HasSuffix(urn, "::"+name) && r["custom"] == true {
			change(r)
			found = true
		}
	}
	if !found {
		t.Fatalf("the state has no %s", name)
	}
	changed, err := json.Marshal(export)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// WithArchive makes a function of another zip.
func WithArchive(t testing.TB, state []byte, function, path string) []byte {
	t.Helper()
	return Edit(t, state, function, func(r object) {
		inputs, _ := r["inputs"].(object)
		code, ok := inputs["code"].(object)
		if !ok {
			t.Fatalf("%s has no code", function)
		}
		code["path"] = path
	})
}
