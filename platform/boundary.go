package platform

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// boundary is the most that a role of a stack can be allowed, whatever its own policies
// say: what functions and CodeDeploy do, in this account and region. So who may deploy
// cannot make himself a role that may more. It allows nothing by itself.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (a *GitHubArgs) boundary() []Statement {
	here := &AccountArgs{AccountID: a.AccountID, Region: a.Region, Partition: a.Partition}
	statements := []Statement{
		allow("Sessions", `dynamodb:BatchGetItem dynamodb:BatchWriteItem dynamodb:ConditionCheckItem dynamodb:DeleteItem
			dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem`, here.arn("dynamodb", "table/*")),
		allow("SealingKeys", `secretsmanager:DescribeSecret secretsmanager:GetSecretValue secretsmanager:PutSecretValue
			secretsmanager:UpdateSecretVersionStage`, here.arn("secretsmanager", "secret:*")),
		allow("Keys", "kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey", here.arn("kms", "key/*")),
		allow("Logs", "logs:CreateLogStream logs:PutLogEvents", here.logGroups("*")),
		allow("Canaries", "lambda:GetAlias lambda:GetProvisionedConcurrencyConfig lambda:UpdateAlias", here.arn("lambda", "function:*")),
		allow("Alarms", "cloudwatch:DescribeAlarms", here.arn("cloudwatch", "alarm:*")),
		allow("Notices", "sns:Publish", here.arn("sns", "*")),
		// AWS has no resource for these two: traces, and network interfaces of functions in a VPC.
		allow("Traces", "xray:PutTelemetryRecords xray:PutTraceSegments", "*"),
		{Sid: "Network", Actions: networkActions, Resources: pulumi.StringArray{pulumi.String("*")}},
	}
	// Said once more, for the day when the list above has grown: it cannot be changed, or
	// taken off, by whom it holds.
	keep := allow("KeepBoundary", "iam:CreatePolicyVersion iam:DeletePolicy iam:DeletePolicyVersion iam:SetDefaultPolicyVersion", a.boundaryARN())
	off := allow("KeepBounded", "iam:DeleteRolePermissionsBoundary iam:PutRolePermissionsBoundary", a.iamARN("role/*"))
	keep.Effect, off.Effect = "Deny", "Deny"
	return append(statements, keep, off)
}
