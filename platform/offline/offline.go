// Package offline runs a Pulumi program without an engine, a plugin or a cloud, and
// returns the resources that it registered. The SDK's mocks stand in for the engine:
// https://www.pulumi.com/docs/iac/guides/testing/unit/
package offline

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Options say as what the program runs.
type Options struct {
	Project, Stack string
	// Config has the stack's settings under their full keys ("leasehold:edge"), values as
	// Pulumi passes them: text, and JSON for objects.
	Config map[string]string
	// Secrets are the keys of Config whose values are secret.
	Secrets []string
	// Patience is how long the program may take; zero means 30 seconds.
	Patience time.Duration
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
	// ID is invented, or the id that the program reads or imports.
	ID string
	// Options of the registration.
	Protect, RetainOnDelete, DeleteBeforeReplace bool
	IgnoreChanges                                []string
	Aliases                                      []string // former URNs, also those that the parent's aliases imply
	Dependencies                                 []string // URNs
	Provider                                     string   // URN and id; empty is a default provider
}

// Run runs the program. An error is the program's own, or names what the offline run
// does not know. The graph is nil when the program failed; it is complete beside an error
// that names two resources of one URN.
//
// A program whose resources wait for an output that nothing resolves would wait forever;
// the error names those resources.
//
// Invoke transforms and the newer resource transforms (`RegisterResourceTransform`) are not
// supported by the mocks, which panic; `RegisterStackTransformation` is.
func Run(o Options, program pulumi.RunFunc) (*Graph, error) {
	rec := newRecorder(o.Project, o.Stack)
	done := make(chan error, 1)
	go func() { done <- rec.run(o, program) }()
	select {
	case err := <-done:
		if err != nil {
			return nil, err
		}
	case <-time.After(cmp.Or(o.Patience, 30*time.Second)):
		return nil, rec.stuck()
	}
	g := &Graph{Project: o.Project, Stack: o.Stack}
	for _, r := range rec.resources {
		if r.Type == exportsType {
			g.Outputs = r.Inputs
			continue
		}
		g.Resources = append(g.Resources, r)
	}
	slices.SortFunc(g.Resources, func(a, b *Resource) int { return cmp.Compare(a.URN, b.URN) })
	err := g.twice()
	return g, err
}

// run runs the program under the mocks.
func (r *recorder) run(o Options, program pulumi.RunFunc) error {
	return pulumi.RunErr(func(ctx *pulumi.Context) error {
		if err := ctx.RegisterStackTransformation(r.learn); err != nil {
			return err
		}
		if err := program(ctx); err != nil {
			return err
		}
		// The mocks drop RegisterResourceOutputs, so the exports become a resource's inputs.
		return ctx.RegisterResource(exportsType, "exports", pulumi.Map(ctx.GetCurrentExportMap()), &exportsResource{})
	}, pulumi.WithMocks(o.Project, o.Stack, r), func(info *pulumi.RunInfo) {
		info.Config, info.ConfigSecretKeys = o.Config, o.Secrets
		info.DryRun = false // a preview resolves no output
	})
}

const exportsType = "leasehold:offline:Exports"

type exportsResource struct{ pulumi.CustomResourceState }

// twice reports resources that have the same URN, which the engine refuses and mocks do not.
func (g *Graph) twice() error {
	var problems []error
	for i := 1; i < len(g.Resources); i++ {
		if urn := g.Resources[i].URN; urn == g.Resources[i-1].URN {
			problems = append(problems, fmt.Errorf("offline: two resources are %s", urn))
		}
	}
	return errors.Join(problems...)
}
