package main

import (
	"context"
	"fmt"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"leasehold.example/stacks/policy/pack"
)

const (
	packName    = "leasehold"
	packVersion = "1.0.0"
)

// server answers the engine. It is here because policyx.Main of the SDK (v3.250.0) answers
// AnalyzeStack with nothing and hands policies no resource options, so that every policy
// about relations, and all protection by Pulumi, would pass unseen.
type server struct {
	pulumirpc.AnalyzerServer // makes calls of the analyzer's methods out of RPCs

	analyzer *analyzer
}

func newServer() *server {
	a := &analyzer{level: pack.Mandatory}
	return &server{AnalyzerServer: plugin.NewAnalyzerServer(a), analyzer: a}
}

// ConfigureStack takes the level from the stack's settings. The engine calls it before
// anything else that depends on it.
func (s *server) ConfigureStack(_ context.Context, req *pulumirpc.AnalyzerStackConfigureRequest) (*pulumirpc.AnalyzerStackConfigureResponse, error) {
	level, err := pack.ParseLevel(req.GetConfig()[pack.ConfigKey])
	if err != nil {
		return nil, err
	}
	s.analyzer.level = level
	return &pulumirpc.AnalyzerStackConfigureResponse{}, nil
}

// analyzer runs the pack for one stack.
type analyzer struct {
	level pack.Level
	// config has what --policy-pack-config says of a policy; of the others it has nothing.
	config map[string]plugin.AnalyzerPolicyConfig
}

// GetAnalyzerInfo lists the policies with the level that they have unless configured.
func (a *analyzer) GetAnalyzerInfo(context.Context) (plugin.AnalyzerInfo, error) {
	info := plugin.AnalyzerInfo{Name: packName, Version: packVersion, SupportsConfig: true}
	for _, p := range pack.Policies(a.level) {
		kind := plugin.AnalyzerPolicyTypeResource
		if _, ok := p.(policyx.StackValidationPolicy); ok {
			kind = plugin.AnalyzerPolicyTypeStack
		}
		info.Policies = append(info.Policies, plugin.AnalyzerPolicyInfo{
			Name: p.Name(), Description: p.Description(), EnforcementLevel: apitype.EnforcementLevel(a.level), Type: kind,
		})
	}
	return info, nil
}

// Configure keeps what an operator decided for single policies.
func (a *analyzer) Configure(_ context.Context, config map[string]plugin.AnalyzerPolicyConfig) error {
	a.config = config
	return nil
}

// Analyze holds one resource to the policies of resources, before it is made or changed.
func (a *analyzer) Analyze(ctx context.Context, r plugin.AnalyzerResource) (plugin.AnalyzeResponse, error) {
	return a.run(ctx, []policyx.AnalyzerResource{analyzed(r)}, func(p policyx.Policy) bool {
		_, ok := p.(policyx.ResourceValidationPolicy)
		return ok
	})
}

// AnalyzeStack holds all resources to the policies of the stack, when all are known.
func (a *analyzer) AnalyzeStack(ctx context.Context, resources []plugin.AnalyzerStackResource) (plugin.AnalyzeResponse, error) {
	all := make([]policyx.AnalyzerResource, 0, len(resources))
	for _, r := range resources {
		all = append(all, analyzed(r.AnalyzerResource))
	}
	return a.run(ctx, all, func(p policyx.Policy) bool {
		_, ok := p.(policyx.StackValidationPolicy)
		return ok
	})
}

func (a *analyzer) run(ctx context.Context, resources []policyx.AnalyzerResource, applies func(policyx.Policy) bool) (plugin.AnalyzeResponse, error) {
	var response plugin.AnalyzeResponse
	for _, p := range pack.Policies(a.level) {
		level := a.levelOf(p.Name())
		if !applies(p) || level == apitype.Disabled {
			continue
		}
		violations, err := pack.Run(ctx, p, resources)
		if err != nil {
			return response, fmt.Errorf("policy %s: %w", p.Name(), err)
		}
		for _, v := range violations {
			response.Diagnostics = append(response.Diagnostics, plugin.AnalyzeDiagnostic{
				PolicyName: p.Name(), PolicyPackName: packName, PolicyPackVersion: packVersion, Description: p.Description(),
				Message: v.Message + "\n" + p.Description(), EnforcementLevel: level, URN: resource.URN(v.URN),
			})
		}
	}
	return response, nil
}

// levelOf is the operator's level for the policy, or else the stack's.
func (a *analyzer) levelOf(policy string) apitype.EnforcementLevel {
	if c, ok := a.config[policy]; ok && c.EnforcementLevel != "" {
		return c.EnforcementLevel
	}
	return apitype.EnforcementLevel(a.level)
}

func analyzed(r plugin.AnalyzerResource) policyx.AnalyzerResource {
	all := policyx.AnalyzerResource{
		Type: string(r.Type), URN: string(r.URN), Name: r.Name, Properties: resource.FromResourcePropertyMap(r.Properties),
		Options: pulumi.ResourceOptions{
			Protect: r.Options.Protect, IgnoreChanges: r.Options.IgnoreChanges,
			DeleteBeforeReplace: r.Options.DeleteBeforeReplace != nil && *r.Options.DeleteBeforeReplace,
		},
	}
	if r.Provider != nil {
		all.Provider = policyx.AnalyzerProviderResource{Type: string(r.Provider.Type), URN: string(r.Provider.URN), Name: r.Provider.Name}
	}
	return all
}

// Remediate changes nothing: what breaks a policy is for people to decide.
func (*analyzer) Remediate(context.Context, plugin.AnalyzerResource) (plugin.RemediateResponse, error) {
	return plugin.RemediateResponse{}, nil
}

// GetPluginInfo is the pack's version.
func (*analyzer) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	version, err := semver.Parse(packVersion)
	return plugin.PluginInfo{Version: &version}, err
}

// Name is the pack's.
func (*analyzer) Name() tokens.QName { return packName }

// Cancel has nothing to cancel: a policy runs for microseconds.
func (*analyzer) Cancel(context.Context) error { return nil }

// Close has nothing to close.
func (*analyzer) Close() error { return nil }
