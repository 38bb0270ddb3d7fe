package platform

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LogExportArgs describe where the lines of a log group go as well.
type LogExportArgs struct {
	// LogGroup is the group's name. Required.
	LogGroup pulumi.StringInput
	// DestinationARN is a destination of CloudWatch Logs, of this account or another, which knows by itself who may
	// send and where things end up, such as a bucket. Required. It needs no role here.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions.html
	DestinationARN string
	// Pattern selects lines; empty is all. A group can have two exports.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
	Pattern string
}

// LogExport sends what a log group gets on.
type LogExport struct {
	pulumi.ResourceState
}

// NewLogExport makes the subscription.
func NewLogExport(ctx *pulumi.Context, name string, args *LogExportArgs, opts ...pulumi.ResourceOption) (*LogExport, error) {
	c := newChecks("LogExport", name)
	c.want(args.LogGroup != nil, "LogGroup", "must be set")
	c.want(args.DestinationARN != "", "DestinationARN", "must be set")
	if err := c.err(); err != nil {
		return nil, err
	}
	e := &LogExport{}
	if err := ctx.RegisterComponentResource("leasehold:platform:LogExport", name, e, opts...); err != nil {
		return nil, err
	}
	_, err := cloudwatch.NewLogSubscriptionFilter(ctx, name+"-subscription", &cloudwatch.LogSubscriptionFilterArgs{
		LogGroup: args.LogGroup, DestinationArn: pulumi.String(args.DestinationARN), FilterPattern: pulumi.String(args.Pattern),
	}, pulumi.Parent(e))
	if err != nil {
		return nil, fmt.Errorf("log export %q: %w", name, err)
	}
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{})
}
