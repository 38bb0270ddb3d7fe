package platform_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

func topic(args *platform.TopicArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := platform.NewTopic(ctx, "alarms", args)
		return err
	}
}

func topicArgs(emails ...string) *platform.TopicArgs {
	return &platform.TopicArgs{
		AccountID: "111122223333", Region: "eu-central-1", Partition: "aws", Emails: emails, Retain: true, DeletionWindowDays: 30,
	}
}

// TestRule43Topic: the topic is under a customer key, and both let CloudWatch and the budget in, of this account only.
func TestRule43Topic(t *testing.T) {
	t.Parallel()
	g := run(t, topic(topicArgs("team@example.com", "night@example.com")))
	wantTree(t, g, `
		Topic alarms
		  Topic alarms-topic
		  TopicPolicy alarms-topic-policy
		  TopicSubscription alarms-email-1
		  TopicSubscription alarms-email-2
		  Key alarms-encryption
		    Key alarms-encryption-key`)
	wantInputs(t, find(t, g, "alarms-topic"), `{"kmsMasterKeyId": "arn:aws:kms:eu-central-1:111122223333:key/alarms-encryption-key"}`)
	wantDocument(t, find(t, g, "alarms-encryption-key"), "policy", `{"Version": "2012-10-17", "Statement": [
		{"Sid": "AccountDecidesByIAM", "Effect": "Allow", "Action": ["kms:*"], "Resource": ["*"],
		 "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}},
		{"Sid": "PublishersOfThisAccount", "Effect": "Allow", "Resource": ["*"],
		 "Action": ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"],
		 "Principal": {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]},
		 "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}
	]}`)
	wantDocument(t, find(t, g, "alarms-topic-policy"), "policy", `{"Version": "2012-10-17", "Statement": [
		{"Sid": "PublishersOfThisAccount", "Effect": "Allow", "Action": ["sns:Publish"],
		 "Resource": ["arn:aws:sns:eu-central-1:111122223333:alarms-topic"],
		 "Principal": {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]},
		 "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}
	]}`)
	wantInputs(t, find(t, g, "alarms-email-2"), `{"protocol": "email", "endpoint": "night@example.com",
		"topic": "arn:aws:sns:eu-central-1:111122223333:alarms-topic"}`)
	if !find(t, g, "alarms-encryption-key").Protect {
		t.Error("the key is not protected")
	}
	wantLines(t, refused(t, topic(topicArgs("team"))), `Topic "alarms": Emails[0] must be an address, not "team"`)
}

func TestBudget(t *testing.T) {
	t.Parallel()
	budget := func(args *platform.BudgetArgs) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			_, err := platform.NewBudget(ctx, "budget", args)
			return err
		}
	}
	g := run(t, budget(&platform.BudgetArgs{MonthlyUSD: 50, TagKey: "stack", TagValue: "test", TopicARN: pulumi.String("topic")}))
	wantInputs(t, find(t, g, "budget-monthly"), `{"budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "50.00", "limitUnit": "USD",
		"costFilters": [{"name": "TagKeyValue", "values": ["user:stack$test"]}],
		"notifications": [
			{"comparisonOperator": "GREATER_THAN", "notificationType": "ACTUAL", "threshold": 80, "thresholdType": "PERCENTAGE", "subscriberSnsTopicArns": ["topic"]},
			{"comparisonOperator": "GREATER_THAN", "notificationType": "FORECASTED", "threshold": 100, "thresholdType": "PERCENTAGE", "subscriberSnsTopicArns": ["topic"]}]}`)
	wantLines(t, refused(t, budget(&platform.BudgetArgs{})), "MonthlyUSD must be above 0", "TagKey and TagValue must not be empty", "TopicARN must be set")
}
