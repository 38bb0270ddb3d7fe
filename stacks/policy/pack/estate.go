package pack

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// tagKeys are on everything that can have tags.
var tagKeys = []string{"project", "stack", "owner", "cost-centre"}

// tagged are the types that cost money or hold data, all of which have tags.
var tagged = []string{
	table, key, secret, topic, userPool, logGroup, lambda, role, restAPI, restStage, restDomain, httpAPI, httpStage, httpDomain, webACL,
	"aws:s3/bucketV2:BucketV2", "aws:s3/bucket:Bucket", "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:acm/certificate:Certificate",
	"aws:ec2/securityGroup:SecurityGroup", "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:codedeploy/application:Application",
	"aws:codedeploy/deploymentGroup:DeploymentGroup", "aws:iam/policy:Policy", "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
}

const awsProvider = "pulumi:providers:aws"

var estateRules = []rule{
	{
		name:    "tagged",
		why:     "Whose a resource is, and what it costs whom, is known by its tags, in an account that several stacks share",
		control: "DynamoDB.5, Lambda.6, SecretsManager.5", page: "https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
		types: tagged, each: func(r item, report reporter) {
			for _, name := range tagKeys {
				want("tags."+name, "a value", isSet)(r, report)
			}
		},
	},
	{
		name: "provider-explicit",
		why:  "A resource without a provider of the program's own lands in whatever account and region the shell is signed in to",
		page: "https://www.pulumi.com/docs/iac/concepts/resources/providers/#disabling-default-providers", stack: explicitProviders,
	},
	{
		name: "provider-account",
		why:  "A provider that is told its account refuses credentials of another one, so that dev is never deployed to prod",
		page: "https://www.pulumi.com/registry/packages/aws/api-docs/provider/", types: []string{awsProvider},
		each: every(want("allowedAccountIds", "the account of the stack", isSet), want("region", "the region of the stack", isSet)),
	},
	{
		name:    "network-no-open-ingress",
		why:     "Nothing of a stack listens inside a VPC; a rule that lets the world in is a mistake",
		control: "EC2.18", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-18",
		types: []string{"aws:ec2/securityGroup:SecurityGroup", "aws:ec2/securityGroupRule:SecurityGroupRule", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"},
		each:  noOpenIngress,
	},
}

func explicitProviders(s *stack, report reporter) {
	for _, r := range s.items {
		provider := r.Provider.URN
		if strings.HasPrefix(r.Type, "aws:") && (provider == "" || strings.Contains(provider, "::"+awsProvider+"::default")) {
			report(r, "the resource has no explicit provider")
		}
	}
}

// world are all addresses.
var world = oneOf("0.0.0.0/0", "::/0")

func noOpenIngress(r item, report reporter) {
	rules := []property.Value{property.New(r.Properties)}
	switch r.Type {
	case "aws:ec2/securityGroup:SecurityGroup":
		rules, _ = r.list("ingress")
	case "aws:ec2/securityGroupRule:SecurityGroupRule":
		if kind, _ := r.text("type"); kind != "ingress" {
			return
		}
	}
	for _, rule := range rules {
		open := world(within(rule, "cidrIpv4")) || world(within(rule, "cidrIpv6"))
		for _, path := range []string{"cidrBlocks", "ipv6CidrBlocks"} {
			all, _ := listOf(within(rule, path))
			open = open || slices.ContainsFunc(all, world)
		}
		if open {
			report(r, "a rule lets every address in")
		}
	}
}
