package platform_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

func account(args *platform.AccountArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := platform.NewAccount(ctx, "leasehold", args)
		return err
	}
}

// Rule 39: what API Gateway and WAF have once per account.
func TestRule39Account(t *testing.T) {
	t.Parallel()
	g := run(t, account(&platform.AccountArgs{AccountID: "111122223333", Region: "eu-central-1", Partition: "aws"}))
	wantTree(t, g, `
		Account leasehold
		  Account leasehold-api
		  LogResourcePolicy leasehold-delivery
		  Role leasehold-api-logs
		  RolePolicy leasehold-api-logs-policy`)
	wantInputs(t, find(t, g, "leasehold-api"), `{"cloudwatchRoleArn": "arn:aws:iam::111122223333:role/leasehold-api-logs"}`)
	role := find(t, g, "leasehold-api-logs")
	wantInputs(t, role, `{"path": "/account/", "managedPolicyArns": null}`)
	wantDocument(t, role, "assumeRolePolicy", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"],
		"Principal": {"Service": ["apigateway.amazonaws.com"]}}]}`)
	wantDocument(t, find(t, g, "leasehold-api-logs-policy"), "policy", `{"Version": "2012-10-17", "Statement": [{"Sid": "Logs", "Effect": "Allow",
		"Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
			"logs:FilterLogEvents", "logs:GetLogEvents", "logs:PutLogEvents"],
		"Resource": ["arn:aws:logs:eu-central-1:111122223333:log-group:*"]}]}`)
	wantDocument(t, find(t, g, "leasehold-delivery"), "policyDocument", `{"Version": "2012-10-17", "Statement": [{"Sid": "Delivery", "Effect": "Allow",
		"Principal": {"Service": ["delivery.logs.amazonaws.com"]}, "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
		"Resource": ["arn:aws:logs:eu-central-1:111122223333:log-group:aws-waf-logs-*:log-stream:*",
			"arn:aws:logs:eu-central-1:111122223333:log-group:/aws/apigateway/*:log-stream:*"],
		"Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}, "ArnLike": {"aws:SourceArn": "arn:aws:logs:eu-central-1:111122223333:*"}}}]}`)
}

func TestAccountArgs(t *testing.T) {
	t.Parallel()
	wantLines(t, refused(t, account(&platform.AccountArgs{AccountID: "1", Region: "Frankfurt", Partition: "amazon"})),
		`Account "leasehold": AccountID must be 12 digits, not "1"`, `Region must be a region such as eu-central-1, not "Frankfurt"`,
		`Partition must be aws, aws-us-gov or aws-cn, not "amazon"`)
}
