package platform

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BudgetArgs describe what a stack may cost.
type BudgetArgs struct {
	// MonthlyUSD is the limit, above 0.
	MonthlyUSD float64
	// TagKey and TagValue are on what counts. It counts once the key is active as a cost allocation tag of
	// the account, and from then on: before, the budget shows nothing. One tag, because a filter of several
	// would be met by any of them.
	// https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
	TagKey, TagValue string
	// TopicARN is told. Required.
	TopicARN pulumi.StringInput
}

// Budget tells when four fifths of the limit are spent, and when a forecast is above it.
type Budget struct {
	pulumi.ResourceState
}

// NewBudget makes the budget.
func NewBudget(ctx *pulumi.Context, name string, args *BudgetArgs, opts ...pulumi.ResourceOption) (*Budget, error) {
	c := newChecks("Budget", name)
	c.want(args.MonthlyUSD > 0, "MonthlyUSD", "must be above 0")
	c.want(args.TagKey != "" && args.TagValue != "", "TagKey and TagValue", "must not be empty: the budget would be the account's")
	c.want(args.TopicARN != nil, "TopicARN", "must be set")
	if err := c.err(); err != nil {
		return nil, err
	}
	b := &Budget{}
	if err := ctx.RegisterComponentResource("leasehold:platform:Budget", name, b, opts...); err != nil {
		return nil, err
	}
	topic := pulumi.ToStringArrayOutput([]pulumi.StringOutput{args.TopicARN.ToStringOutput()})
	_, err := budgets.NewBudget(ctx, name+"-monthly", &budgets.BudgetArgs{
		BudgetType: pulumi.String("COST"), TimeUnit: pulumi.String("MONTHLY"),
		LimitAmount: pulumi.String(fmt.Sprintf("%.2f", args.MonthlyUSD)), LimitUnit: pulumi.String("USD"),
		// https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html
		CostFilters: budgets.BudgetCostFilterArray{&budgets.BudgetCostFilterArgs{
			Name: pulumi.String("TagKeyValue"), Values: pulumi.ToStringArray([]string{"user:" + args.TagKey + "$" + args.TagValue}),
		}},
		Notifications: budgets.BudgetNotificationArray{
			notification("ACTUAL", 80, topic), notification("FORECASTED", 100, topic),
		},
	}, pulumi.Parent(b))
	if err != nil {
		return nil, fmt.Errorf("budget %q: %w", name, err)
	}
	return b, ctx.RegisterResourceOutputs(b, pulumi.Map{})
}

func notification(kind string, percent float64, topic pulumi.StringArrayOutput) *budgets.BudgetNotificationArgs {
	return &budgets.BudgetNotificationArgs{
		ComparisonOperator: pulumi.String("GREATER_THAN"), NotificationType: pulumi.String(kind),
		Threshold: pulumi.Float64(percent), ThresholdType: pulumi.String("PERCENTAGE"), SubscriberSnsTopicArns: topic,
	}
}
