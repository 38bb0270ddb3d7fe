package platform

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// What a rate rule may be set to, in requests.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
const (
	leastRate = 10
	mostRate  = 2_000_000_000
)

// managedGroup is a group of AWS's rules, in its default version: AWS moves that on as
// attacks change, and announces it a week before on a topic that an operator can follow.
// https://docs.aws.amazon.com/waf/latest/developerguide/waf-managed-rule-groups-versioning.html
type managedGroup struct {
	name    string
	counted []countedRule
}

// countedRule is a rule of a group that would block ordinary MCP traffic. It is counted
// and labelled instead, so that an operator sees what it would have blocked.
type countedRule struct{ rule, reason string }

// managedGroups are those of the AWS Lambda MCP Cookbook, cheapest first. They have rules
// for bodies, whose size beyond the inspected part they let pass; we add no body rule.
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
var managedGroups = []managedGroup{
	{name: "AWSManagedRulesAmazonIpReputationList"},
	{name: "AWSManagedRulesAnonymousIpList", counted: []countedRule{
		{"HostingProviderIPList", "agents and hosted clients call from the addresses of cloud providers"},
	}},
	// Its rules for headers, path and query stay: nobody writes prose there. Those for bodies
	// guard programs that are not here, at the price of every text about their holes.
	{name: "AWSManagedRulesKnownBadInputsRuleSet", counted: []countedRule{
		{"Log4JRCE_BODY", "texts about Log4Shell quote it; nothing here is Java"},
		{"JavaDeserializationRCE_BODY", "tool arguments hold Java code and stack traces; nothing here is Java"},
		{"ReactJSRCE_BODY", "AWS shows no pattern of it; nothing here runs React on a server"},
	}},
	{name: "AWSManagedRulesCommonRuleSet", counted: []countedRule{
		{"SizeRestrictions_BODY", "it blocks bodies over 8,192 bytes; tool arguments are longer, and the function has the limit"},
		{"CrossSiteScripting_BODY", "tool arguments hold HTML and code, which nothing here renders"},
		{"GenericRFI_BODY", "tool arguments hold URLs"},
		{"GenericLFI_BODY", "tool arguments hold relative paths"},
		{"EC2MetaDataSSRF_BODY", "prose and code name the metadata address; the function's network is not the client's to choose"},
		{"NoUserAgent_HEADER", "MCP clients need not send a User-Agent"},
	}},
}

// rules are the limits first, because they cost least, then the groups.
func (a *FirewallArgs) rules() wafv2.WebAclRuleArray {
	rules := wafv2.WebAclRuleArray{
		rateRule(0, "rate-per-ip", &wafv2.WebAclRuleStatementRateBasedStatementArgs{
			Limit: pulumi.Int(a.RatePerIP), EvaluationWindowSec: pulumi.Int(rateWindowSeconds), AggregateKeyType: pulumi.String("IP"),
		}),
		// Hosted clients share addresses, so a token has a limit of its own (RULES 38). A request
		// without the header is not counted here, but by its address:
		// https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatementCustomKey.html
		rateRule(1, "rate-per-token", &wafv2.WebAclRuleStatementRateBasedStatementArgs{
			Limit: pulumi.Int(a.RatePerToken), EvaluationWindowSec: pulumi.Int(rateWindowSeconds), AggregateKeyType: pulumi.String("CUSTOM_KEYS"),
			CustomKeys: wafv2.WebAclRuleStatementRateBasedStatementCustomKeyArray{
				&wafv2.WebAclRuleStatementRateBasedStatementCustomKeyArgs{Header: authorizationKey()},
			},
		}),
	}
	for _, group := range managedGroups {
		rules = append(rules, group.webACLRule(len(rules)))
	}
	return rules
}

const rateWindowSeconds = 300

// authorizationKey takes the header as it came: changing its case would let two tokens share a count.
func authorizationKey() *wafv2.WebAclRuleStatementRateBasedStatementCustomKeyHeaderArgs {
	return &wafv2.WebAclRuleStatementRateBasedStatementCustomKeyHeaderArgs{
		Name: pulumi.String("authorization"),
		TextTransformations: wafv2.WebAclRuleStatementRateBasedStatementCustomKeyHeaderTextTransformationArray{
			&wafv2.WebAclRuleStatementRateBasedStatementCustomKeyHeaderTextTransformationArgs{
				Priority: pulumi.Int(0), Type: pulumi.String("NONE"),
			},
		},
	}
}

// rateRule answers 429, which clients know to wait for, where WAF's own 403 reads like a
// denial. It stands before any gateway response:
// https://docs.aws.amazon.com/waf/latest/developerguide/customizing-the-response-for-blocked-requests.html
func rateRule(priority int, name string, statement *wafv2.WebAclRuleStatementRateBasedStatementArgs) *wafv2.WebAclRuleArgs {
	return &wafv2.WebAclRuleArgs{
		Name: pulumi.String(name), Priority: pulumi.Int(priority), VisibilityConfig: ruleVisibility(name),
		Action: &wafv2.WebAclRuleActionArgs{Block: &wafv2.WebAclRuleActionBlockArgs{
			CustomResponse: &wafv2.WebAclRuleActionBlockCustomResponseArgs{ResponseCode: pulumi.Int(429)},
		}},
		Statement: &wafv2.WebAclRuleStatementArgs{RateBasedStatement: statement},
	}
}

func (g managedGroup) webACLRule(priority int) *wafv2.WebAclRuleArgs {
	var overrides wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArray
	for _, counted := range g.counted {
		overrides = append(overrides, &wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs{
			Name: pulumi.String(counted.rule),
			ActionToUse: &wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs{
				Count: &wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs{},
			},
		})
	}
	return &wafv2.WebAclRuleArgs{
		Name: pulumi.String(g.name), Priority: pulumi.Int(priority), VisibilityConfig: ruleVisibility(g.name),
		// None: the group's own actions stand, but for those overridden.
		OverrideAction: &wafv2.WebAclRuleOverrideActionArgs{None: &wafv2.WebAclRuleOverrideActionNoneArgs{}},
		Statement: &wafv2.WebAclRuleStatementArgs{ManagedRuleGroupStatement: &wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs{
			VendorName: pulumi.String("AWS"), Name: pulumi.String(g.name), RuleActionOverrides: overrides,
		}},
	}
}

// Metrics are on. Sampled requests are off: the log's redaction does not reach them (RULES 38).
func visibility(metric string) *wafv2.WebAclVisibilityConfigArgs {
	return &wafv2.WebAclVisibilityConfigArgs{
		CloudwatchMetricsEnabled: pulumi.Bool(true), MetricName: pulumi.String(metric), SampledRequestsEnabled: pulumi.Bool(false),
	}
}

func ruleVisibility(metric string) *wafv2.WebAclRuleVisibilityConfigArgs {
	return &wafv2.WebAclRuleVisibilityConfigArgs{
		CloudwatchMetricsEnabled: pulumi.Bool(true), MetricName: pulumi.String(metric), SampledRequestsEnabled: pulumi.Bool(false),
	}
}
