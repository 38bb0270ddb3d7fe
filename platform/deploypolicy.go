package platform

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployScope is what one deploy role may reach: what is named, or tagged, as its stacks'
// resources are, in one account and region.
type deployScope struct {
	AccountArgs
	project  string
	boundary string // ARN
	e        DeployEnvironment
}

// deployPolicy is one managed policy; together they are too long for one (6,144 characters).
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
type deployPolicy struct {
	name       string
	statements []Statement
}

func (s deployScope) policies() []deployPolicy {
	network := s.network()
	policies := []deployPolicy{
		{"state-and-roles", append(s.state(), s.roles()...)},
		{"functions", append(s.functions(), s.logs()...)},
		{"data", append(s.data(), s.keys()...)},
		{"edge", append(s.edge(), s.domains()...)},
		{"alarms", s.alarms()},
		{"firewall-and-users", append(s.firewall(), s.users()...)},
	}
	if len(network) > 0 {
		policies = append(policies, deployPolicy{"network", network})
	}
	return policies
}

// named is the pattern of names that `pulumi:autonaming` gives to the stacks' resources.
func (s deployScope) named() string {
	return s.project + "-" + strings.TrimSuffix(s.e.Stack, "*") + "*"
}

func (s deployScope) roleARN() string { return s.global("iam", "role/"+s.named()) }

func (s deployScope) global(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s::%s:%s", s.Partition, service, s.AccountID, resource)
}

// gateway is an ARN of API Gateway, whose ids nobody knows before; they have no account.
func (s deployScope) gateway(path string) string {
	return fmt.Sprintf("arn:%s:apigateway:%s::%s", s.Partition, s.Region, path)
}

// tagged keeps a statement to resources with the stacks' tags, for kinds whose ARNs have
// ids instead of names. key is aws:RequestTag when they are made, aws:ResourceTag later.
func (s deployScope) tagged(key string) map[string]map[string]pulumi.StringInput {
	return map[string]map[string]pulumi.StringInput{
		"StringEquals": {key + "/project": pulumi.String(s.project)},
		"StringLike":   {key + "/stack": pulumi.String(s.e.Stack)},
	}
}

// made keeps a statement to what is made with the stacks' tags. The right to tag what is made
// is also that to tag what exists, which would bring it within reach of tagged(resourceTag):
// what has the tags of others stays theirs. (AWS has aws:ResourceTag only for what exists.)
// https://docs.aws.amazon.com/kms/latest/developerguide/tag-permissions.html
func (s deployScope) made() map[string]map[string]pulumi.StringInput {
	conditions := s.tagged(requestTag)
	for operator, keys := range s.tagged(resourceTag) {
		conditions[operator+"IfExists"] = keys
	}
	return conditions
}

const (
	requestTag  = "aws:RequestTag"
	resourceTag = "aws:ResourceTag"
)

func allow(sid string, actions string, resources ...string) Statement {
	return Statement{Sid: sid, Actions: strings.Fields(actions), Resources: pulumi.ToStringArray(resources)}
}

func allowIf(conditions map[string]map[string]pulumi.StringInput, sid, actions string, resources ...string) Statement {
	s := allow(sid, actions, resources...)
	s.Conditions = conditions
	return s
}

func (s deployScope) state() []Statement {
	return []Statement{
		{Sid: "StateBucket", Actions: []string{"s3:ListBucket"}, Resources: pulumi.StringArray{s.e.State.BucketARN}},
		{
			Sid: "State", Actions: []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"},
			Resources: pulumi.StringArray{pulumi.Sprintf("%s/*", s.e.State.BucketARN)},
		},
		{
			Sid: "StateKey", Actions: []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"},
			Resources: pulumi.StringArray{s.e.State.KeyARN},
		},
	}
}

// roles: what changes what a role may do demands the boundary on it, and nothing here
// takes a boundary off.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate
func (s deployScope) roles() []Statement {
	bounded := map[string]map[string]pulumi.StringInput{"StringEquals": {"iam:PermissionsBoundary": pulumi.String(s.boundary)}}
	passed := func(service string) map[string]map[string]pulumi.StringInput {
		return map[string]map[string]pulumi.StringInput{"StringEquals": {"iam:PassedToService": pulumi.String(service)}}
	}
	return []Statement{
		allowIf(bounded, "BoundedRoles", "iam:CreateRole iam:PutRolePermissionsBoundary iam:PutRolePolicy", s.roleARN()),
		allow("Roles", `iam:DeleteRole iam:DeleteRolePolicy iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies
			iam:ListInstanceProfilesForRole iam:ListRolePolicies iam:ListRoleTags iam:TagRole iam:UntagRole
			iam:UpdateAssumeRolePolicy iam:UpdateRole`, s.roleARN()),
		allowIf(passed("lambda.amazonaws.com"), "PassToLambda", "iam:PassRole", s.roleARN()),
		allowIf(passed("codedeploy.amazonaws.com"), "PassToCodeDeploy", "iam:PassRole", s.roleARN()),
	}
}

func (s deployScope) functions() []Statement {
	return []Statement{
		allow("Functions", `lambda:AddPermission lambda:CreateAlias lambda:CreateFunction lambda:DeleteAlias lambda:DeleteFunction
			lambda:DeleteFunctionConcurrency lambda:DeleteProvisionedConcurrencyConfig lambda:GetAlias lambda:GetFunction
			lambda:GetFunctionCodeSigningConfig lambda:GetFunctionConcurrency lambda:GetFunctionConfiguration lambda:GetPolicy
			lambda:GetProvisionedConcurrencyConfig lambda:ListTags lambda:ListVersionsByFunction lambda:PublishVersion
			lambda:PutFunctionConcurrency lambda:PutProvisionedConcurrencyConfig lambda:RemovePermission lambda:TagResource
			lambda:UntagResource lambda:UpdateAlias lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration`,
			s.arn("lambda", "function:"+s.named())),
		// Who starts a rotation must be allowed to call the rotator.
		// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html
		allow("Rotate", "lambda:InvokeFunction", s.arn("lambda", "function:"+s.named())),
		// The Lambda Web Adapter, and a collector: AWS's own, or a layer of this account.
		// https://aws-otel.github.io/docs/getting-started/lambda
		allow("Layers", "lambda:GetLayerVersion", fmt.Sprintf("arn:%s:lambda:%s:753240598075:layer:LambdaAdapterLayer*:*", s.Partition, s.Region),
			fmt.Sprintf("arn:%s:lambda:%s:901920570463:layer:aws-otel-collector-*:*", s.Partition, s.Region), s.arn("lambda", "layer:*")),
		allow("Canaries", `codedeploy:CreateApplication codedeploy:CreateDeployment codedeploy:CreateDeploymentGroup
			codedeploy:DeleteApplication codedeploy:DeleteDeploymentGroup codedeploy:GetApplication codedeploy:GetApplicationRevision
			codedeploy:GetDeployment codedeploy:GetDeploymentGroup codedeploy:ListTagsForResource codedeploy:RegisterApplicationRevision
			codedeploy:StopDeployment codedeploy:TagResource codedeploy:UntagResource codedeploy:UpdateApplication codedeploy:UpdateDeploymentGroup`,
			s.arn("codedeploy", "application:"+s.named()), s.arn("codedeploy", "deploymentgroup:"+s.named())),
		allow("CanaryStrategies", "codedeploy:GetDeploymentConfig", s.arn("codedeploy", "deploymentconfig:*")),
	}
}

// alarms are what watches a stack, and the topic that is told.
func (s deployScope) alarms() []Statement {
	return []Statement{
		allow("Alarms", `cloudwatch:DeleteAlarms cloudwatch:ListTagsForResource cloudwatch:PutMetricAlarm
			cloudwatch:TagResource cloudwatch:UntagResource`, s.arn("cloudwatch", "alarm:"+s.named())),
		// A narrower right does not list alarms, nor make one of others.
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/permissions-reference-cw.html
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
		allow("ListAlarms", "cloudwatch:DescribeAlarms cloudwatch:PutCompositeAlarm", s.arn("cloudwatch", "alarm:*")),
		allow("Rankings", `cloudwatch:DeleteInsightRules cloudwatch:ListTagsForResource cloudwatch:PutInsightRule cloudwatch:TagResource
			cloudwatch:UntagResource`, s.arn("cloudwatch", "insight-rule/"+s.named())),
		// AWS has no resource for this one.
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
		allow("ListRankings", "cloudwatch:DescribeInsightRules", "*"),
		// Dashboards are the account's, in no region.
		allow("Dashboards", "cloudwatch:DeleteDashboards cloudwatch:GetDashboard cloudwatch:PutDashboard",
			s.global("cloudwatch", "dashboard/"+s.named())),
		allow("Budgets", "budgets:ListTagsForResource budgets:ModifyBudget budgets:TagResource budgets:UntagResource budgets:ViewBudget",
			s.global("budgets", "budget/"+s.named())),
		allow("Topics", `sns:CreateTopic sns:DeleteTopic sns:GetSubscriptionAttributes sns:GetTopicAttributes sns:ListSubscriptionsByTopic
			sns:ListTagsForResource sns:SetSubscriptionAttributes sns:SetTopicAttributes sns:Subscribe sns:TagResource sns:Unsubscribe
			sns:UntagResource`, s.arn("sns", s.named())),
	}
}

func (s deployScope) logs() []Statement {
	return []Statement{
		allow("LogGroups", `logs:AssociateKmsKey logs:CreateLogGroup logs:DeleteLogGroup logs:DeleteRetentionPolicy logs:DisassociateKmsKey
			logs:ListTagsForResource logs:PutRetentionPolicy logs:TagResource logs:UntagResource`,
			s.logGroups("/aws/lambda/"+s.named()), s.logGroups(wafLogPrefix+s.named()), s.logGroups(s.named()),
			// API Gateway's groups carry its ids or the component's name, not the stack's.
			s.logGroups(apiLogPrefix+"*"), s.logGroups("API-Gateway-Execution-Logs_*")),
		allow("LogStreams", "logs:CreateLogStream logs:DeleteLogStream logs:DescribeLogStreams", s.logGroups(s.named())),
		// A subscription is between a group and a destination, which may be another account's.
		allow("LogExports", "logs:DeleteSubscriptionFilter logs:DescribeSubscriptionFilters logs:PutSubscriptionFilter",
			s.logGroups("/aws/lambda/"+s.named()), s.logGroups(s.named()), fmt.Sprintf("arn:%s:logs:%s:*:destination:*", s.Partition, s.Region)),
		allow("ListLogGroups", "logs:DescribeLogGroups", s.logGroups("*")),
		// Log delivery has no resources. Writing resource policies is left out: Account made them.
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
		allow("LogDelivery", `logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeResourcePolicies logs:GetLogDelivery
			logs:ListLogDeliveries logs:UpdateLogDelivery`, "*"),
	}
}

func (s deployScope) data() []Statement {
	return []Statement{
		allow("Tables", `dynamodb:CreateTable dynamodb:DeleteTable dynamodb:DescribeContinuousBackups dynamodb:DescribeTable
			dynamodb:DescribeTimeToLive dynamodb:ListTagsOfResource dynamodb:TagResource dynamodb:UntagResource
			dynamodb:UpdateContinuousBackups dynamodb:UpdateTable dynamodb:UpdateTimeToLive`, s.arn("dynamodb", "table/"+s.named())),
		// Not GetSecretValue: who deploys does not read the keys.
		allow("Secrets", `secretsmanager:CancelRotateSecret secretsmanager:CreateSecret secretsmanager:DeleteSecret
			secretsmanager:DescribeSecret secretsmanager:GetResourcePolicy secretsmanager:RotateSecret secretsmanager:TagResource
			secretsmanager:UntagResource secretsmanager:UpdateSecret`, s.arn("secretsmanager", "secret:"+s.named())),
	}
}

// keys: a key's ARN has an id, so its tags decide, or that the environment names it. The last
// statements are what Lambda, DynamoDB and Secrets Manager do in the deployer's name when
// they are given the key.
// https://docs.aws.amazon.com/kms/latest/developerguide/tag-authorization.html
func (s deployScope) keys() []Statement {
	keys := s.arn("kms", "key/*")
	use := s.tagged(resourceTag)
	use["StringLike"]["kms:ViaService"] = pulumi.String("*." + s.Region + ".amazonaws.com")
	statements := []Statement{
		// A new key has no ARN yet. Its policy is set with it; only then is there a request tag.
		allowIf(s.made(), "NewKeys", "kms:CreateKey kms:PutKeyPolicy kms:TagResource", "*"),
		allowIf(s.tagged(resourceTag), "Keys", `kms:DescribeKey kms:DisableKeyRotation kms:EnableKeyRotation kms:GetKeyPolicy
			kms:GetKeyRotationStatus kms:ListResourceTags kms:PutKeyPolicy kms:ScheduleKeyDeletion kms:TagResource kms:UntagResource
			kms:UpdateKeyDescription`, keys),
		allowIf(use, "UseKeys", keyUses, keys),
	}
	if len(s.e.KeyARNs) > 0 {
		byService := map[string]map[string]pulumi.StringInput{"StringLike": {"kms:ViaService": use["StringLike"]["kms:ViaService"]}}
		statements = append(statements, allowIf(byService, "UseYourKeys", keyUses, s.e.KeyARNs...))
	}
	return statements
}

// keyUses are those that DynamoDB lists as the least for who makes a table, and cover the others'.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
const keyUses = `kms:CreateGrant kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey
	kms:GenerateDataKeyWithoutPlaintext kms:ReEncryptFrom kms:ReEncryptTo`
