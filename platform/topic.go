package platform

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TopicArgs describe where alarms are sent.
type TopicArgs struct {
	// AccountID, Region and Partition are the stack's place.
	AccountID, Region, Partition string
	// Emails are told of every alarm, after each has confirmed a mail of AWS's. Absent means nobody.
	Emails []string
	// Retain keeps the topic's key, as for a Key: policies want it of every key of a protected stack.
	Retain bool
	// DeletionWindowDays is the key's, 7 to 30.
	DeletionWindowDays int
}

// Topic is an SNS topic under a customer key of its own that the publishers may use.
type Topic struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput `pulumi:"arn"`
}

// publishers are what sends to the topic: alarms, and the budget.
// https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
var publishers = []string{"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}

// NewTopic makes the key, the topic and its subscriptions.
func NewTopic(ctx *pulumi.Context, name string, args *TopicArgs, opts ...pulumi.ResourceOption) (*Topic, error) {
	if err := args.validate(name); err != nil {
		return nil, err
	}
	t := &Topic{}
	if err := ctx.RegisterComponentResource("leasehold:platform:Topic", name, t, opts...); err != nil {
		return nil, err
	}
	if err := t.build(ctx, name, args); err != nil {
		return nil, fmt.Errorf("topic %q: %w", name, err)
	}
	return t, ctx.RegisterResourceOutputs(t, pulumi.Map{"arn": t.ARN})
}

func (t *Topic) build(ctx *pulumi.Context, name string, args *TopicArgs) error {
	parent := pulumi.Parent(t)
	key, err := NewKey(ctx, name+"-encryption", &KeyArgs{
		Description: "Alarms on their way", AccountID: args.AccountID, Region: args.Region, Partition: args.Partition,
		DeletionWindowDays: args.DeletionWindowDays, Retain: args.Retain, Publishers: publishers,
	}, parent)
	if err != nil {
		return err
	}
	topic, err := sns.NewTopic(ctx, name+"-topic", &sns.TopicArgs{KmsMasterKeyId: key.ARN}, parent)
	if err != nil {
		return err
	}
	t.ARN = topic.Arn
	_, err = sns.NewTopicPolicy(ctx, name+"-topic-policy", &sns.TopicPolicyArgs{
		Arn: topic.Arn, Policy: PolicyDocument(args.publishing(topic.Arn)),
	}, parent)
	if err != nil {
		return err
	}
	for i, email := range args.Emails {
		_, err := sns.NewTopicSubscription(ctx, fmt.Sprintf("%s-email-%d", name, i+1), &sns.TopicSubscriptionArgs{
			Topic: topic.Arn, Protocol: pulumi.String("email"), Endpoint: pulumi.String(email),
		}, parent)
		if err != nil {
			return err
		}
	}
	return nil
}

// publishing lets the services send in the name of this account only.
// https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
func (a *TopicArgs) publishing(topic pulumi.StringInput) Statement {
	return Statement{
		Sid: "PublishersOfThisAccount", Principals: map[string][]string{"Service": publishers},
		Actions: []string{"sns:Publish"}, Resources: pulumi.StringArray{topic},
		Conditions: map[string]map[string]pulumi.StringInput{"StringEquals": {"aws:SourceAccount": pulumi.String(a.AccountID)}},
	}
}

func (a *TopicArgs) validate(name string) error {
	c := newChecks("Topic", name)
	for i, email := range a.Emails {
		c.want(strings.Contains(email, "@"), fmt.Sprintf("Emails[%d]", i), "must be an address, not %q", email)
	}
	return c.err()
}
