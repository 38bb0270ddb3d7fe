package platform

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AccountArgs say which account and region an Account settles. All are required.
type AccountArgs struct{ AccountID, Region, Partition string }

// Account has the settings that API Gateway and WAF keep once per account and region, so
// that stacks, of which an account has several, do not contend for them (RULES 39).
type Account struct {
	pulumi.ResourceState

	// LogRoleARN is the role by which API Gateway writes logs.
	LogRoleARN pulumi.StringOutput
}

// wafLogPrefix begins the names of log groups that WAF may write to.
const wafLogPrefix = "aws-waf-logs-"

// NewAccount makes API Gateway's role for logs, and the resource policy for those that AWS
// services deliver themselves.
func NewAccount(ctx *pulumi.Context, name string, args *AccountArgs, opts ...pulumi.ResourceOption) (*Account, error) {
	checks := newChecks("Account", name)
	checkPlace(checks, args.AccountID, args.Region, args.Partition)
	if err := checks.err(); err != nil {
		return nil, err
	}
	c := &Account{}
	if err := ctx.RegisterComponentResource("leasehold:platform:Account", name, c, opts...); err != nil {
		return nil, err
	}
	role, err := args.apiGateway(ctx, name, pulumi.Parent(c))
	if err == nil {
		err = args.delivery(ctx, name, pulumi.Parent(c))
	}
	if err != nil {
		return nil, fmt.Errorf("account %q: %w", name, err)
	}
	c.LogRoleARN = role.Arn
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"logRoleArn": c.LogRoleARN})
}

// apiGateway lets API Gateway write access and execution logs of REST stages. The actions
// are those of AWS's policy AmazonAPIGatewayPushToCloudWatchLogs, kept to log groups of this
// account and region; which of them cannot be said, because stages come and go.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
func (a *AccountArgs) apiGateway(ctx *pulumi.Context, name string, parent pulumi.ResourceOption) (*iam.Role, error) {
	role, err := iam.NewRole(ctx, name+"-api-logs", &iam.RoleArgs{
		// The path keeps it out of what a deploy role may change, role/PROJECT-STACK-*, whatever stacks are called.
		Path:        pulumi.String("/account/"),
		Description: pulumi.String("API Gateway writes the logs of its stages"),
		AssumeRolePolicy: PolicyDocument(Statement{
			Principals: map[string][]string{"Service": {"apigateway.amazonaws.com"}}, Actions: []string{"sts:AssumeRole"},
		}),
	}, parent)
	if err != nil {
		return nil, err
	}
	policy, err := iam.NewRolePolicy(ctx, name+"-api-logs-policy", &iam.RolePolicyArgs{
		Role: role.Name,
		Policy: PolicyDocument(Statement{
			Sid: "Logs",
			Actions: []string{
				"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
				"logs:FilterLogEvents", "logs:GetLogEvents", "logs:PutLogEvents",
			},
			Resources: pulumi.StringArray{pulumi.String(a.logGroups("*"))},
		}),
	}, parent)
	if err != nil {
		return nil, err
	}
	// API Gateway tries the role when it is told of it.
	_, err = apigateway.NewAccount(ctx, name+"-api", &apigateway.AccountArgs{CloudwatchRoleArn: role.Arn},
		parent, pulumi.DependsOn([]pulumi.Resource{policy}))
	return role, err
}

// delivery lets WAF and HTTP APIs write to log groups of the names that stacks give them. Without it, whoever
// switches their logging on must be able to write policies for every log group.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
func (a *AccountArgs) delivery(ctx *pulumi.Context, name string, parent pulumi.ResourceOption) error {
	_, err := cloudwatch.NewLogResourcePolicy(ctx, name+"-delivery", &cloudwatch.LogResourcePolicyArgs{
		PolicyName: pulumi.String(name + "-log-delivery"),
		PolicyDocument: PolicyDocument(Statement{
			Sid:        "Delivery",
			Principals: map[string][]string{"Service": {"delivery.logs.amazonaws.com"}},
			Actions:    []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resources: pulumi.StringArray{
				pulumi.String(a.logGroups(wafLogPrefix + "*:log-stream:*")),
				pulumi.String(a.logGroups(apiLogPrefix + "*:log-stream:*")),
			},
			Conditions: map[string]map[string]pulumi.StringInput{
				"StringEquals": {"aws:SourceAccount": pulumi.String(a.AccountID)},
				"ArnLike":      {"aws:SourceArn": pulumi.String(a.arn("logs", "*"))},
			},
		}),
	}, parent)
	return err
}

func (a *AccountArgs) logGroups(pattern string) string { return a.arn("logs", "log-group:"+pattern) }

func (a *AccountArgs) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", a.Partition, service, a.Region, a.AccountID, resource)
}

func isAccount(id string) bool {
	return len(id) == 12 && strings.Trim(id, "0123456789") == ""
}

var regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)

func checkPlace(c *checks, account, region, partition string) {
	c.want(isAccount(account), "AccountID", "must be 12 digits, not %q", account)
	c.want(regionName.MatchString(region), "Region", "must be a region such as eu-central-1, not %q", region)
	c.want(partition == "aws" || partition == "aws-us-gov" || partition == "aws-cn", "Partition", "must be aws, aws-us-gov or aws-cn, not %q", partition)
}
