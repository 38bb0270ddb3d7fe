package pack

import "github.com/pulumi/pulumi/sdk/v3/go/property"

// Types of resources that several files name.
const (
	table         = "aws:dynamodb/table:Table"
	key           = "aws:kms/key:Key"
	secret        = "aws:secretsmanager/secret:Secret"
	topic         = "aws:sns/topic:Topic"
	userPool      = "aws:cognito/userPool:UserPool"
	logGroup      = "aws:cloudwatch/logGroup:LogGroup"
	lambda        = "aws:lambda/function:Function"
	permission    = "aws:lambda/permission:Permission"
	role          = "aws:iam/role:Role"
	restAPI       = "aws:apigateway/restApi:RestApi"
	restBody      = "aws:apigateway/restApiPut:RestApiPut"
	restStage     = "aws:apigateway/stage:Stage"
	restSettings  = "aws:apigateway/methodSettings:MethodSettings"
	restDomain    = "aws:apigateway/domainName:DomainName"
	httpAPI       = "aws:apigatewayv2/api:Api"
	httpStage     = "aws:apigatewayv2/stage:Stage"
	httpRoute     = "aws:apigatewayv2/route:Route"
	httpDomain    = "aws:apigatewayv2/domainName:DomainName"
	webACL        = "aws:wafv2/webAcl:WebAcl"
	webACLLogging = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
	association   = "aws:wafv2/webAclAssociation:WebAclAssociation"
)

// buckets are the two types that pulumi-aws has for a bucket.
var buckets = []string{"aws:s3/bucketV2:BucketV2", "aws:s3/bucket:Bucket"}

var dataRules = []rule{
	{
		name:    "table-point-in-time-recovery",
		why:     "A bad write or a bad deployment must be undone to the second; without continuous backups the sessions of every tenant are gone for good",
		control: "DynamoDB.2", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-2",
		protected: true, types: []string{table}, each: want("pointInTimeRecovery.enabled", "true", isTrue),
	},
	{
		name:    "table-deletion-protection",
		why:     "One DeleteTable call, by hand or by a destroyed stack, must not end every session",
		control: "DynamoDB.6", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-6",
		protected: true, types: []string{table}, each: want("deletionProtectionEnabled", "true", isTrue),
	},
	{
		name: "table-customer-key",
		why:  "With a key of the account's own, reading a protected table needs the right to use the key, every use is in CloudTrail, and access can be ended by disabling the key",
		page: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html", protected: true, types: []string{table},
		each: every(want("serverSideEncryption.enabled", "true", isTrue), want("serverSideEncryption.kmsKeyArn", "the ARN of a KMS key", isSet)),
	},
	{
		name: "table-expires",
		why:  "What a tenant stored ends with its session; without a time to live, rows outlive every promise made about them and are paid for",
		page: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html", types: []string{table},
		each: every(want("ttl.enabled", "true", isTrue), want("ttl.attributeName", "the attribute that holds the expiry", isSet)),
	},
	{
		name:    "table-scales",
		why:     "A table of fixed capacity turns one tenant's burst into every tenant's 503",
		control: "DynamoDB.1", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-1",
		types: []string{table}, each: want("billingMode", `"PAY_PER_REQUEST"`, oneOf("PAY_PER_REQUEST")),
	},
	{
		name: "stateful-resources-protected",
		why:  "Pulumi must refuse to delete or replace what cannot be made again: tables, user pools, and the keys that their data is encrypted with",
		page: "https://www.pulumi.com/docs/iac/concepts/resources/options/protect/", protected: true, types: []string{table, userPool, key},
		each: func(r item, report reporter) {
			if !r.Options.Protect {
				report(r, "the resource option protect is not set")
			}
		},
	},
	{
		name:    "key-rotation",
		why:     "Material that encrypts for years is worth more to a thief and is used more often than its cipher allows for; KMS rotates it without a change elsewhere",
		control: "KMS.4", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html#kms-4",
		types: []string{key}, each: want("enableKeyRotation", "true", isTrue),
	},
	{
		name:    "key-deletion-window",
		why:     "Deleting a key deletes what it encrypted; the longest waiting period leaves the time to notice",
		control: "KMS.3", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html#kms-3",
		protected: true, types: []string{key},
		each: want("deletionWindowInDays", "30, which is also the default", func(v property.Value) bool { return v.IsNull() || atLeast(30)(v) }),
	},
	{
		name:    "topic-customer-key",
		why:     "Alarms carry names and figures of production; and CloudWatch cannot publish to a topic under AWS's own key, so that alarms would vanish",
		control: "SNS.1", page: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html",
		types: []string{topic},
		each:  want("kmsMasterKeyId", "a customer key", func(v property.Value) bool { return isSet(v) && !oneOf("alias/aws/sns")(v) }),
	},
}
