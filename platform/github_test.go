package platform_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
	"leasehold.example/platform/offline"
)

// github makes the component, and for each environment a state backend of its name.
func github(args *platform.GitHubArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		for i, e := range args.Environments {
			state, err := platform.NewStateBackend(ctx, "state-"+e.Name, &platform.StateBackendArgs{
				AccountID: "111122223333", Region: "eu-central-1", Partition: "aws", Alias: "state-" + e.Name,
			})
			if err != nil {
				return err
			}
			args.Environments[i].State = state
		}
		_, err := platform.NewGitHub(ctx, "account", args)
		return err
	}
}

func githubArgs() *platform.GitHubArgs {
	return &platform.GitHubArgs{
		AccountID: "111122223333", Region: "eu-central-1", Partition: "aws", Repository: "acme/mcp", Project: "leasehold",
		Environments: []platform.DeployEnvironment{
			{Name: "prod", Stack: "prod", HostedZoneIDs: []string{"Z0123"}, VPCID: "vpc-01234567"}, {Name: "preview", Stack: "pr-*"},
		},
	}
}

func TestRule39GitHub(t *testing.T) {
	t.Parallel()
	g := run(t, github(githubArgs()))
	names := map[string]int{}
	for _, r := range g.Resources {
		if strings.HasPrefix(r.Name, "account") && r.Custom {
			if !strings.Contains(r.Parent, "leasehold:platform:GitHub::account") {
				t.Errorf("%s has the parent %s", r.Name, r.Parent)
			}
			names[r.Type[strings.LastIndex(r.Type, ":")+1:]]++
		}
	}
	// Per environment a boundary and six policies, one more with a VPC.
	if want := map[string]int{"OpenIdConnectProvider": 1, "Role": 2, "Policy": 2 + 7 + 6, "RolePolicyAttachment": 7 + 6}; !maps.Equal(names, want) {
		t.Errorf("resources %v, want %v", names, want)
	}
	wantInputs(t, find(t, g, "account-provider"), `{"url": "https://token.actions.githubusercontent.com",
		"clientIdLists": ["sts.amazonaws.com"], "thumbprintLists": null}`)

	args := githubArgs()
	args.ProviderARN = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
	for _, r := range run(t, github(args)).Resources {
		if r.Name == "account-provider" {
			t.Error("the provider that exists is made again")
		}
	}
}

// A workflow of another repository, branch without environment, or audience gets nothing.
func TestGitHubTrust(t *testing.T) {
	t.Parallel()
	role := find(t, run(t, github(githubArgs())), "account-deploy-prod")
	wantInputs(t, role, `{"name": "leasehold-deploy-prod", "path": "/deploy/", "managedPolicyArns": null}`)
	wantDocument(t, role, "assumeRolePolicy", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRoleWithWebIdentity"],
		"Principal": {"Federated": ["arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"]},
		"Condition": {"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
			"token.actions.githubusercontent.com:sub": "repo:acme/mcp:environment:prod"}}}]}`)
}

// Repositories made since July 2026 name themselves and their owner with ids, which nobody else
// gets when a name is free again.
func TestGitHubTrustByID(t *testing.T) {
	t.Parallel()
	args := githubArgs()
	args.Repository = "acme@123456/mcp@456789"
	role := find(t, run(t, github(args)), "account-deploy-prod")
	if policy := plain(role.Inputs["assumeRolePolicy"]).(string); !strings.Contains(policy, `"repo:acme@123456/mcp@456789:environment:prod"`) {
		t.Error(policy)
	}
	for _, half := range []string{"acme@123456/mcp", "acme/mcp@456789", "acme@/mcp@", "acme@*/mcp@*"} {
		args := githubArgs()
		args.Repository = half
		wantLines(t, refused(t, github(args)), "Repository must be OWNER/REPO, or OWNER@ID/REPO@ID")
	}
}

func TestRule44DeployRoles(t *testing.T) {
	t.Parallel()
	g := run(t, github(githubArgs()))
	wantDocument(t, find(t, g, "account-deploy-prod-state-and-roles"), "policy", `{"Version": "2012-10-17", "Statement": [
		{"Sid": "StateBucket", "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::state-prod-bucket"]},
		{"Sid": "State", "Effect": "Allow", "Action": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::state-prod-bucket/*"]},
		{"Sid": "StateKey", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
		 "Resource": ["arn:aws:kms:eu-central-1:111122223333:key/state-prod-key"]},
		{"Sid": "BoundedRoles", "Effect": "Allow", "Action": ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"],
		 "Resource": ["arn:aws:iam::111122223333:role/leasehold-prod*"],
		 "Condition": {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/leasehold-boundary-prod"}}},
		{"Sid": "Roles", "Effect": "Allow", "Action": ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:GetRole", "iam:GetRolePolicy",
			"iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies", "iam:ListRoleTags", "iam:TagRole",
			"iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"], "Resource": ["arn:aws:iam::111122223333:role/leasehold-prod*"]},
		{"Sid": "PassToLambda", "Effect": "Allow", "Action": ["iam:PassRole"], "Resource": ["arn:aws:iam::111122223333:role/leasehold-prod*"],
		 "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}},
		{"Sid": "PassToCodeDeploy", "Effect": "Allow", "Action": ["iam:PassRole"], "Resource": ["arn:aws:iam::111122223333:role/leasehold-prod*"],
		 "Condition": {"StringEquals": {"iam:PassedToService": "codedeploy.amazonaws.com"}}}]}`)
}

// statement is one of a deploy role's, with the role's name.
type statement struct {
	role, Sid, Effect string
	Action, Resource  []string
	Condition         map[string]map[string]any
}

// deployStatements are those of all policies of deploy roles, which are checked to fit.
func deployStatements(t *testing.T, g *offline.Graph) []statement {
	t.Helper()
	var all []statement
	for _, r := range g.Resources {
		name, ok := strings.CutPrefix(r.Name, "account-deploy-")
		if !ok || !strings.HasSuffix(r.Type, ":Policy") {
			continue
		}
		text := plain(r.Inputs["policy"]).(string)
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if compact.Len() > 6144 {
			t.Errorf("%s has %d characters; a managed policy may have 6,144", r.Name, compact.Len())
		}
		var document struct{ Statement []statement }
		if err := json.Unmarshal([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		role, _, _ := strings.Cut(name, "-")
		for _, s := range document.Statement {
			s.role = role
			all = append(all, s)
		}
	}
	return all
}

// Least privilege of the deploy roles: no action by pattern, all resources only where AWS
// has none, and nothing that reads secrets, touches users or loosens a boundary.
func TestDeployRolesAreNarrow(t *testing.T) {
	t.Parallel()
	everywhere := []string{"Domains", "ListRankings", "LogDelivery", "NewKeys", "NewPools", "SeeNetwork"}
	forbidden := []string{
		"iam:AttachRolePolicy", "iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:CreateUser", "iam:DeleteRolePermissionsBoundary",
		"iam:SetDefaultPolicyVersion", "logs:PutResourcePolicy", "secretsmanager:GetSecretValue", "cognito-idp:AdminCreateUser",
		"dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "sts:AssumeRole",
	}
	for _, s := range deployStatements(t, run(t, github(githubArgs()))) {
		for _, action := range s.Action {
			if strings.Contains(action, "*") || slices.Contains(forbidden, action) {
				t.Errorf("%s: %s allows %s", s.role, s.Sid, action)
			}
		}
		if slices.Contains(s.Resource, "*") && !slices.Contains(everywhere, s.Sid) {
			t.Errorf("%s: %s is about everything", s.role, s.Sid)
		}
		if s.Effect != "Allow" || !slices.IsSorted(s.Action) {
			t.Errorf("%s: %s: %s, actions %v", s.role, s.Sid, s.Effect, s.Action)
		}
	}
}

// What has names or tags is reached by those of the environment's own stacks only.
func TestDeployRolesAreApart(t *testing.T) {
	t.Parallel()
	stacks := map[string]string{"prod": "prod", "preview": "pr-*"}
	byName := []string{"log-group:/aws/lambda/", "log-group:aws-waf-logs-", "role/", "function:", "table/", "secret:", "application:", "deploymentgroup:"}
	for _, s := range deployStatements(t, run(t, github(githubArgs()))) {
		for _, resource := range s.Resource {
			for _, kind := range byName {
				_, name, ok := strings.Cut(resource, ":"+kind)
				want := "leasehold-" + strings.TrimSuffix(stacks[s.role], "*") + "*"
				if ok && name != want && !strings.HasPrefix(name, "aws-service-role/") {
					t.Errorf("%s: %s reaches %s, want %s", s.role, s.Sid, resource, want)
				}
			}
		}
		for _, tag := range []string{"aws:RequestTag", "aws:ResourceTag"} {
			if s.Condition["StringEquals"][tag+"/project"] == nil {
				continue
			}
			if s.Condition["StringEquals"][tag+"/project"] != "leasehold" || s.Condition["StringLike"][tag+"/stack"] != stacks[s.role] {
				t.Errorf("%s: %s has the condition %v", s.role, s.Sid, s.Condition)
			}
		}
		// Who tags what exists brings it into reach of the statements by aws:ResourceTag: another stack's key,
		// pool or certificate must not become one's own.
		if slices.ContainsFunc(s.Action, func(a string) bool { return strings.HasSuffix(a, ":TagResource") || strings.Contains(a, ":AddTags") }) &&
			s.Condition["StringEquals"]["aws:RequestTag/project"] != nil && (s.Condition["StringEqualsIfExists"]["aws:ResourceTag/project"] != "leasehold" ||
			s.Condition["StringLikeIfExists"]["aws:ResourceTag/stack"] != stacks[s.role]) {
			t.Errorf("%s: %s tags what is somebody else's: %v", s.role, s.Sid, s.Condition)
		}
		// Of these kinds ARNs have ids; without the tags any pool or key would do.
		if slices.Contains([]string{"NewKeys", "Keys", "UseKeys", "NewPools", "Pools", "NewCertificates", "Certificates", "NewNetwork", "Network", "TagNetwork"}, s.Sid) &&
			len(s.Condition["StringLike"]) == 0 {
			t.Errorf("%s: %s has no condition", s.role, s.Sid)
		}
		if s.role == "preview" && (s.Sid == "Records" || strings.HasSuffix(s.Sid, "Network")) {
			t.Errorf("preview has no zone and no VPC, and yet %s", s.Sid)
		}
	}
}

// Rule 44: the boundary allows what roles of this environment's stacks do, nothing of another's, nothing
// of IAM, and not its own end.
func TestRule44Boundary(t *testing.T) {
	t.Parallel()
	args := githubArgs()
	args.Environments[0].TableARNs = []string{"arn:aws:dynamodb:eu-central-1:111122223333:table/own"}
	args.Environments[0].TopicARNs = []string{"arn:aws:sns:eu-central-1:111122223333:releases"}
	g := run(t, github(args))
	boundary := find(t, g, "account-boundary-prod")
	wantInputs(t, boundary, `{"name": "leasehold-boundary-prod"}`)
	wantDocument(t, boundary, "policy", `{"Version": "2012-10-17", "Statement": [
		{"Sid": "Sessions", "Effect": "Allow", "Action": ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem",
			"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
		 "Resource": ["arn:aws:dynamodb:eu-central-1:111122223333:table/leasehold-prod*", "arn:aws:dynamodb:eu-central-1:111122223333:table/own",
			"arn:aws:dynamodb:eu-central-1:111122223333:table/own/index/*"]},
		{"Sid": "SealingKeys", "Effect": "Allow", "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue",
			"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"],
		 "Resource": ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:leasehold-prod*"]},
		{"Sid": "Logs", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
		 "Resource": ["arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/leasehold-prod*"]},
		{"Sid": "Audit", "Effect": "Allow", "Action": ["logs:PutLogEvents"],
		 "Resource": ["arn:aws:logs:eu-central-1:111122223333:log-group:leasehold-prod*"]},
		{"Sid": "Canaries", "Effect": "Allow", "Action": ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"],
		 "Resource": ["arn:aws:lambda:eu-central-1:111122223333:function:leasehold-prod*"]},
		{"Sid": "Alarms", "Effect": "Allow", "Action": ["cloudwatch:DescribeAlarms"], "Resource": ["arn:aws:cloudwatch:eu-central-1:111122223333:alarm:*"]},
		{"Sid": "Traces", "Effect": "Allow", "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "Resource": ["*"]},
		{"Sid": "Network", "Effect": "Allow", "Action": ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface",
			"ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"], "Resource": ["*"]},
		{"Sid": "Notices", "Effect": "Allow", "Action": ["sns:Publish"], "Resource": ["arn:aws:sns:eu-central-1:111122223333:releases"]},
		{"Sid": "Keys", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
		 "Resource": ["arn:aws:kms:eu-central-1:111122223333:key/*"], "Condition": {"StringLike": {"kms:ViaService": "*.eu-central-1.amazonaws.com"}}},
		{"Sid": "Environments", "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": ["arn:aws:kms:eu-central-1:111122223333:key/*"],
		 "Condition": {"StringLike": {"kms:EncryptionContext:aws:lambda:FunctionArn": "arn:aws:lambda:eu-central-1:111122223333:function:leasehold-prod*"}}},
		{"Sid": "KeepBoundary", "Effect": "Deny", "Action": ["iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion",
			"iam:SetDefaultPolicyVersion"], "Resource": ["arn:aws:iam::111122223333:policy/leasehold-boundary-prod"]},
		{"Sid": "KeepBounded", "Effect": "Deny", "Action": ["iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"],
		 "Resource": ["arn:aws:iam::111122223333:role/*"]}]}`)

	// Who may deploy previews does not read production by a role that he makes.
	preview := plain(find(t, g, "account-boundary-preview").Inputs["policy"]).(string)
	for _, foreign := range []string{"prod", "table/*", "table/own", "secret:*", "function:*", "log-group:*", "sns"} {
		if strings.Contains(preview, foreign) {
			t.Errorf("the boundary of previews reaches %s: %s", foreign, preview)
		}
	}
}

// A key of yours has none of the stacks' tags, so the deploy role has to be told of it.
func TestDeployRolesUseNamedKeys(t *testing.T) {
	t.Parallel()
	args := githubArgs()
	const key = "arn:aws:kms:eu-central-1:111122223333:key/0000"
	args.Environments[0].KeyARNs = []string{key}
	named := 0
	for _, s := range deployStatements(t, run(t, github(args))) {
		if !slices.Contains(s.Resource, key) {
			continue
		}
		named++
		if s.role != "prod" || s.Condition["StringLike"]["kms:ViaService"] != "*.eu-central-1.amazonaws.com" || !slices.Contains(s.Action, "kms:CreateGrant") {
			t.Errorf("%+v", s)
		}
	}
	if named != 1 {
		t.Errorf("%d statements name the key", named)
	}
}

func TestGitHubArgs(t *testing.T) {
	t.Parallel()
	bad := func(ctx *pulumi.Context) error {
		_, err := platform.NewGitHub(ctx, "account", &platform.GitHubArgs{
			AccountID: "111122223333", Region: "eu-central-1", Partition: "aws",
			Repository: "acme/*", Project: "Lease Hold", ProviderARN: "arn:aws:iam::444455556666:oidc-provider/token.actions.githubusercontent.com",
			Environments: []platform.DeployEnvironment{
				{Name: "prod", Stack: "prod"}, {Name: "prod", Stack: "prod-eu"}, {
					Name: "Pre View", Stack: "*", VPCID: "1", HostedZoneIDs: []string{"z"},
					TableARNs: []string{"*"}, KeyARNs: []string{"arn:aws:kms:eu-central-1:111122223333:key/*"}, TopicARNs: []string{"releases"},
				},
			},
		})
		return err
	}
	wantLines(t, refused(t, bad),
		`GitHub "account": Repository must be OWNER/REPO, or OWNER@ID/REPO@ID, not "acme/*"`, `Project must be a lower-case letter`, `ProviderARN must be arn:aws:iam::111122223333`,
		`Environments[0].State must be set`, `Environments[1].State must be set`, `Environments[2].State must be set`,
		`Environments[1].Name must not be that of Environments[0]`, `Environments[1].Stack must not begin as that of Environments[0]`,
		`Environments[2].Name must be 1 to 20`, `Environments[2].Stack must be a stack's name, or its beginning and *, not "*"`,
		`Environments[2].VPCID must be the id of a VPC, not "1"`, `Environments[2].HostedZoneIDs must be ids of hosted zones, not "z"`,
		`Environments[2].TableARNs must be ARNs of tables, not "*"`, `Environments[2].KeyARNs must be ARNs of KMS keys`,
		`Environments[2].TopicARNs must be ARNs of SNS topics, not "releases"`,
		`Environments[2].Stack must not begin as that of Environments[0]`, `Environments[2].Stack must not begin as that of Environments[1]`)
	wantLines(t, refused(t, github(&platform.GitHubArgs{AccountID: "111122223333", Region: "eu-central-1", Partition: "aws", Repository: "a/b", Project: "p"})),
		"Environments must have at least one")
}
