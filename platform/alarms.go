package platform

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// How an alarm takes a period without data.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
const (
	MissingBreaching    = "breaching"
	MissingNotBreaching = "notBreaching"
	MissingIgnore       = "ignore"
	MissingMissing      = "missing"
)

// Alarm is what somebody is told of. It is in alarm while M of the last N periods are above the
// threshold.
type Alarm struct {
	// Name is the alarm's after project and stack, and its section in the runbook.
	Name string
	// Reason says what is wrong when it rings, in a sentence.
	Reason string
	// Metrics are what it looks at: one, or those of the Expression, by their IDs.
	Metrics []Metric
	// Expression is metric math over the metrics. Empty takes the only metric.
	Expression string
	// Threshold: a value above it is too much. AtLeast takes the threshold itself as too much.
	Threshold float64
	AtLeast   bool
	// PeriodSeconds is 60 or a multiple of it; M of N periods must be too much.
	PeriodSeconds, M, N int
	// Missing is one of the Missing constants, and MissingReason says why.
	Missing, MissingReason string
	// Part is an alarm that tells nobody, because a Composite does.
	Part bool
}

// Composite is in alarm when any of the alarms, or all of them, are.
type Composite struct {
	Name, Reason string
	// AnyOf and AllOf are names of alarms; one of both is set.
	AnyOf, AllOf []string
}

// AlarmsArgs describe alarms.
type AlarmsArgs struct {
	Alarms     []Alarm
	Composites []Composite
	Names      Names
	// TopicARN is told when an alarm begins and when it ends. Required.
	TopicARN pulumi.StringInput
	// Runbook is the page on what to do; each alarm links to the section of its name.
	Runbook string
}

// Alarms are CloudWatch alarms.
type Alarms struct {
	pulumi.ResourceState
}

// AlarmName is the physical name of an alarm: fixed, so that composites, canaries and people
// can name it.
func AlarmName(ctx *pulumi.Context, name string) string {
	return fmt.Sprintf("%s-%s-%s", ctx.Project(), ctx.Stack(), name)
}

// NewAlarms makes the alarms.
func NewAlarms(ctx *pulumi.Context, name string, args *AlarmsArgs, opts ...pulumi.ResourceOption) (*Alarms, error) {
	if err := args.validate(name); err != nil {
		return nil, err
	}
	c := &Alarms{}
	if err := ctx.RegisterComponentResource("leasehold:platform:Alarms", name, c, opts...); err != nil {
		return nil, err
	}
	byName := map[string]pulumi.Resource{}
	for _, a := range args.Alarms {
		alarm, err := args.alarm(ctx, name, a, pulumi.Parent(c))
		if err != nil {
			return nil, fmt.Errorf("alarm %q: %w", a.Name, err)
		}
		byName[a.Name] = alarm
	}
	for _, composite := range args.Composites {
		if err := args.composite(ctx, name, composite, byName, pulumi.Parent(c)); err != nil {
			return nil, fmt.Errorf("alarm %q: %w", composite.Name, err)
		}
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

func (args *AlarmsArgs) alarm(ctx *pulumi.Context, name string, a Alarm, opts ...pulumi.ResourceOption) (*cloudwatch.MetricAlarm, error) {
	comparison := "GreaterThanThreshold"
	if a.AtLeast {
		comparison = "GreaterThanOrEqualToThreshold"
	}
	all := &cloudwatch.MetricAlarmArgs{
		Name: pulumi.String(AlarmName(ctx, a.Name)), AlarmDescription: args.describe(a.Reason, a.Name),
		ComparisonOperator: pulumi.String(comparison), Threshold: pulumi.Float64(a.Threshold),
		EvaluationPeriods: pulumi.Int(a.N), DatapointsToAlarm: pulumi.Int(a.M), TreatMissingData: pulumi.String(a.Missing),
	}
	if !a.Part {
		all.AlarmActions, all.OkActions = pulumi.Array{args.TopicARN}, pulumi.Array{args.TopicARN}
	}
	if a.Expression != "" {
		all.MetricQueries = args.queries(a)
	} else {
		m := a.Metrics[0]
		all.Namespace, all.MetricName = pulumi.String(m.Namespace), pulumi.String(m.Name)
		all.Dimensions, all.Period = args.Names.dimensions(m), pulumi.Int(a.PeriodSeconds)
		if strings.HasPrefix(m.Statistic, "p") {
			all.ExtendedStatistic = pulumi.String(m.Statistic)
		} else {
			all.Statistic = pulumi.String(m.Statistic)
		}
	}
	return cloudwatch.NewMetricAlarm(ctx, name+"-"+a.Name, all, opts...)
}

// queries are the metrics, and the expression that the alarm looks at.
func (args *AlarmsArgs) queries(a Alarm) cloudwatch.MetricAlarmMetricQueryArray {
	queries := cloudwatch.MetricAlarmMetricQueryArray{&cloudwatch.MetricAlarmMetricQueryArgs{
		Id: pulumi.String("value"), Expression: pulumi.String(a.Expression), Label: pulumi.String(a.Name), ReturnData: pulumi.Bool(true),
	}}
	for _, m := range a.Metrics {
		queries = append(queries, &cloudwatch.MetricAlarmMetricQueryArgs{
			Id: pulumi.String(m.ID), ReturnData: pulumi.Bool(false),
			Metric: &cloudwatch.MetricAlarmMetricQueryMetricArgs{
				Namespace: pulumi.String(m.Namespace), MetricName: pulumi.String(m.Name), Dimensions: args.Names.dimensions(m),
				Period: pulumi.Int(a.PeriodSeconds), Stat: pulumi.String(m.Statistic),
			},
		})
	}
	return queries
}

func (args *AlarmsArgs) composite(ctx *pulumi.Context, name string, composite Composite, alarms map[string]pulumi.Resource, opt pulumi.ResourceOption) error {
	operator, parts := " OR ", composite.AnyOf
	if len(composite.AllOf) > 0 {
		operator, parts = " AND ", composite.AllOf
	}
	var terms []string
	var needs []pulumi.Resource
	for _, part := range parts {
		terms = append(terms, fmt.Sprintf("ALARM(%q)", AlarmName(ctx, part)))
		needs = append(needs, alarms[part])
	}
	_, err := cloudwatch.NewCompositeAlarm(ctx, name+"-"+composite.Name, &cloudwatch.CompositeAlarmArgs{
		AlarmName: pulumi.String(AlarmName(ctx, composite.Name)), AlarmDescription: args.describe(composite.Reason, composite.Name),
		AlarmRule:    pulumi.String(strings.Join(terms, operator)),
		AlarmActions: pulumi.ToStringArrayOutput([]pulumi.StringOutput{args.TopicARN.ToStringOutput()}),
		OkActions:    pulumi.ToStringArrayOutput([]pulumi.StringOutput{args.TopicARN.ToStringOutput()}),
	}, opt, pulumi.DependsOn(needs))
	return err
}

func (args *AlarmsArgs) describe(reason, section string) pulumi.String {
	return pulumi.String(fmt.Sprintf("%s What to do: %s#%s", reason, args.Runbook, section))
}

var (
	alarmName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	metricID  = regexp.MustCompile(`^[a-z][A-Za-z0-9_]*$`)
)

// day is the longest that M of N periods may reach back, unless each is an hour or more.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
const day = 24 * 60 * 60

func (args *AlarmsArgs) validate(name string) error {
	c := newChecks("Alarms", name)
	c.want(args.TopicARN != nil, "TopicARN", "must be set")
	c.want(args.Runbook != "", "Runbook", "must be set")
	known := map[string]bool{}
	for _, a := range args.Alarms {
		c.want(alarmName.MatchString(a.Name) && !known[a.Name], "Alarms", "must have names of lower-case words with hyphens, each once, not %q", a.Name)
		known[a.Name] = true
		a.validate(c, args.Names)
	}
	for _, composite := range args.Composites {
		parts := slices.Concat(composite.AnyOf, composite.AllOf)
		c.want(alarmName.MatchString(composite.Name) && composite.Reason != "", "Composites", "must have a name and a reason, not %q", composite.Name)
		c.want((len(composite.AnyOf) == 0) != (len(composite.AllOf) == 0), composite.Name, "must have AnyOf or AllOf")
		for _, part := range parts {
			c.want(known[part], composite.Name, "must name alarms; %q is none", part)
		}
	}
	return c.err()
}

func (a *Alarm) validate(c *checks, names Names) {
	c.want(a.Reason != "" && a.MissingReason != "", a.Name, "must have a reason, and one for missing data")
	c.want(slices.Contains([]string{MissingBreaching, MissingNotBreaching, MissingIgnore, MissingMissing}, a.Missing),
		a.Name, "must take missing data as one of CloudWatch's four, not %q", a.Missing)
	c.want(1 <= a.M && a.M <= a.N, a.Name, "must have 1 <= M <= N")
	c.want(a.PeriodSeconds > 0 && a.PeriodSeconds%60 == 0 && a.PeriodSeconds*a.N <= day, a.Name, "must have minutes as a period, and at most a day in all")
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
	c.want(len(a.Metrics) >= 1 && len(a.Metrics) <= 10, a.Name, "must have 1 to 10 metrics, not %d", len(a.Metrics))
	c.want((a.Expression != "") == (len(a.Metrics) != 1 || a.Metrics[0].ID != ""), a.Name, "must have an expression over metrics with IDs, or one metric without")
	for _, m := range a.Metrics {
		names.check(c, a.Name, m)
		c.want(a.Expression == "" || metricID.MatchString(m.ID), a.Name, "must have metrics whose ID begins with a lower-case letter, not %q", m.ID)
	}
}
