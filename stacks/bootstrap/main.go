// Command bootstrap is the Pulumi program of what an AWS account has once (RULES 39):
// GitHub's way in, a deploy role and a place for Pulumi's state for each environment, and
// what API Gateway and WAF need to write logs. docs/bootstrap.md says how to run it.
package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

func main() { pulumi.Run(deploy) }

func deploy(ctx *pulumi.Context) error {
	s, err := load(ctx)
	if err != nil {
		return err
	}
	provider, err := s.provider(ctx)
	if err != nil {
		return err
	}
	return s.deploy(ctx, pulumi.Provider(provider))
}

// provider refuses credentials of another account, and tags what it makes (RULES 44).
func (s settings) provider(ctx *pulumi.Context) (*aws.Provider, error) {
	tags := platform.Tags(map[string]string{
		"project": ctx.Project(), "stack": ctx.Stack(), "owner": s.tags.Owner, "cost-centre": s.tags.CostCentre, "managed-by": "pulumi",
	})
	if err := ctx.RegisterStackTransformation(tags); err != nil {
		return nil, fmt.Errorf("transformation: %w", err)
	}
	return aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region: pulumi.String(s.region), AllowedAccountIds: pulumi.ToStringArray([]string{s.accountID}),
	})
}

func (s settings) deploy(ctx *pulumi.Context, provider pulumi.ResourceOption) error {
	if _, err := platform.NewAccount(ctx, s.project, &platform.AccountArgs{
		AccountID: s.accountID, Region: s.region, Partition: s.partition,
	}, provider); err != nil {
		return err
	}
	args := &platform.GitHubArgs{
		AccountID: s.accountID, Region: s.region, Partition: s.partition,
		Repository: s.repository, ProviderARN: s.oidcProviderARN, Project: s.project,
	}
	outputs := map[string]pulumi.Map{}
	for _, e := range s.environments {
		state, err := platform.NewStateBackend(ctx, s.project+"-state-"+e.Name, &platform.StateBackendArgs{
			AccountID: s.accountID, Region: s.region, Partition: s.partition, Alias: s.project + "-state-" + e.Name,
		}, provider)
		if err != nil {
			return err
		}
		outputs[e.Name] = pulumi.Map{"backend": state.URL, "secretsProvider": state.SecretsProvider}
		args.Environments = append(args.Environments, platform.DeployEnvironment{
			Name: e.Name, Stack: e.Stack, State: state, HostedZoneIDs: e.HostedZoneIDs, VPCID: e.VPCID,
			TableARNs: e.TableARNs, KeyARNs: e.KeyARNs, TopicARNs: e.TopicARNs,
		})
	}
	github, err := platform.NewGitHub(ctx, s.project, args, provider)
	if err != nil {
		return fmt.Errorf("%s:environments: %w", namespace, err)
	}
	environments := pulumi.Map{}
	for name, output := range outputs {
		output["deployRole"], output["permissionsBoundary"] = github.RoleARNs[name], github.BoundaryARNs[name]
		environments[name] = output
	}
	ctx.Export("environments", environments)
	return nil
}
