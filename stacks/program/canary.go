package program

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
	"leasehold.example/stacks/watch"
)

// canary is nil without one. It always has an alarm: without, nothing would end a bad deployment. The stack's
// alarm of 5xx rings for answers with an error, which are no failed invocations. Both are named before they
// exist; so nothing here waits for anything in a circle, and a deployment is later than all of it.
func (b *builder) canary() *platform.CanaryArgs {
	if !b.c.Canary.Enabled {
		return nil
	}
	args := &platform.CanaryArgs{Strategy: b.c.Canary.Strategy, Alarms: []string{b.alarmName()}}
	if b.c.Monitoring.Enabled {
		args.Alarms = append(args.Alarms, platform.AlarmName(b.ctx, watch.ErrorRate))
	}
	args.Alarms = append(args.Alarms, b.c.Canary.Alarms...)
	if topic := b.c.Canary.TopicARN; topic != "" {
		args.TopicARN = pulumi.StringPtr(topic)
	}
	return args
}

// alarmName is fixed, because the deployment group names the alarm before the function
// that it watches exists.
func (b *builder) alarmName() string {
	return fmt.Sprintf("%s-%s-mcp-errors", b.ctx.Project(), b.c.Stack)
}

// canaryAlarm rings at the first invocation of the alias that fails: a panic, a timeout, memory.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func (b *builder) canaryAlarm(f *platform.Function) error {
	_, err := cloudwatch.NewMetricAlarm(b.ctx, "mcp-errors", &cloudwatch.MetricAlarmArgs{
		Name:             pulumi.String(b.alarmName()),
		AlarmDescription: pulumi.String("Rolls a deployment of the MCP server back. What to do: " + b.c.Monitoring.Runbook + "#mcp-errors"),
		Namespace:        pulumi.String("AWS/Lambda"), MetricName: pulumi.String("Errors"), Statistic: pulumi.String("Sum"),
		Dimensions: pulumi.StringMap{
			"FunctionName": f.Name, "Resource": pulumi.Sprintf("%s:%s", f.Name, f.AliasName),
		},
		ComparisonOperator: pulumi.String("GreaterThanOrEqualToThreshold"), Threshold: pulumi.Float64(1),
		Period: pulumi.Int(60), EvaluationPeriods: pulumi.Int(1),
		TreatMissingData: pulumi.String("notBreaching"),
	}, b.opts...)
	if err != nil {
		return fmt.Errorf("canary alarm: %w", err)
	}
	return nil
}
