package pack

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

var firewallRules = []rule{
	{
		name:    "firewall-attached",
		why:     "In a protected stack the web ACL stands before every stage that can have one; without it a flood or a known attack reaches the function",
		control: "APIGateway.4", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/apigateway-controls.html#apigateway-4",
		protected: true, stack: func(s *stack, report reporter) {
			for _, stage := range s.of(restStage) {
				if !anyPoints(s.of(association), "resourceArn", stage) {
					report(stage, "no WebAclAssociation names the stage")
				}
			}
		},
	},
	{
		name: "firewall-stays-attached",
		why:  "A stage has one web ACL: when the new association is made first, deleting the old one detaches the stage, and nothing says so",
		page: "https://docs.aws.amazon.com/waf/latest/APIReference/API_DisassociateWebACL.html", types: []string{association},
		each: func(r item, report reporter) {
			if !r.Options.DeleteBeforeReplace {
				report(r, "the resource option deleteBeforeReplace is not set")
			}
		},
	},
	{
		name:    "firewall-managed-groups",
		why:     "AWS keeps these groups up to date against known bad addresses and inputs; one that is missing, or only counts, protects from nothing",
		control: "WAF.10", page: "https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html",
		types: []string{webACL}, each: managedGroups,
	},
	{
		name: "firewall-rate-rules",
		why:  "A limit by address stops a flood; one by token stops a client behind an address that many share",
		page: "https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based.html", types: []string{webACL}, each: rateRules,
	},
	{
		name:    "firewall-logged",
		why:     "What the web ACL refused, and why, is needed on the day that it refuses a customer",
		control: "WAF.11", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/waf-controls.html#waf-11",
		stack: func(s *stack, report reporter) {
			for _, r := range s.of(webACL) {
				if !anyPoints(s.of(webACLLogging), "resourceArn", r) {
					report(r, "no WebAclLoggingConfiguration names the web ACL")
				}
			}
		},
	},
	{
		name: "firewall-log-redacted",
		why:  "The log has every header of a request; tokens and session ids in it would be for anybody who reads logs",
		page: "https://docs.aws.amazon.com/waf/latest/developerguide/logging-management-configure.html", types: []string{webACLLogging}, each: redacted,
	},
	{
		name: "firewall-log-name",
		why:  "WAF writes to log groups, streams and buckets whose name begins with aws-waf-logs-, and to no others",
		page: "https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html", types: []string{webACLLogging},
		each: func(r item, report reporter) {
			all, _ := r.list("logDestinationConfigs")
			for _, v := range all {
				if arn, sure := textOf(v); sure && !strings.Contains(arn, ":aws-waf-logs-") && !strings.Contains(arn, "/aws-waf-logs-") {
					report(r, "logDestinationConfigs has %s, whose name does not begin with aws-waf-logs-", show(v))
				}
			}
		},
	},
	{
		name: "firewall-no-samples",
		why:  "Sampled requests show headers that the log redacts to everybody who may look at the web ACL",
		page: "https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-testing-view-sample.html", types: []string{webACL},
		each: eachVisibility("sampledRequestsEnabled", "false", isOff),
	},
	{
		name:    "firewall-metrics",
		why:     "A rule without a metric blocks in silence; no alarm can be set on it",
		control: "WAF.12", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/waf-controls.html#waf-12",
		types: []string{webACL}, each: eachVisibility("cloudwatchMetricsEnabled", "true", isTrue),
	},
}

// requiredGroups are the groups of the AWS Lambda MCP Cookbook.
var requiredGroups = []string{
	"AWSManagedRulesCommonRuleSet", "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesAnonymousIpList", "AWSManagedRulesKnownBadInputsRuleSet",
}

// managedGroups demands each group, with its own actions: an override of single rules is
// a decision with a reason, an override of the group is none.
func managedGroups(r item, report reporter) {
	all, sure := r.list("rules")
	if !sure {
		return
	}
	for _, name := range requiredGroups {
		found := slices.ContainsFunc(all, func(v property.Value) bool {
			group := within(v, "statement.managedRuleGroupStatement")
			return oneOf(name)(within(group, "name")) && oneOf("AWS")(within(group, "vendorName")) && !isSet(within(v, "overrideAction.count"))
		})
		if !found {
			report(r, "no rule has the group %s with its own actions", name)
		}
	}
}

func rateRules(r item, report reporter) {
	all, sure := r.list("rules")
	if !sure {
		return
	}
	byAddress, byToken := false, false
	for _, v := range all {
		rate := within(v, "statement.rateBasedStatement")
		if !isSet(within(v, "action.block")) {
			continue
		}
		byAddress = byAddress || oneOf("IP", "FORWARDED_IP")(within(rate, "aggregateKeyType"))
		keys, _ := listOf(within(rate, "customKeys"))
		byToken = byToken || slices.ContainsFunc(keys, func(k property.Value) bool { return oneOf("authorization")(within(k, "header.name")) })
	}
	if !byAddress {
		report(r, "no rate-based rule blocks by address")
	}
	if !byToken {
		report(r, "no rate-based rule blocks by the header authorization")
	}
}

// secretHeaders are written in lower case, as WAF compares them.
var secretHeaders = []string{"authorization", "mcp-session-id"}

func redacted(r item, report reporter) {
	fields, sure := r.list("redactedFields")
	if !sure {
		return
	}
	for _, header := range secretHeaders {
		if !slices.ContainsFunc(fields, func(f property.Value) bool { return oneOf(header)(within(f, "singleHeader.name")) }) {
			report(r, "redactedFields has no singleHeader %q", header)
		}
	}
}

// eachVisibility looks at the visibility settings of the web ACL and of each of its rules.
func eachVisibility(setting, expected string, ok func(property.Value) bool) check {
	return func(r item, report reporter) {
		want("visibilityConfig."+setting, expected, ok)(r, report)
		rules := r.at("rules")
		if !rules.IsArray() {
			return
		}
		for i, v := range rules.AsArray().All {
			if v := within(v, "visibilityConfig."+setting); !known(v, ok) {
				report(r, "rules[%d].visibilityConfig.%s is %s; expected %s", i, setting, show(v), expected)
			}
		}
	}
}
