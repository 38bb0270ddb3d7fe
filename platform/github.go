package platform

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// GitHubArgs say which workflows may deploy what.
type GitHubArgs struct {
	AccountID, Region, Partition string
	// Repository is OWNER/REPO, or OWNER@ID/REPO@ID where GitHub names repositories so in its
	// tokens: those made or renamed since July 2026, and those that opted in.
	// https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
	Repository string
	// ProviderARN is GitHub's OpenID Connect provider where the account has one: there can be
	// only one. Absent means that it is made here.
	ProviderARN string
	// Project is the Pulumi project whose stacks are deployed; names of their resources begin
	// with project and stack (`pulumi:autonaming`).
	Project string
	// Environments have a deploy role each, at least one.
	Environments []DeployEnvironment
}

// DeployEnvironment is one environment of the repository on GitHub, whose protection rules
// decide who may deploy to it.
type DeployEnvironment struct {
	// Name is the environment's: lower-case letters, digits and hyphens, as names in AWS are made of it.
	Name string
	// Stack is the stack that it deploys, or with a trailing `*` those that begin so ("pr-*").
	Stack string
	// State is where those stacks have their state.
	State *StateBackend
	// HostedZoneIDs are where it may change DNS records. Absent means nowhere.
	HostedZoneIDs []string
	// VPCID is where it may make security groups and endpoints. Absent means nowhere.
	VPCID string
	// TableARNs, KeyARNs and TopicARNs are what its stacks use and did not make: tables,
	// customer keys and SNS topics. Absent means nothing but what the stacks make.
	TableARNs, KeyARNs, TopicARNs []string
}

// GitHub lets workflows of a repository deploy, without a stored credential.
// https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
type GitHub struct {
	pulumi.ResourceState

	// BoundaryARNs are the permissions boundaries by environment; every role of its stacks has
	// to have it. RoleARNs are the deploy roles.
	BoundaryARNs, RoleARNs map[string]pulumi.StringOutput
}

// githubHost is who signs the tokens of workflows.
const githubHost = "token.actions.githubusercontent.com"

// NewGitHub makes the provider unless there is one, and a boundary and a deploy role for
// each environment.
func NewGitHub(ctx *pulumi.Context, name string, args *GitHubArgs, opts ...pulumi.ResourceOption) (*GitHub, error) {
	if err := args.validate(name); err != nil {
		return nil, err
	}
	c := &GitHub{BoundaryARNs: map[string]pulumi.StringOutput{}, RoleARNs: map[string]pulumi.StringOutput{}}
	if err := ctx.RegisterComponentResource("leasehold:platform:GitHub", name, c, opts...); err != nil {
		return nil, err
	}
	if err := c.build(ctx, name, args); err != nil {
		return nil, fmt.Errorf("github %q: %w", name, err)
	}
	boundaries, roles := pulumi.StringMap{}, pulumi.StringMap{}
	for environment, arn := range c.RoleARNs {
		boundaries[environment], roles[environment] = c.BoundaryARNs[environment], arn
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"boundaryArns": boundaries, "roleArns": roles})
}

func (c *GitHub) build(ctx *pulumi.Context, name string, args *GitHubArgs) error {
	parent := pulumi.Parent(c)
	var needs []pulumi.Resource
	if args.ProviderARN == "" {
		// Without thumbprints: AWS knows GitHub's certificate authority, and ignores them.
		// https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateOpenIDConnectProviderThumbprint.html
		provider, err := iam.NewOpenIdConnectProvider(ctx, name+"-provider", &iam.OpenIdConnectProviderArgs{
			Url: pulumi.String("https://" + githubHost), ClientIdLists: pulumi.ToStringArray([]string{"sts.amazonaws.com"}),
		}, parent)
		if err != nil {
			return err
		}
		needs = append(needs, provider)
	}
	for _, environment := range args.Environments {
		scope := args.scope(environment)
		boundary, err := scope.makeBoundary(ctx, name, parent)
		if err != nil {
			return err
		}
		role, err := args.deployRole(ctx, name, scope, parent, pulumi.DependsOn(needs))
		if err != nil {
			return err
		}
		c.BoundaryARNs[environment.Name], c.RoleARNs[environment.Name] = boundary.Arn, role.Arn
	}
	return nil
}

func (a *GitHubArgs) scope(e DeployEnvironment) deployScope {
	return deployScope{
		AccountArgs: AccountArgs{AccountID: a.AccountID, Region: a.Region, Partition: a.Partition},
		project:     a.Project, boundary: a.iamARN("policy/" + a.boundaryName(e)), e: e,
	}
}

// makeBoundary makes the policy under a fixed name, because stacks name it in their configuration.
func (s deployScope) makeBoundary(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*iam.Policy, error) {
	_, policyName, _ := strings.Cut(s.boundary, ":policy/")
	return iam.NewPolicy(ctx, name+"-boundary-"+s.e.Name, &iam.PolicyArgs{
		Name:        pulumi.String(policyName),
		Description: pulumi.Sprintf("The most that a role of %s can be allowed", s.e.Stack),
		Policy:      PolicyDocument(s.boundaryPolicy()...),
	}, opts...)
}

// deployRole makes the role of one environment. Its path and name keep it out of what a
// deploy role may change: its own pattern is role/PROJECT-STACK-*.
func (a *GitHubArgs) deployRole(ctx *pulumi.Context, name string, scope deployScope, opts ...pulumi.ResourceOption) (*iam.Role, error) {
	e := scope.e
	role, err := iam.NewRole(ctx, name+"-deploy-"+e.Name, &iam.RoleArgs{
		Name: pulumi.String(a.Project + "-deploy-" + e.Name), Path: pulumi.String("/deploy/"),
		Description:      pulumi.Sprintf("Workflows of %s in the environment %s deploy %s", a.Repository, e.Name, e.Stack),
		AssumeRolePolicy: PolicyDocument(a.trust(e)),
	}, opts...)
	if err != nil {
		return nil, err
	}
	for _, part := range scope.policies() {
		// Managed policies of our own, because an inline one may not be so long.
		policy, err := iam.NewPolicy(ctx, name+"-deploy-"+e.Name+"-"+part.name, &iam.PolicyArgs{
			Path: pulumi.String("/deploy/"), Policy: PolicyDocument(part.statements...),
			Description: pulumi.Sprintf("Deploying %s: %s", e.Stack, part.name),
		}, opts...)
		if err != nil {
			return nil, err
		}
		if _, err := iam.NewRolePolicyAttachment(ctx, name+"-deploy-"+e.Name+"-"+part.name+"-attachment", &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: policy.Arn,
		}, opts...); err != nil {
			return nil, err
		}
	}
	return role, nil
}

// trust takes a workflow's token only if it names AWS as its audience, and a job of this
// repository in this environment as its subject, both exactly.
func (a *GitHubArgs) trust(e DeployEnvironment) Statement {
	return Statement{
		Principals: map[string][]string{"Federated": {a.iamARN("oidc-provider/" + githubHost)}},
		Actions:    []string{"sts:AssumeRoleWithWebIdentity"},
		Conditions: map[string]map[string]pulumi.StringInput{"StringEquals": {
			githubHost + ":aud": pulumi.String("sts.amazonaws.com"),
			githubHost + ":sub": pulumi.Sprintf("repo:%s:environment:%s", a.Repository, e.Name),
		}},
	}
}

func (a *GitHubArgs) iamARN(resource string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s", a.Partition, a.AccountID, resource)
}

func (a *GitHubArgs) boundaryName(e DeployEnvironment) string {
	return a.Project + "-boundary-" + e.Name
}

var (
	projectName     = regexp.MustCompile(`^[a-z][a-z0-9-]{0,19}$`)
	repositoryName  = regexp.MustCompile(`^[A-Za-z0-9-]{1,39}(/[A-Za-z0-9._-]{1,100}|@[0-9]+/[A-Za-z0-9._-]{1,100}@[0-9]+)$`)
	environmentName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,19}$`)
	stackPattern    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}\*?$`)
	hostedZone      = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
	vpcID           = regexp.MustCompile(`^vpc-[0-9a-f]{8,17}$`)
	// Of one thing each, without a pattern that would stand for several.
	tableARN = regexp.MustCompile(`^arn:[a-z-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[A-Za-z0-9_.-]{3,255}$`)
	keyARN   = regexp.MustCompile(`^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)
	topicARN = regexp.MustCompile(`^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$`)
)

func (a *GitHubArgs) validate(name string) error {
	c := newChecks("GitHub", name)
	checkPlace(c, a.AccountID, a.Region, a.Partition)
	c.want(repositoryName.MatchString(a.Repository), "Repository", "must be OWNER/REPO, or OWNER@ID/REPO@ID, not %q", a.Repository)
	c.want(projectName.MatchString(a.Project), "Project", "must be a lower-case letter, then up to 19 lower-case letters, digits and hyphens, not %q", a.Project)
	c.want(a.ProviderARN == "" || a.ProviderARN == a.iamARN("oidc-provider/"+githubHost), "ProviderARN",
		"must be %s or absent, not %q", a.iamARN("oidc-provider/"+githubHost), a.ProviderARN)
	c.want(len(a.Environments) > 0, "Environments", "must have at least one")
	for i, e := range a.Environments {
		e.check(c, fmt.Sprintf("Environments[%d]", i))
		for j, other := range a.Environments[:i] {
			c.want(e.Name != other.Name, fmt.Sprintf("Environments[%d].Name", i), "must not be that of Environments[%d]", j)
			c.want(!e.covers(other) && !other.covers(e), fmt.Sprintf("Environments[%d].Stack", i),
				"must not begin as that of Environments[%d], whose role would reach its resources", j)
		}
	}
	return c.err()
}

func (e DeployEnvironment) check(c *checks, field string) {
	c.want(environmentName.MatchString(e.Name), field+".Name", "must be 1 to 20 lower-case letters, digits and hyphens, not %q", e.Name)
	c.want(stackPattern.MatchString(e.Stack), field+".Stack", "must be a stack's name, or its beginning and *, not %q", e.Stack)
	c.want(e.State != nil, field+".State", "must be set")
	c.want(e.VPCID == "" || vpcID.MatchString(e.VPCID), field+".VPCID", "must be the id of a VPC, not %q", e.VPCID)
	all := func(list string, values []string, form *regexp.Regexp, what string) {
		for _, value := range values {
			c.want(form.MatchString(value), field+"."+list, "must be "+what+", not %q", value)
		}
	}
	all("HostedZoneIDs", e.HostedZoneIDs, hostedZone, "ids of hosted zones")
	all("TableARNs", e.TableARNs, tableARN, "ARNs of tables")
	all("KeyARNs", e.KeyARNs, keyARN, "ARNs of KMS keys (an alias is none)")
	all("TopicARNs", e.TopicARNs, topicARN, "ARNs of SNS topics")
}

// covers reports whether e's pattern of names holds the other's: their roles would be one.
func (e DeployEnvironment) covers(other DeployEnvironment) bool {
	return strings.HasPrefix(strings.TrimSuffix(other.Stack, "*"), strings.TrimSuffix(e.Stack, "*"))
}
