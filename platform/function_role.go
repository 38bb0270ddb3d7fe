package platform

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// role makes the execution role, with its policy inside: a policy of its own could be
// attached elsewhere.
func (a *FunctionArgs) role(ctx *pulumi.Context, name string, group *cloudwatch.LogGroup, parent pulumi.ResourceOption) (*iam.Role, *iam.RolePolicy, error) {
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Description: pulumi.Sprintf("Execution role of %s", name),
		// Without aws:SourceAccount: the guide documents no such key for this trust, and a
		// role can be passed to Lambda within its own account only.
		// https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
		AssumeRolePolicy: PolicyDocument(Statement{
			Principals: map[string][]string{"Service": {"lambda.amazonaws.com"}},
			Actions:    []string{"sts:AssumeRole"},
		}),
		PermissionsBoundary: a.PermissionsBoundary,
	}, parent)
	if err != nil {
		return nil, nil, err
	}
	policy, err := iam.NewRolePolicy(ctx, name+"-policy", &iam.RolePolicyArgs{
		Role:   role.Name,
		Policy: PolicyDocument(append(a.ownStatements(group), a.Statements...)...),
	}, parent)
	return role, policy, err
}

// ownStatements are what Lambda does in the name of the function. The log group exists,
// so the function may not make one.
func (a *FunctionArgs) ownStatements(group *cloudwatch.LogGroup) []Statement {
	statements := []Statement{{
		Sid:       "Logs",
		Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: pulumi.StringArray{pulumi.Sprintf("%s:*", group.Arn)}, // its streams
	}}
	if a.Tracing {
		statements = append(statements, Statement{
			Sid: "Traces",
			// X-Ray has no resource for these.
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
			Actions:   []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
			Resources: pulumi.StringArray{pulumi.String("*")},
		})
	}
	if a.SubnetIDs != nil {
		statements = append(statements, Statement{
			Sid: "Network", Actions: networkActions,
			// Lambda asks for them on all resources. networkDeny takes them from the code again.
			// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
			Resources: pulumi.StringArray{pulumi.String("*")},
		})
	}
	return statements
}

// networkActions are what Lambda needs to put a function into a VPC.
var networkActions = []string{
	"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
	"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
}

// network denies the function's code what Lambda needs for the VPC: only calls of the code
// carry lambda:SourceFunctionArn.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice
func (a *FunctionArgs) network(ctx *pulumi.Context, name string, role *iam.Role, function *lambda.Function, parent pulumi.ResourceOption) error {
	if a.SubnetIDs == nil {
		return nil
	}
	_, err := iam.NewRolePolicy(ctx, name+"-network-deny", &iam.RolePolicyArgs{
		Role: role.Name,
		Policy: PolicyDocument(Statement{
			Sid: "NotFromCode", Effect: "Deny", Actions: networkActions,
			Resources: pulumi.StringArray{pulumi.String("*")},
			Conditions: map[string]map[string]pulumi.StringInput{
				"ArnEquals": {"lambda:SourceFunctionArn": function.Arn},
			},
		}),
	}, parent)
	return err
}
