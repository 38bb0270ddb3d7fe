package platform

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// boundaryPolicy is the most that a role of the environment's stacks can be allowed, whatever
// its own policies say: what functions and CodeDeploy do with what these stacks have, and
// with what the environment names as its own. So who may deploy here cannot make himself a
// role that reads the data of another stack. It allows nothing by itself.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (s deployScope) boundaryPolicy() []Statement {
	statements := []Statement{
		allow("Sessions", `dynamodb:BatchGetItem dynamodb:BatchWriteItem dynamodb:ConditionCheckItem dynamodb:DeleteItem
			dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem`, s.tables()...),
		allow("SealingKeys", `secretsmanager:DescribeSecret secretsmanager:GetSecretValue secretsmanager:PutSecretValue
			secretsmanager:UpdateSecretVersionStage`, s.arn("secretsmanager", "secret:"+s.named())),
		allow("Logs", "logs:CreateLogStream logs:PutLogEvents", s.logGroups("/aws/lambda/"+s.named())),
		allow("Audit", "logs:PutLogEvents", s.logGroups(s.named())),
		allow("Canaries", "lambda:GetAlias lambda:GetProvisionedConcurrencyConfig lambda:UpdateAlias", s.arn("lambda", "function:"+s.named())),
		allow("Alarms", "cloudwatch:DescribeAlarms", s.arn("cloudwatch", "alarm:*")),
		// AWS has no resource for these two: traces, and network interfaces of functions in a VPC.
		allow("Traces", "xray:PutTelemetryRecords xray:PutTraceSegments", "*"),
		{Sid: "Network", Actions: networkActions, Resources: pulumi.StringArray{pulumi.String("*")}},
	}
	if len(s.e.TopicARNs) > 0 {
		statements = append(statements, allow("Notices", "sns:Publish", s.e.TopicARNs...))
	}
	statements = append(statements, s.boundaryKeys()...)
	// Said once more, for the day when the list above has grown: it cannot be changed, or
	// taken off, by whom it holds.
	keep := allow("KeepBoundary", "iam:CreatePolicyVersion iam:DeletePolicy iam:DeletePolicyVersion iam:SetDefaultPolicyVersion", s.boundary)
	off := allow("KeepBounded", "iam:DeleteRolePermissionsBoundary iam:PutRolePermissionsBoundary", s.global("iam", "role/*"))
	keep.Effect, off.Effect = "Deny", "Deny"
	return append(statements, keep, off)
}

// tables are the stacks' and those of the environment, with their indexes.
func (s deployScope) tables() []string {
	tables := []string{s.arn("dynamodb", "table/"+s.named())}
	for _, table := range s.e.TableARNs {
		tables = append(tables, table, table+"/index/*")
	}
	return tables
}

// boundaryKeys let a role use keys through AWS services only, whose data is bounded above, and
// for the environment of its functions, which Lambda decrypts in the role's name. A right to
// decrypt as such would open the secrets in the state of other stacks.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
func (s deployScope) boundaryKeys() []Statement {
	keys := s.arn("kms", "key/*")
	like := func(key, pattern string) map[string]map[string]pulumi.StringInput {
		return map[string]map[string]pulumi.StringInput{"StringLike": {key: pulumi.String(pattern)}}
	}
	return []Statement{
		allowIf(like("kms:ViaService", "*."+s.Region+".amazonaws.com"), "Keys", "kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey", keys),
		allowIf(like("kms:EncryptionContext:aws:lambda:FunctionArn", s.arn("lambda", "function:"+s.named())), "Environments", "kms:Decrypt", keys),
	}
}
