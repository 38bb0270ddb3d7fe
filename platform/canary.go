package platform

import (
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/codedeploy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CanaryArgs describe how CodeDeploy moves the alias to a new version (RULES 40). `pulumi
// up` publishes the version; a workflow then starts a deployment of the group, whose
// AppSpec comes with the call.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-lambda.html
type CanaryArgs struct {
	// Strategy is one of CodeDeploy's own configurations for Lambda, such as
	// "CodeDeployDefault.LambdaCanary10Percent5Minutes".
	Strategy string
	// Alarms are names of CloudWatch metric alarms, 1 to 10, each of which stops a deployment
	// and rolls it back. Composite ones could be read with a right on every resource only.
	Alarms []string
	// TopicARN is told of deployments that fail, stop or roll back; nil tells nobody.
	TopicARN pulumi.StringPtrInput
}

// strategies are those of
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
var strategies = []string{
	"CodeDeployDefault.LambdaAllAtOnce",
	"CodeDeployDefault.LambdaCanary10Percent5Minutes",
	"CodeDeployDefault.LambdaCanary10Percent10Minutes",
	"CodeDeployDefault.LambdaCanary10Percent15Minutes",
	"CodeDeployDefault.LambdaCanary10Percent30Minutes",
	"CodeDeployDefault.LambdaLinear10PercentEvery1Minute",
	"CodeDeployDefault.LambdaLinear10PercentEvery2Minutes",
	"CodeDeployDefault.LambdaLinear10PercentEvery3Minutes",
	"CodeDeployDefault.LambdaLinear10PercentEvery10Minutes",
}

func (a *CanaryArgs) check(c *checks) {
	c.want(slices.Contains(strategies, a.Strategy), "Canary.Strategy", "must be one of %q, not %q", strategies, a.Strategy)
	// Without an alarm nothing ends a bad deployment.
	// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_AlarmConfiguration.html
	c.want(1 <= len(a.Alarms) && len(a.Alarms) <= 10 && !slices.Contains(a.Alarms, ""), "Canary.Alarms", "must name 1 to 10 alarms")
}

// canary makes what a deployment needs; nothing without one.
func (c *Function) canary(ctx *pulumi.Context, name string, args *FunctionArgs) error {
	if args.Canary == nil {
		c.DeploymentApplication, c.DeploymentGroup = pulumi.String("").ToStringOutput(), pulumi.String("").ToStringOutput()
		return nil
	}
	parent := pulumi.Parent(c)
	app, err := codedeploy.NewApplication(ctx, name+"-deployments", &codedeploy.ApplicationArgs{
		ComputePlatform: pulumi.String("Lambda"),
	}, parent)
	if err != nil {
		return err
	}
	role, policy, err := c.deploymentRole(ctx, name, args, app)
	if err != nil {
		return err
	}
	group, err := codedeploy.NewDeploymentGroup(ctx, name+"-canary", &codedeploy.DeploymentGroupArgs{
		AppName:              app.Name,
		DeploymentGroupName:  pulumi.String(aliasName),
		DeploymentConfigName: pulumi.String(args.Canary.Strategy),
		ServiceRoleArn:       role.Arn,
		DeploymentStyle: &codedeploy.DeploymentGroupDeploymentStyleArgs{
			DeploymentType: pulumi.String("BLUE_GREEN"), DeploymentOption: pulumi.String("WITH_TRAFFIC_CONTROL"),
		},
		AlarmConfiguration: &codedeploy.DeploymentGroupAlarmConfigurationArgs{
			Enabled: pulumi.Bool(true), Alarms: pulumi.ToStringArray(args.Canary.Alarms),
		},
		AutoRollbackConfiguration: &codedeploy.DeploymentGroupAutoRollbackConfigurationArgs{
			Enabled: pulumi.Bool(true),
			Events:  pulumi.ToStringArray([]string{"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"}),
		},
		TriggerConfigurations: args.Canary.triggers(),
	}, parent, pulumi.DependsOn([]pulumi.Resource{policy}))
	if err != nil {
		return err
	}
	c.DeploymentApplication, c.DeploymentGroup = app.Name, group.DeploymentGroupName
	return nil
}

func (a *CanaryArgs) triggers() codedeploy.DeploymentGroupTriggerConfigurationArray {
	if a.TopicARN == nil {
		return nil
	}
	return codedeploy.DeploymentGroupTriggerConfigurationArray{codedeploy.DeploymentGroupTriggerConfigurationArgs{
		TriggerName:      pulumi.String("failures"),
		TriggerTargetArn: a.TopicARN.ToStringPtrOutput().Elem(),
		TriggerEvents:    pulumi.ToStringArray([]string{"DeploymentFailure", "DeploymentRollback", "DeploymentStop"}),
	}}
}

// deploymentRole is what CodeDeploy assumes: AWSCodeDeployRoleForLambdaLimited without what
// it does not need here (revisions in S3, hooks), and on this function only.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForLambdaLimited.html
func (c *Function) deploymentRole(ctx *pulumi.Context, name string, args *FunctionArgs, app *codedeploy.Application) (*iam.Role, *iam.RolePolicy, error) {
	groups := beside(c.ARN, func(p place) string {
		return "arn:" + p.partition + ":codedeploy:" + p.region + ":" + p.account + ":deploymentgroup:"
	})
	role, err := iam.NewRole(ctx, name+"-canary-role", &iam.RoleArgs{
		Description: pulumi.Sprintf("CodeDeploy moves the alias of %s", name),
		// https://docs.aws.amazon.com/codedeploy/latest/userguide/security_confused_deputy.html
		AssumeRolePolicy: PolicyDocument(Statement{
			Principals: map[string][]string{"Service": {"codedeploy.amazonaws.com"}},
			Actions:    []string{"sts:AssumeRole"},
			Conditions: map[string]map[string]pulumi.StringInput{"StringEquals": {
				"aws:SourceAccount": beside(c.ARN, func(p place) string { return p.account }),
				"aws:SourceArn":     pulumi.Sprintf("%s%s/%s", groups, app.Name, aliasName),
			}},
		}),
		PermissionsBoundary: args.PermissionsBoundary,
	}, pulumi.Parent(c))
	if err != nil {
		return nil, nil, err
	}
	policy, err := iam.NewRolePolicy(ctx, name+"-canary-policy", &iam.RolePolicyArgs{
		Role: role.Name, Policy: PolicyDocument(c.deploymentStatements(args.Canary)...),
	}, pulumi.Parent(c))
	return role, policy, err
}

func (c *Function) deploymentStatements(args *CanaryArgs) []Statement {
	statements := []Statement{{
		Sid:       "Alias",
		Actions:   []string{"lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"},
		Resources: pulumi.StringArray{c.ARN, c.AliasARN},
	}, {
		Sid:     "Alarms",
		Actions: []string{"cloudwatch:DescribeAlarms"},
		// A narrower right does not list alarms, and this one lists no composite ones.
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/permissions-reference-cw.html
		Resources: pulumi.StringArray{beside(c.ARN, func(p place) string {
			return "arn:" + p.partition + ":cloudwatch:" + p.region + ":" + p.account + ":alarm:*"
		})},
	}}
	if args.TopicARN != nil {
		statements = append(statements, Statement{
			Sid: "Failures", Actions: []string{"sns:Publish"},
			Resources: pulumi.StringArray{args.TopicARN.ToStringPtrOutput().Elem()},
		})
	}
	return statements
}
