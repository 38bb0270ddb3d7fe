package forcenew

// table has the inputs that force a replacement, by type token, sorted. An empty list is a
// type of which everything can be changed in place.
var table = map[string][]string{
	"aws:acm/certificate:Certificate": {
		"certificateAuthorityArn", "certificateBody", "domainName", "keyAlgorithm", "subjectAlternativeNames", "validationMethod",
	},
	"aws:acm/certificateValidation:CertificateValidation": {"certificateArn", "validationRecordFqdns"},

	"aws:apigateway/account:Account":                 {},
	"aws:apigateway/basePathMapping:BasePathMapping": {"domainName", "domainNameId"},
	// What a deployment holds is a snapshot: nothing but its description changes.
	"aws:apigateway/deployment:Deployment":         {"canarySettings", "restApi", "stageDescription", "stageName", "triggers", "variables"},
	"aws:apigateway/domainName:DomainName":         {"domainName"},
	"aws:apigateway/methodSettings:MethodSettings": {"methodPath", "restApi", "stageName"},
	"aws:apigateway/restApi:RestApi":               {},
	// It has no update: another body is another PutRestApi. Its deletion does nothing.
	"aws:apigateway/restApiPut:RestApiPut": {"body", "failOnWarnings", "parameters", "restApiId", "triggers"},
	"aws:apigateway/stage:Stage":           {"restApi", "stageName"},

	"aws:apigatewayv2/api:Api":                 {"protocolType"},
	"aws:apigatewayv2/apiMapping:ApiMapping":   {"apiId", "domainName"},
	"aws:apigatewayv2/domainName:DomainName":   {"domainName"},
	"aws:apigatewayv2/integration:Integration": {"apiId", "integrationSubtype", "integrationType"},
	"aws:apigatewayv2/route:Route":             {"apiId"},
	"aws:apigatewayv2/stage:Stage":             {"apiId", "name"},

	"aws:budgets/budget:Budget": {"accountId", "name", "namePrefix"},

	"aws:cloudwatch/compositeAlarm:CompositeAlarm":                 {"alarmName"},
	"aws:cloudwatch/contributorInsightRule:ContributorInsightRule": {"ruleName"},
	"aws:cloudwatch/dashboard:Dashboard":                           {"dashboardName"},
	"aws:cloudwatch/logGroup:LogGroup":                             {"logGroupClass", "name", "namePrefix"},
	"aws:cloudwatch/logMetricFilter:LogMetricFilter":               {"logGroupName", "name"},
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":           {"policyName"},
	"aws:cloudwatch/logStream:LogStream":                           {"logGroupName", "name"},
	"aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter":   {"logGroup", "name"},
	"aws:cloudwatch/metricAlarm:MetricAlarm":                       {"name"},
	"aws:cloudwatch/queryDefinition:QueryDefinition":               {},

	"aws:codedeploy/application:Application":         {"computePlatform"},
	"aws:codedeploy/deploymentGroup:DeploymentGroup": {"appName"},

	"aws:cognito/resourceServer:ResourceServer": {"identifier", "name", "userPoolId"},
	"aws:cognito/userPool:UserPool":             {"aliasAttributes", "name", "usernameAttributes", "usernameConfiguration"},
	"aws:cognito/userPoolClient:UserPoolClient": {"generateSecret", "userPoolId"},
	"aws:cognito/userPoolDomain:UserPoolDomain": {"domain", "userPoolId"},

	"aws:dynamodb/table:Table": {
		"hashKey", "importTable", "localSecondaryIndexes", "name", "rangeKey", "restoreDateTime",
		"restoreSourceName", "restoreSourceTableArn", "restoreToLatestTime",
	},

	"aws:ec2/securityGroup:SecurityGroup": {"description", "name", "namePrefix", "vpcId"},
	"aws:ec2/vpcEndpoint:VpcEndpoint":     {"serviceName", "serviceRegion", "vpcEndpointType", "vpcId"},

	"aws:iam/openIdConnectProvider:OpenIdConnectProvider": {"url"},
	"aws:iam/policy:Policy":                               {"description", "name", "namePrefix", "path"},
	"aws:iam/role:Role":                                   {"name", "namePrefix", "path"},
	"aws:iam/rolePolicy:RolePolicy":                       {"name", "namePrefix", "role"},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":   {"policyArn", "role"},

	"aws:kms/alias:Alias": {"name", "namePrefix"},
	"aws:kms/key:Key":     {"customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"},

	"aws:lambda/alias:Alias":                                         {"functionName", "name"},
	"aws:lambda/function:Function":                                   {"name", "packageType"},
	"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {"functionName", "qualifier"},
	// Without a life cycle of its own an invocation is never repeated in place.
	"aws:lambda/invocation:Invocation": {"functionName", "input", "qualifier", "triggers"},
	"aws:lambda/permission:Permission": {
		"action", "eventSourceToken", "function", "functionUrlAuthType", "principal", "principalOrgId", "qualifier", "sourceAccount", "sourceArn", "statementId", "statementIdPrefix",
	},
	"aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": {"functionName", "qualifier"},

	"aws:route53/record:Record": {"name", "setIdentifier", "zoneId"},

	"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     {"bucket"},
	"aws:s3/bucketPolicy:BucketPolicy":                                                           {"bucket"},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     {"bucket"},
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {"bucket", "expectedBucketOwner"},
	"aws:s3/bucketV2:BucketV2":                                                                   {"bucket", "bucketPrefix", "objectLockEnabled"},
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               {"bucket", "expectedBucketOwner"},

	"aws:secretsmanager/secret:Secret":                 {"name", "namePrefix"},
	"aws:secretsmanager/secretPolicy:SecretPolicy":     {"secretArn"},
	"aws:secretsmanager/secretRotation:SecretRotation": {"secretId"},

	"aws:sns/topic:Topic":                         {"fifoTopic", "name", "namePrefix"},
	"aws:sns/topicPolicy:TopicPolicy":             {"arn"},
	"aws:sns/topicSubscription:TopicSubscription": {"endpoint", "protocol", "topic"},

	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   {"securityGroupId"},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"securityGroupId"},

	"aws:wafv2/webAcl:WebAcl":                                         {"name", "namePrefix", "scope"},
	"aws:wafv2/webAclAssociation:WebAclAssociation":                   {"resourceArn", "webAclArn"},
	"aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": {"logDestinationConfigs", "resourceArn"},
}
