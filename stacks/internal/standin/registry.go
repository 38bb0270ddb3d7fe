package standin

import (
	"path"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/codedeploy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// inputs has the SDK's type of a resource's inputs by token. The token is that of the Go
// type, so that neither can be misspelt.
var inputs = byToken(
	acm.CertificateArgs{}, acm.CertificateValidationArgs{},
	apigateway.AccountArgs{}, apigateway.BasePathMappingArgs{}, apigateway.DeploymentArgs{}, apigateway.DomainNameArgs{},
	apigateway.MethodSettingsArgs{}, apigateway.RestApiArgs{}, apigateway.RestApiPutArgs{}, apigateway.StageArgs{},
	apigatewayv2.ApiArgs{}, apigatewayv2.ApiMappingArgs{},
	apigatewayv2.DomainNameArgs{}, apigatewayv2.IntegrationArgs{}, apigatewayv2.RouteArgs{}, apigatewayv2.StageArgs{},
	budgets.BudgetArgs{},
	cloudwatch.CompositeAlarmArgs{}, cloudwatch.ContributorInsightRuleArgs{}, cloudwatch.DashboardArgs{}, cloudwatch.LogGroupArgs{}, cloudwatch.LogMetricFilterArgs{}, cloudwatch.LogResourcePolicyArgs{},
	cloudwatch.LogStreamArgs{}, cloudwatch.LogSubscriptionFilterArgs{}, cloudwatch.MetricAlarmArgs{}, cloudwatch.QueryDefinitionArgs{},
	codedeploy.ApplicationArgs{}, codedeploy.DeploymentGroupArgs{},
	cognito.ResourceServerArgs{}, cognito.UserPoolArgs{}, cognito.UserPoolClientArgs{}, cognito.UserPoolDomainArgs{},
	dynamodb.TableArgs{},
	ec2.SecurityGroupArgs{}, ec2.VpcEndpointArgs{},
	iam.OpenIdConnectProviderArgs{}, iam.PolicyArgs{}, iam.RoleArgs{}, iam.RolePolicyArgs{}, iam.RolePolicyAttachmentArgs{},
	kms.AliasArgs{}, kms.KeyArgs{},
	lambda.AliasArgs{}, lambda.FunctionArgs{}, lambda.FunctionEventInvokeConfigArgs{}, lambda.InvocationArgs{},
	lambda.PermissionArgs{}, lambda.ProvisionedConcurrencyConfigArgs{},
	route53.RecordArgs{},
	s3.BucketOwnershipControlsArgs{}, s3.BucketPolicyArgs{}, s3.BucketPublicAccessBlockArgs{},
	s3.BucketServerSideEncryptionConfigurationV2Args{}, s3.BucketV2Args{}, s3.BucketVersioningV2Args{},
	secretsmanager.SecretArgs{}, secretsmanager.SecretPolicyArgs{}, secretsmanager.SecretRotationArgs{},
	sns.TopicArgs{}, sns.TopicPolicyArgs{}, sns.TopicSubscriptionArgs{},
	vpc.SecurityGroupEgressRuleArgs{}, vpc.SecurityGroupIngressRuleArgs{},
	wafv2.WebAclArgs{}, wafv2.WebAclAssociationArgs{}, wafv2.WebAclLoggingConfigurationArgs{},
)

// providerInputs is the SDK's type of an explicit provider's settings.
var providerInputs = aws.ProviderArgs{}.ElementType()

// byToken keys the plain types behind Args: they have the names of Pulumi's schema as
// tags, through all nested objects. lambda.FunctionArgs is aws:lambda/function:Function.
func byToken(all ...pulumi.Input) map[string]reflect.Type {
	types := make(map[string]reflect.Type, len(all))
	for _, args := range all {
		t := reflect.TypeOf(args)
		name := strings.TrimSuffix(t.Name(), "Args")
		token := "aws:" + path.Base(t.PkgPath()) + "/" + strings.ToLower(name[:1]) + name[1:] + ":" + name
		types[token] = args.ElementType()
	}
	return types
}
