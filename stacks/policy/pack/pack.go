// Package pack holds the policies that a stack of Leasehold is held to. They run in three
// places: in a real preview (stacks/policy serves them to the engine), in `make preview` and
// in tests (Check, on the graph of an offline run).
//
// A value that is not known yet, as ARNs are in a first preview, breaks no policy: what
// cannot be decided is decided by the update, before the resource is created.
package pack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"leasehold.example/platform/offline"
)

// ConfigKey is the setting of a stack that names its Level.
const ConfigKey = "leasehold:policies"

// Level says what a finding does. A stack that sets Mandatory is also a protected stack: what
// it stores must survive a mistake, and the policies about recovery and deletion apply to it
// alone. No other property of a stack, its name least of all, decides that.
type Level string

// The levels. Advisory reports, Mandatory reports and stops the update.
const (
	Advisory  Level = "advisory"
	Mandatory Level = "mandatory"
)

// ParseLevel reads a Level. Empty is Mandatory: who says nothing is held to everything.
func ParseLevel(s string) (Level, error) {
	switch level := Level(cmp.Or(s, string(Mandatory))); level {
	case Advisory, Mandatory:
		return level, nil
	default:
		return "", fmt.Errorf("%s: %q is neither %s nor %s", ConfigKey, s, Advisory, Mandatory)
	}
}

// enforcement is the level as Pulumi has it.
func (l Level) enforcement() policyx.EnforcementLevel {
	if l == Advisory {
		return policyx.EnforcementLevelAdvisory
	}
	return policyx.EnforcementLevelMandatory
}

// Policies are the policies of a stack of the level, in the order of their names.
func Policies(level Level) []policyx.Policy {
	var all []policyx.Policy
	for _, r := range rules() {
		if r.protected && level != Mandatory {
			continue
		}
		all = append(all, r.policy(level.enforcement()))
	}
	slices.SortFunc(all, func(a, b policyx.Policy) int { return cmp.Compare(a.Name(), b.Name()) })
	return all
}

// Finding is one resource that breaks one policy.
type Finding struct {
	Policy string
	Level  Level
	// URN is empty when the finding is the stack's and no one resource's.
	URN     string
	Message string
	// Why is the policy's description: the reason, and the page of AWS that it rests on.
	Why string
}

// Check holds the graph to the policies of the level. The findings are in the order of
// policies, then of URNs.
func Check(g *offline.Graph, level Level) ([]Finding, error) {
	if _, err := ParseLevel(string(level)); err != nil {
		return nil, err
	}
	resources := analyzed(g)
	var findings []Finding
	var problems []error
	for _, p := range Policies(level) {
		found, err := Run(context.Background(), p, resources)
		if err != nil {
			problems = append(problems, fmt.Errorf("policy %s: %w", p.Name(), err))
		}
		for _, v := range found {
			findings = append(findings, Finding{Policy: p.Name(), Level: level, URN: v.URN, Message: v.Message, Why: p.Description()})
		}
	}
	return findings, errors.Join(problems...)
}

// Violation is what a policy reports.
type Violation struct{ URN, Message string }

// ReportViolation collects, as policyx.PolicyManager.
func (v *violations) ReportViolation(message, urn string) {
	*v = append(*v, Violation{URN: urn, Message: message})
}

type violations []Violation

// Run runs one policy on the resources of a stack: a policy of resources on each, a policy
// of the stack on all of them.
func Run(ctx context.Context, p policyx.Policy, resources []policyx.AnalyzerResource) ([]Violation, error) {
	var found violations
	switch p := p.(type) {
	case policyx.StackValidationPolicy:
		err := p.Validate(ctx, policyx.StackValidationArgs{Manager: &found, Resources: resources})
		return found, err
	case policyx.ResourceValidationPolicy:
		for i := range resources {
			if err := p.Validate(ctx, policyx.ResourceValidationArgs{Manager: &found, Resource: resources[i]}); err != nil {
				return found, fmt.Errorf("%s: %w", resources[i].URN, err)
			}
		}
	}
	return found, nil
}

// analyzed are the graph's resources as the engine would show them to a policy. What is only
// read belongs to somebody else and is left out.
func analyzed(g *offline.Graph) []policyx.AnalyzerResource {
	all := make([]policyx.AnalyzerResource, 0, len(g.Resources))
	for _, r := range g.Resources {
		if r.Read {
			continue
		}
		all = append(all, policyx.AnalyzerResource{
			Type: r.Type, URN: r.URN, Name: r.Name, Parent: r.Parent, Dependencies: r.Dependencies,
			Properties: properties(r),
			Provider:   policyx.AnalyzerProviderResource{URN: r.Provider},
			Options: pulumi.ResourceOptions{
				Protect: r.Protect, RetainOnDelete: r.RetainOnDelete,
				DeleteBeforeReplace: r.DeleteBeforeReplace, IgnoreChanges: r.IgnoreChanges,
			},
		})
	}
	return all
}

// properties are the inputs, and what other resources name the resource by. Nothing else that
// an offline run invents is a fact of the stack.
func properties(r *offline.Resource) property.Map {
	all := resource.FromResourcePropertyMap(r.Inputs)
	state := resource.FromResourcePropertyMap(r.State).Set("id", property.New(r.ID))
	for _, name := range identifiers {
		if v, known := state.GetOk(name); known {
			all = all.Set(name, v)
		}
	}
	return all
}
