package platform

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FunctionArgs describe a Lambda function on provided.al2023.
type FunctionArgs struct {
	Description string
	// Archive is the path of the zip. One that is not there is an error of the engine when
	// it deploys, and none offline (RULES 47).
	Archive string
	// Handler is "bootstrap" when empty.
	Handler string
	// Architecture is "arm64" when empty, or "x86_64".
	Architecture string
	// MemoryMB is 128 to 10240, TimeoutSeconds 1 to 900.
	MemoryMB, TimeoutSeconds int
	// EdgeTimeoutSeconds is how long the edge in front waits: the function must not run
	// longer. Zero means that no edge waits.
	EdgeTimeoutSeconds int
	// Environment holds no secret: whoever may read the function's configuration reads it.
	Environment pulumi.StringMap
	// Layers are ARNs with a version, five at most.
	Layers []string
	// Statements are what the function may do besides logs, traces and its network.
	Statements []Statement
	// LogRetentionDays is one of the periods that CloudWatch Logs has.
	LogRetentionDays int
	// LogKMSKeyARN encrypts the log group, and KMSKeyARN the environment; nil is AWS's own key.
	LogKMSKeyARN, KMSKeyARN pulumi.StringPtrInput
	// Tracing is X-Ray's active mode.
	Tracing bool
	// ReservedConcurrency sets instances aside and limits the function to them; 0 stops it.
	// Nil reserves none: new accounts have no room (RULES 40).
	ReservedConcurrency *int
	// ProvisionedConcurrency is the number of instances of the alias that are kept warm.
	ProvisionedConcurrency int
	// SubnetIDs and SecurityGroupIDs put the function into a VPC; both or neither.
	SubnetIDs, SecurityGroupIDs pulumi.StringArrayInput
	// PermissionsBoundary is the ARN of a policy that bounds the roles; nil is none.
	PermissionsBoundary pulumi.StringPtrInput
	// Canary leaves the alias to CodeDeploy; nil points it at the newest version at once.
	Canary *CanaryArgs
}

// Function is a Lambda function and its alias "live", which everything invokes.
type Function struct {
	pulumi.ResourceState
	Name, ARN           pulumi.StringOutput
	Version             pulumi.StringOutput // the newest one, which a canary deploys
	AliasName, AliasARN pulumi.StringOutput
	// InvokeARN and StreamingInvokeARN are what API Gateway calls, on the alias (RULES 37).
	InvokeARN, StreamingInvokeARN pulumi.StringOutput
	RoleARN, RoleName             pulumi.StringOutput
	LogGroupName                  pulumi.StringOutput
	// DeploymentApplication and DeploymentGroup are CodeDeploy's; empty without a canary.
	DeploymentApplication, DeploymentGroup pulumi.StringOutput
}

// aliasName is the qualifier of all permissions and invocations.
const aliasName = "live"

// NewFunction makes the function with a role and a log group of its own.
func NewFunction(ctx *pulumi.Context, name string, args *FunctionArgs, opts ...pulumi.ResourceOption) (*Function, error) {
	if err := args.validate(name); err != nil {
		return nil, err
	}
	c := &Function{}
	if err := ctx.RegisterComponentResource("leasehold:platform:Function", name, c, opts...); err != nil {
		return nil, err
	}
	if err := c.build(ctx, name, args); err != nil {
		return nil, fmt.Errorf("function %q: %w", name, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"name": c.Name, "arn": c.ARN, "version": c.Version, "aliasName": c.AliasName, "aliasArn": c.AliasARN,
		"invokeArn": c.InvokeARN, "streamingInvokeArn": c.StreamingInvokeARN, "roleArn": c.RoleARN, "roleName": c.RoleName,
		"logGroupName": c.LogGroupName, "deploymentApplication": c.DeploymentApplication, "deploymentGroup": c.DeploymentGroup,
	})
}

func (c *Function) build(ctx *pulumi.Context, name string, args *FunctionArgs) error {
	parent := pulumi.Parent(c)
	group, err := cloudwatch.NewLogGroup(ctx, name+"-logs", &cloudwatch.LogGroupArgs{
		// A name that operators can guess; project and stack make it the only one in an account.
		Name:            pulumi.Sprintf("/aws/lambda/%s-%s-%s", ctx.Project(), ctx.Stack(), name),
		RetentionInDays: pulumi.Int(args.LogRetentionDays),
		KmsKeyId:        args.LogKMSKeyARN,
	}, parent)
	if err != nil {
		return err
	}
	role, policy, err := args.role(ctx, name, group, parent)
	if err != nil {
		return err
	}
	function, err := args.function(ctx, name, role, group, parent, pulumi.DependsOn([]pulumi.Resource{policy}))
	if err != nil {
		return err
	}
	c.Name, c.ARN, c.Version = function.Name, function.Arn, function.Version
	c.RoleARN, c.RoleName, c.LogGroupName = role.Arn, role.Name, group.Name
	if err := args.network(ctx, name, role, function, parent); err != nil {
		return err
	}
	return c.alias(ctx, name, args)
}

func (a *FunctionArgs) function(ctx *pulumi.Context, name string, role *iam.Role, group *cloudwatch.LogGroup, opts ...pulumi.ResourceOption) (*lambda.Function, error) {
	hash, err := archiveHash(a.Archive)
	if err != nil {
		return nil, err
	}
	tracing := "PassThrough"
	if a.Tracing {
		tracing = "Active"
	}
	f := &lambda.FunctionArgs{
		Description:    pulumi.String(a.Description),
		Runtime:        pulumi.String("provided.al2023"),
		Handler:        pulumi.String(cmp.Or(a.Handler, "bootstrap")),
		Architectures:  pulumi.ToStringArray([]string{cmp.Or(a.Architecture, "arm64")}),
		Code:           pulumi.NewFileArchive(a.Archive),
		SourceCodeHash: hash,
		MemorySize:     pulumi.Int(a.MemoryMB),
		Timeout:        pulumi.Int(a.TimeoutSeconds),
		Layers:         pulumi.ToStringArray(a.Layers),
		Role:           role.Arn,
		Publish:        pulumi.Bool(true),
		KmsKeyArn:      a.KMSKeyARN,
		// Text hands on the lines as the function wrote them, and ours are JSON with Lambda's
		// names already (libs/observe). With JSON, Lambda would filter them by level a second
		// time, and drop what has none, such as a panic, by the level INFO.
		// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
		LoggingConfig: &lambda.FunctionLoggingConfigArgs{LogFormat: pulumi.String("Text"), LogGroup: group.Name},
		TracingConfig: &lambda.FunctionTracingConfigArgs{Mode: pulumi.String(tracing)},
	}
	if len(a.Environment) > 0 {
		f.Environment = &lambda.FunctionEnvironmentArgs{Variables: a.Environment}
	}
	if a.ReservedConcurrency != nil {
		f.ReservedConcurrentExecutions = pulumi.Int(*a.ReservedConcurrency)
	}
	if a.SubnetIDs != nil {
		f.VpcConfig = &lambda.FunctionVpcConfigArgs{SubnetIds: a.SubnetIDs, SecurityGroupIds: a.SecurityGroupIDs}
	}
	return lambda.NewFunction(ctx, name+"-function", f, opts...)
}

// archiveHash is what Lambda calls CodeSha256; nil when there is no such file.
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
func archiveHash(path string) (pulumi.StringPtrInput, error) {
	archive, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	sum := sha256.Sum256(archive)
	return pulumi.String(base64.StdEncoding.EncodeToString(sum[:])), nil
}

func (c *Function) alias(ctx *pulumi.Context, name string, args *FunctionArgs) error {
	opts := []pulumi.ResourceOption{pulumi.Parent(c)}
	if args.Canary != nil {
		// RULES 40: both are CodeDeploy's once the alias exists.
		opts = append(opts, pulumi.IgnoreChanges([]string{"functionVersion", "routingConfig"}))
	}
	alias, err := lambda.NewAlias(ctx, name+"-live", &lambda.AliasArgs{
		Name:            pulumi.String(aliasName),
		FunctionName:    c.Name,
		FunctionVersion: c.Version,
	}, opts...)
	if err != nil {
		return err
	}
	c.AliasName, c.AliasARN, c.InvokeARN = alias.Name, alias.Arn, alias.InvokeArn
	c.StreamingInvokeARN = streamingInvokeARN(alias.Arn)
	if args.ProvisionedConcurrency > 0 {
		_, err := lambda.NewProvisionedConcurrencyConfig(ctx, name+"-warm", &lambda.ProvisionedConcurrencyConfigArgs{
			FunctionName: c.Name, Qualifier: alias.Name,
			ProvisionedConcurrentExecutions: pulumi.Int(args.ProvisionedConcurrency),
		}, pulumi.Parent(c))
		if err != nil {
			return err
		}
	}
	return c.canary(ctx, name, args)
}

// streamingInvokeARN is the URI of an integration with responseTransferMode STREAM.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
func streamingInvokeARN(function pulumi.StringOutput) pulumi.StringOutput {
	prefix := beside(function, func(p place) string {
		return fmt.Sprintf("arn:%s:apigateway:%s:lambda:path/2021-11-15/functions/", p.partition, p.region)
	})
	return pulumi.Sprintf("%s%s/response-streaming-invocations", prefix, function)
}
