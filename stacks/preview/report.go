// Package preview shows what a Pulumi program would make, without a cloud: the tree of its
// resources with the settings that matter, the policy findings, the outputs, and what differs
// from another stack or another commit. docs/preview.md describes it, and its JSON.
package preview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"leasehold.example/platform/offline"
)

// FormatVersion is that of the JSON. It grows when a field changes its meaning or goes away;
// new fields do not change it. Two previews are compared only if both have this version.
const FormatVersion = 1

// Secret stands where a secret would be (RULES 47): no secret is decrypted for a preview, and
// none of a program's own is printed. Two secrets are therefore never seen to differ.
const Secret = "[secret]"

// archivePrefix marks a file's place; its content is no part of a preview (RULES 47).
const archivePrefix = "archive:"

// Report is a preview as data; its JSON is stable (FormatVersion).
type Report struct {
	Version int    `json:"version"`
	Project string `json:"project"`
	Stack   string `json:"stack"`
	// Region and Account are those of the program's AWS provider; empty when it has none.
	Region  string `json:"region,omitempty"`
	Account string `json:"account,omitempty"`
	// Warnings are the program's own, in its order.
	Warnings  []string       `json:"warnings"`
	Findings  []Finding      `json:"findings"`
	Resources []Resource     `json:"resources"` // by URN
	Outputs   map[string]any `json:"outputs"`
	// Changes are absent when nothing was compared.
	Changes *Changes `json:"changes,omitempty"`
}

// Finding is what a policy says of a resource.
type Finding struct {
	Policy string `json:"policy"`
	Level  string `json:"level"`         // Mandatory or advisory
	URN    string `json:"urn,omitempty"` // empty when it is said of the stack
	// Message says what is wrong and what would be right.
	Message string `json:"message"`
	// Why is the policy's reason and its reference.
	Why string `json:"why,omitempty"`
}

// Mandatory is the level of findings that fail a preview.
const Mandatory = "mandatory"

// Resource is one resource, or one read of what exists elsewhere.
type Resource struct {
	URN       string `json:"urn"`
	Type      string `json:"type"` // token, such as "aws:dynamodb/table:Table"
	Name      string `json:"name"`
	Parent    string `json:"parent,omitempty"` // URN; empty for a child of the stack
	Component bool   `json:"component,omitempty"`
	Read      bool   `json:"read,omitempty"`
	// Inputs are what the program set, secrets as Secret and archives as "archive:<path>".
	Inputs map[string]any `json:"inputs,omitempty"`
	// Settings are the inputs that matter, as text for people; not for comparison.
	Settings            []string `json:"settings,omitempty"`
	Protect             bool     `json:"protect,omitempty"`
	RetainOnDelete      bool     `json:"retainOnDelete,omitempty"`
	DeleteBeforeReplace bool     `json:"deleteBeforeReplace,omitempty"`
	IgnoreChanges       []string `json:"ignoreChanges,omitempty"`
	Aliases             []string `json:"aliases,omitempty"`      // former URNs
	Dependencies        []string `json:"dependencies,omitempty"` // URNs
	Provider            string   `json:"provider,omitempty"`     // URN; empty is a default provider
}

// New makes the report of a graph.
func New(g *offline.Graph, warnings []string, findings []Finding) *Report {
	r := &Report{
		Version: FormatVersion, Project: g.Project, Stack: g.Stack, Outputs: object(g.Outputs),
		Warnings: append([]string{}, warnings...), Findings: append([]Finding{}, findings...),
	}
	for _, from := range g.Resources {
		got := Resource{
			URN: from.URN, Type: from.Type, Name: from.Name, Parent: from.Parent, Component: !from.Custom, Read: from.Read,
			Inputs: object(from.Inputs), Protect: from.Protect, RetainOnDelete: from.RetainOnDelete,
			DeleteBeforeReplace: from.DeleteBeforeReplace, IgnoreChanges: from.IgnoreChanges, Aliases: from.Aliases,
			Dependencies: slices.Sorted(slices.Values(from.Dependencies)),
		}
		if i := strings.LastIndex(from.Provider, "::"); i > 0 { // what follows is an id
			got.Provider = from.Provider[:i]
		}
		got.Settings = settingsOf(got)
		if got.Type == "pulumi:providers:aws" {
			r.Region, _ = got.Inputs["region"].(string)
			r.Account = strings.Join(scalars(got.Inputs["allowedAccountIds"]), " ")
		}
		r.Resources = append(r.Resources, got)
	}
	return r
}

// Failed reports whether a mandatory policy found something.
func (r *Report) Failed() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == Mandatory })
}

func object(m resource.PropertyMap) map[string]any {
	if len(m) == 0 {
		return nil
	}
	all := map[string]any{}
	for key, v := range m {
		all[string(key)] = plain(v)
	}
	return all
}

// plain is a property as JSON has it.
func plain(v resource.PropertyValue) any {
	switch {
	case v.IsSecret(), v.IsOutput() && v.OutputValue().Secret:
		return Secret
	case v.IsArchive():
		return archivePrefix + v.ArchiveValue().Path
	case v.IsAsset():
		return archivePrefix + v.AssetValue().Path
	case v.IsArray():
		list := []any{}
		for _, element := range v.ArrayValue() {
			list = append(list, plain(element))
		}
		return list
	case v.IsObject():
		m := map[string]any{}
		for key, member := range v.ObjectValue() {
			m[string(key)] = plain(member)
		}
		return m
	case v.IsResourceReference():
		return string(v.ResourceReferenceValue().URN)
	case v.IsBool(), v.IsNumber(), v.IsString(), v.IsNull():
		return v.V
	}
	return fmt.Sprint(v)
}
