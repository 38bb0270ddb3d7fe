package program_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
	"leasehold.example/platform/offline"
)

// kinds are what somebody has to be allowed who makes, reads and deletes a resource of a kind. API Gateway's
// actions are the methods of its API, whatever the resource.
var kinds = map[string]string{
	"acm/certificate:Certificate":                                      "acm:RequestCertificate acm:DescribeCertificate acm:DeleteCertificate acm:ListTagsForCertificate",
	"acm/certificateValidation:CertificateValidation":                  "acm:DescribeCertificate",
	"cloudwatch/logGroup:LogGroup":                                     "logs:CreateLogGroup logs:DescribeLogGroups logs:DeleteLogGroup logs:PutRetentionPolicy logs:ListTagsForResource",
	"budgets/budget:Budget":                                            "budgets:ModifyBudget budgets:ViewBudget budgets:ListTagsForResource",
	"cloudwatch/compositeAlarm:CompositeAlarm":                         "cloudwatch:PutCompositeAlarm cloudwatch:DescribeAlarms cloudwatch:DeleteAlarms cloudwatch:ListTagsForResource",
	"cloudwatch/contributorInsightRule:ContributorInsightRule":         "cloudwatch:PutInsightRule cloudwatch:DescribeInsightRules cloudwatch:DeleteInsightRules cloudwatch:ListTagsForResource",
	"cloudwatch/dashboard:Dashboard":                                   "cloudwatch:PutDashboard cloudwatch:GetDashboard cloudwatch:DeleteDashboards",
	"cloudwatch/logSubscriptionFilter:LogSubscriptionFilter":           "logs:PutSubscriptionFilter logs:DescribeSubscriptionFilters logs:DeleteSubscriptionFilter",
	"cloudwatch/logStream:LogStream":                                   "logs:CreateLogStream logs:DescribeLogStreams logs:DeleteLogStream",
	"cloudwatch/metricAlarm:MetricAlarm":                               "cloudwatch:PutMetricAlarm cloudwatch:DescribeAlarms cloudwatch:DeleteAlarms cloudwatch:ListTagsForResource",
	"codedeploy/application:Application":                               "codedeploy:CreateApplication codedeploy:GetApplication codedeploy:DeleteApplication",
	"codedeploy/deploymentGroup:DeploymentGroup":                       "codedeploy:CreateDeploymentGroup codedeploy:GetDeploymentGroup codedeploy:DeleteDeploymentGroup",
	"cognito/resourceServer:ResourceServer":                            "cognito-idp:CreateResourceServer cognito-idp:DescribeResourceServer cognito-idp:DeleteResourceServer",
	"cognito/userPool:UserPool":                                        "cognito-idp:CreateUserPool cognito-idp:DescribeUserPool cognito-idp:DeleteUserPool cognito-idp:SetUserPoolMfaConfig",
	"cognito/userPoolClient:UserPoolClient":                            "cognito-idp:CreateUserPoolClient cognito-idp:DescribeUserPoolClient cognito-idp:DeleteUserPoolClient",
	"cognito/userPoolDomain:UserPoolDomain":                            "cognito-idp:CreateUserPoolDomain cognito-idp:DescribeUserPoolDomain cognito-idp:DeleteUserPoolDomain",
	"dynamodb/table:Table":                                             "dynamodb:CreateTable dynamodb:DescribeTable dynamodb:DeleteTable dynamodb:UpdateTimeToLive dynamodb:UpdateContinuousBackups",
	"ec2/securityGroup:SecurityGroup":                                  "ec2:CreateSecurityGroup ec2:DescribeSecurityGroups ec2:DeleteSecurityGroup",
	"ec2/vpcEndpoint:VpcEndpoint":                                      "ec2:CreateVpcEndpoint ec2:DescribeVpcEndpoints ec2:DeleteVpcEndpoints",
	"iam/role:Role":                                                    "iam:CreateRole iam:GetRole iam:DeleteRole iam:PassRole",
	"iam/rolePolicy:RolePolicy":                                        "iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy",
	"kms/key:Key":                                                      "kms:CreateKey kms:DescribeKey kms:ScheduleKeyDeletion kms:EnableKeyRotation kms:GetKeyPolicy",
	"lambda/alias:Alias":                                               "lambda:CreateAlias lambda:GetAlias lambda:DeleteAlias",
	"lambda/function:Function":                                         "lambda:CreateFunction lambda:GetFunction lambda:DeleteFunction lambda:PublishVersion",
	"lambda/invocation:Invocation":                                     "lambda:InvokeFunction",
	"lambda/permission:Permission":                                     "lambda:AddPermission lambda:GetPolicy lambda:RemovePermission",
	"lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": "lambda:PutProvisionedConcurrencyConfig lambda:GetProvisionedConcurrencyConfig lambda:DeleteProvisionedConcurrencyConfig",
	"route53/record:Record":                                            "route53:ChangeResourceRecordSets route53:ListResourceRecordSets route53:GetChange",
	"sns/topic:Topic":                                                  "sns:CreateTopic sns:GetTopicAttributes sns:SetTopicAttributes sns:DeleteTopic sns:ListTagsForResource",
	"sns/topicPolicy:TopicPolicy":                                      "sns:SetTopicAttributes sns:GetTopicAttributes",
	"sns/topicSubscription:TopicSubscription":                          "sns:Subscribe sns:GetSubscriptionAttributes sns:Unsubscribe",
	"secretsmanager/secret:Secret":                                     "secretsmanager:CreateSecret secretsmanager:DescribeSecret secretsmanager:DeleteSecret",
	"secretsmanager/secretRotation:SecretRotation":                     "secretsmanager:RotateSecret secretsmanager:CancelRotateSecret",
	"vpc/securityGroupEgressRule:SecurityGroupEgressRule":              "ec2:AuthorizeSecurityGroupEgress ec2:DescribeSecurityGroupRules ec2:RevokeSecurityGroupEgress",
	"vpc/securityGroupIngressRule:SecurityGroupIngressRule":            "ec2:AuthorizeSecurityGroupIngress ec2:DescribeSecurityGroupRules ec2:RevokeSecurityGroupIngress",
	"wafv2/webAcl:WebAcl":                                              "wafv2:CreateWebACL wafv2:GetWebACL wafv2:DeleteWebACL",
	"wafv2/webAclAssociation:WebAclAssociation":                        "wafv2:AssociateWebACL wafv2:GetWebACLForResource wafv2:DisassociateWebACL apigateway:SetWebACL",
	"wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration":      "wafv2:PutLoggingConfiguration wafv2:GetLoggingConfiguration wafv2:DeleteLoggingConfiguration",
}

const gatewayActions = "apigateway:POST apigateway:PUT apigateway:PATCH apigateway:GET apigateway:DELETE"

// deployActions are those of a deploy role with a VPC and a zone.
func deployActions(t *testing.T) map[string]bool {
	t.Helper()
	const account, region, partition = "111122223333", "eu-central-1", "aws"
	g, err := offline.Run(offline.Options{Project: "leasehold-account", Stack: "account"}, func(ctx *pulumi.Context) error {
		state, err := platform.NewStateBackend(ctx, "state", &platform.StateBackendArgs{AccountID: account, Region: region, Partition: partition, Alias: "state"})
		if err != nil {
			return err
		}
		_, err = platform.NewGitHub(ctx, "account", &platform.GitHubArgs{
			AccountID: account, Region: region, Partition: partition, Repository: "acme/mcp", Project: "leasehold",
			Environments: []platform.DeployEnvironment{{Name: "test", Stack: "test", State: state, HostedZoneIDs: []string{"Z0123456789ABC"}, VPCID: "vpc-0123456789abcdef0"}},
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	actions := map[string]bool{}
	for _, r := range ofType(g, "aws:iam/policy:Policy") {
		if !strings.Contains(r.Name, "-deploy-") {
			continue
		}
		var document struct{ Statement []struct{ Action []string } }
		if err := json.Unmarshal([]byte(text(r, "policy")), &document); err != nil {
			t.Fatal(err)
		}
		for _, s := range document.Statement {
			for _, action := range s.Action {
				actions[action] = true
			}
		}
	}
	return actions
}

// TestDeployRoleMakesEveryKind: whatever a stack can have, the deploy role may make, read and delete.
func TestDeployRoleMakesEveryKind(t *testing.T) {
	t.Parallel()
	allowed := deployActions(t)
	each(t, func(t *testing.T, _ map[string]string, g *offline.Graph) {
		var seen []string
		for _, r := range g.Resources {
			kind, ok := strings.CutPrefix(r.Type, "aws:")
			if !ok || slices.Contains(seen, kind) {
				continue
			}
			seen = append(seen, kind)
			needs, ok := kinds[kind]
			if strings.HasPrefix(kind, "apigateway") {
				needs, ok = gatewayActions, true
			}
			if !ok {
				t.Errorf("what does it take to make a %s? Say so in kinds, and let the deploy role", kind)
			}
			for action := range strings.FieldsSeq(needs) {
				if !allowed[action] {
					t.Errorf("%s: the deploy role may not %s", r.Name, action)
				}
			}
		}
	})
}

// Rule 34: no CloudFront, whose functions never see the 401 that they would have to repair.
func TestRule34NoCloudFront(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ map[string]string, g *offline.Graph) {
		for _, r := range g.Resources {
			if strings.HasPrefix(r.Type, "aws:cloudfront/") {
				t.Errorf("%s is a %s", r.Name, r.Type)
			}
		}
	})
}
