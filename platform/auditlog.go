package platform

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AuditFilter is the name of the subscription filter, under which CloudWatch Logs counts what
// it could not deliver.
const AuditFilter = "audit"

// AuditLogArgs describe a log group for the lines of the audit.
type AuditLogArgs struct {
	// Source is the function that writes them, among its other lines. Required. One of the two
	// subscriptions that its log group may have is taken for this.
	Source *Function
	// Pattern selects the lines of the audit. Required.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
	Pattern string
	// RetentionDays is how long they are kept, one of the periods that CloudWatch Logs has.
	RetentionDays int
	// Retain makes Pulumi refuse to delete the group, and leave it behind when it is no longer in the program.
	Retain bool
	// KMSKeyARN encrypts the group, the log of the auditor and its environment; nil is AWS's own key.
	KMSKeyARN pulumi.StringPtrInput
	// Archive is the path of the zip of apps/auditor.
	Archive string
	// Architecture, LogRetentionDays, Tracing and PermissionsBoundary are those of the auditor, as in FunctionArgs.
	Architecture        string
	LogRetentionDays    int
	Tracing             bool
	PermissionsBoundary pulumi.StringPtrInput
}

// AuditLog is a log group that has the lines of the audit and nothing else. Lambda writes to one group
// a function, so a subscription brings the lines to a small function, the auditor, which writes them there.
type AuditLog struct {
	pulumi.ResourceState
	LogGroupName pulumi.StringOutput
	Auditor      *Function
}

// NewAuditLog makes the group, the auditor and the subscription.
func NewAuditLog(ctx *pulumi.Context, name string, args *AuditLogArgs, opts ...pulumi.ResourceOption) (*AuditLog, error) {
	if err := args.validate(name); err != nil {
		return nil, err
	}
	c := &AuditLog{}
	if err := ctx.RegisterComponentResource("leasehold:platform:AuditLog", name, c, opts...); err != nil {
		return nil, err
	}
	if err := c.build(ctx, name, args); err != nil {
		return nil, fmt.Errorf("audit log %q: %w", name, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"logGroupName": c.LogGroupName})
}

func (a *AuditLogArgs) validate(name string) error {
	c := newChecks("AuditLog", name)
	c.want(a.Source != nil, "Source", "must be set")
	c.want(a.Pattern != "", "Pattern", "must be set, as the group is for the audit alone")
	c.want(a.Archive != "", "Archive", "must be the path of a zip")
	c.retention("RetentionDays", a.RetentionDays)
	return c.err()
}

func (c *AuditLog) build(ctx *pulumi.Context, name string, args *AuditLogArgs) error {
	opts := []pulumi.ResourceOption{pulumi.Parent(c)}
	if args.Retain {
		opts = append(opts, pulumi.Protect(true), pulumi.RetainOnDelete(true))
	}
	// Its name is made up by the engine: one that stays behind is in nobody's way.
	group, err := cloudwatch.NewLogGroup(ctx, name+"-lines", &cloudwatch.LogGroupArgs{
		RetentionInDays: pulumi.Int(args.RetentionDays), KmsKeyId: args.KMSKeyARN,
	}, opts...)
	if err != nil {
		return err
	}
	c.LogGroupName = group.Name
	// The stream is made here, so that the auditor may make none.
	stream, err := cloudwatch.NewLogStream(ctx, name+"-stream", &cloudwatch.LogStreamArgs{LogGroupName: group.Name}, opts...)
	if err != nil {
		return err
	}
	if c.Auditor, err = args.auditor(ctx, name, group, stream, pulumi.Parent(c)); err != nil {
		return err
	}
	return c.subscribe(ctx, name, args)
}

// auditor may write to one stream, and nothing else.
func (a *AuditLogArgs) auditor(ctx *pulumi.Context, name string, group *cloudwatch.LogGroup, stream *cloudwatch.LogStream, opt pulumi.ResourceOption) (*Function, error) {
	return NewFunction(ctx, name+"-auditor", &FunctionArgs{
		Description: "Copies the lines of the audit into a log group of their own",
		Archive:     a.Archive, Architecture: a.Architecture,
		// An event has some megabytes at most when it is unpacked; a call has 1 MiB, and is tried three times.
		MemoryMB: 128, TimeoutSeconds: 60,
		Environment: pulumi.StringMap{"LEASEHOLD_AUDIT_GROUP": group.Name, "LEASEHOLD_AUDIT_STREAM": stream.Name},
		Statements: []Statement{{
			Sid: "Audit", Actions: []string{"logs:PutLogEvents"},
			Resources: pulumi.StringArray{pulumi.Sprintf("%s:log-stream:%s", group.Arn, stream.Name)},
		}},
		KMSKeyARN: a.KMSKeyARN, LogKMSKeyARN: a.KMSKeyARN,
		LogRetentionDays: a.LogRetentionDays, Tracing: a.Tracing, PermissionsBoundary: a.PermissionsBoundary,
	}, opt)
}

// subscribe sends the lines to the auditor. CloudWatch Logs may call it for this log group
// only.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample
func (c *AuditLog) subscribe(ctx *pulumi.Context, name string, args *AuditLogArgs) error {
	parent, source := pulumi.Parent(c), args.Source
	prefix := beside(source.ARN, func(p place) string {
		return fmt.Sprintf("arn:%s:logs:%s:%s:log-group:", p.partition, p.region, p.account)
	})
	permission, err := lambda.NewPermission(ctx, name+"-permission", &lambda.PermissionArgs{
		Action:        pulumi.String("lambda:InvokeFunction"),
		Function:      c.Auditor.Name,
		Principal:     beside(source.ARN, func(p place) string { return fmt.Sprintf("logs.%s.amazonaws.com", p.region) }),
		SourceAccount: beside(source.ARN, func(p place) string { return p.account }),
		SourceArn:     pulumi.Sprintf("%s%s:*", prefix, source.LogGroupName),
	}, parent)
	if err != nil {
		return err
	}
	// CloudWatch Logs tries the destination when the filter is made, and refuses one that it may not call.
	_, err = cloudwatch.NewLogSubscriptionFilter(ctx, name+"-filter", &cloudwatch.LogSubscriptionFilterArgs{
		Name: pulumi.String(AuditFilter), LogGroup: source.LogGroupName,
		FilterPattern: pulumi.String(args.Pattern), DestinationArn: c.Auditor.ARN,
	}, parent, pulumi.DependsOn([]pulumi.Resource{permission}))
	return err
}
