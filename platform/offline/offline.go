// Package offline runs a Pulumi program without an engine, a plugin or a cloud, and
// returns the resources that it registered. The SDK's mocks stand in for the engine:
// https://www.pulumi.com/docs/iac/guides/testing/unit/
package offline

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Options say as what the program runs.
type Options struct {
	Project, Stack string
	// Config has the stack's settings under their full keys ("leasehold:edge"), values as
	// Pulumi passes them: text, and JSON for objects.
	Config map[string]string
	// Secrets are the keys of Config whose values are secret.
	Secrets []string
}

// Graph is what a program registered, in the order of URNs.
type Graph struct {
	Project, Stack string
	Resources      []*Resource
	// Outputs are the program's exports; secret ones are wrapped as resource.Secret.
	Outputs resource.PropertyMap
}

// Resource is one registration, or one read of what exists.
type Resource struct {
	URN    string
	Type   string // token, such as "aws:dynamodb/table:Table"
	Name   string
	Parent string // URN; empty for a child of the stack
	// Custom resources are a provider's; others are components.
	Custom bool
	// Read means that the resource exists elsewhere (`ReadXResource`, `GetX`), and is not managed here.
	Read bool
	// Inputs are what the program set; secrets are wrapped as resource.Secret.
	Inputs resource.PropertyMap
	// State are the inputs and what AWS would add, invented: ids, ARNs, URLs.
	State resource.PropertyMap
	ID    string
	// Options of the registration.
	Protect, RetainOnDelete, DeleteBeforeReplace bool
	IgnoreChanges                                []string
	Aliases                                      []string // URNs or former names
	Dependencies                                 []string // URNs
	Provider                                     string   // URN and id; empty is a default provider
}

// Run runs the program. An error is the program's own, or names what the offline run
// does not know.
func Run(o Options, program pulumi.RunFunc) (*Graph, error) {
	rec := &recorder{stack: o.Stack, project: o.Project}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		if err := program(ctx); err != nil {
			return err
		}
		// The mocks drop RegisterResourceOutputs, so the exports become a resource's inputs.
		return ctx.RegisterResource(exportsType, "exports", pulumi.Map(ctx.GetCurrentExportMap()), &exportsResource{})
	}, pulumi.WithMocks(o.Project, o.Stack, rec), func(info *pulumi.RunInfo) {
		info.Config, info.ConfigSecretKeys = o.Config, o.Secrets
		info.DryRun = false // a preview resolves no output
	})
	if err != nil {
		return nil, err
	}
	var exports resource.PropertyMap
	rec.resources = slices.DeleteFunc(rec.resources, func(r *Resource) bool {
		if r.Type == exportsType {
			exports = r.Inputs
		}
		return r.Type == exportsType
	})
	slices.SortFunc(rec.resources, func(a, b *Resource) int { return cmp.Compare(a.URN, b.URN) })
	return &Graph{Project: o.Project, Stack: o.Stack, Resources: rec.resources, Outputs: exports}, rec.twice()
}

const exportsType = "leasehold:offline:Exports"

type exportsResource struct{ pulumi.CustomResourceState }

// recorder is the mock monitor. The SDK calls it from several goroutines.
type recorder struct {
	project, stack string
	mu             sync.Mutex
	resources      []*Resource
}

// NewResource records a registration or a read and invents what AWS would have answered.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	got := &Resource{
		Type: args.TypeToken, Name: args.Name, Custom: args.Custom || args.ReadRPC != nil, Read: args.ReadRPC != nil || args.ID != "",
		Inputs: args.Inputs, Provider: args.Provider,
	}
	parent := args.ReadRPC.GetParent()
	if rpc := args.RegisterRPC; rpc != nil {
		parent = rpc.GetParent()
		got.Protect, got.RetainOnDelete = rpc.GetProtect(), rpc.GetRetainOnDelete()
		got.DeleteBeforeReplace = rpc.GetDeleteBeforeReplace()
		got.IgnoreChanges, got.Dependencies = rpc.GetIgnoreChanges(), rpc.GetDependencies()
		got.Aliases = aliases(rpc)
	}
	if resource.URN(parent).IsValid() && resource.URN(parent).Type() != resource.RootStackType {
		got.Parent = parent
	}
	got.URN = r.urn(got)
	got.ID = args.ID
	if got.Custom {
		id, computed := Invent(got)
		got.ID = cmp.Or(got.ID, id)
		got.State = computed
	} else {
		got.State = maps.Clone(args.Inputs)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resources = append(r.resources, got)
	return got.ID, got.State, nil
}

// Call answers the few invokes that a program may make: what a data source says of an
// account is not known offline.
func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return nil, fmt.Errorf("offline: %s asks AWS; take the value from the configuration", args.Token)
}

func (r *recorder) urn(got *Resource) string {
	var parentType tokens.Type
	if got.Parent != "" {
		parentType = resource.URN(got.Parent).QualifiedType()
	}
	return string(resource.NewURN(tokens.QName(r.stack), tokens.PackageName(r.project), parentType, tokens.Type(got.Type), got.Name))
}

// twice reports resources that have the same URN, which the engine refuses and mocks do not.
func (r *recorder) twice() error {
	var problems []error
	for i, got := range r.resources[:max(0, len(r.resources)-1)] {
		if got.URN == r.resources[i+1].URN {
			problems = append(problems, fmt.Errorf("offline: two resources are %s", got.URN))
		}
	}
	return errors.Join(problems...)
}

func aliases(rpc *pulumirpc.RegisterResourceRequest) []string {
	var all []string
	for _, a := range rpc.GetAliases() {
		if a.GetUrn() != "" {
			all = append(all, a.GetUrn())
		} else {
			all = append(all, a.GetSpec().GetName())
		}
	}
	return all
}
