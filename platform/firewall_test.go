package platform_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
	"leasehold.example/platform/offline"
)

const (
	testStage  = "arn:aws:apigateway:eu-central-1::/restapis/api/stages/mcp"
	testWebACL = "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/theirs/00000000-0000-4000-8000-000000000000"
)

func firewall(args *platform.FirewallArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		c, err := platform.NewFirewall(ctx, "firewall", args)
		if err != nil {
			return err
		}
		ctx.Export("arn", c.WebACLARN)
		return nil
	}
}

func ownFirewall(t *testing.T) *offline.Graph {
	t.Helper()
	return run(t, firewall(&platform.FirewallArgs{
		Name: "leasehold-prod", StageARN: pulumi.String(testStage), RatePerIP: 3000, RatePerToken: 1500,
		LogRetentionDays: 90, LogKMSKeyARN: pulumi.String("arn:aws:kms:eu-central-1:111122223333:key/k"),
	}))
}

func TestRule38FirewallTree(t *testing.T) {
	t.Parallel()
	g := ownFirewall(t)
	wantTree(t, g, `
		Firewall firewall
		  LogGroup firewall-log
		  WebAcl firewall-acl
		  WebAclAssociation firewall-association
		  WebAclLoggingConfiguration firewall-logging`)
	wantInputs(t, find(t, g, "firewall-log"), `{"name": "aws-waf-logs-leasehold-prod", "retentionInDays": 90,
		"kmsKeyId": "arn:aws:kms:eu-central-1:111122223333:key/k"}`)
	association := find(t, g, "firewall-association")
	wantInputs(t, association, `{"resourceArn": "`+testStage+`",
		"webAclArn": "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/leasehold-prod/00000000-0000-4000-8000-000000000000"}`)
	if !association.DeleteBeforeReplace {
		t.Error("the association would be made before the old one is deleted, which takes it away again")
	}
}

// Rule 38: no token and no session id in WAF's log, in samples, or in details of rate rules.
func TestRule38Redaction(t *testing.T) {
	t.Parallel()
	g := ownFirewall(t)
	wantInputs(t, find(t, g, "firewall-logging"), `{
		"logDestinationConfigs": ["arn:aws:logs:eu-central-1:111122223333:log-group:aws-waf-logs-leasehold-prod"],
		"redactedFields": [{"singleHeader": {"name": "authorization"}}, {"singleHeader": {"name": "mcp-session-id"}}]}`)
	acl := find(t, g, "firewall-acl")
	wantInputs(t, acl, `{
		"dataProtectionConfig": {"dataProtections": [{"action": "SUBSTITUTION",
			"field": {"fieldType": "SINGLE_HEADER", "fieldKeys": ["authorization", "mcp-session-id"]}}]},
		"visibilityConfig": {"cloudwatchMetricsEnabled": true, "metricName": "leasehold-prod", "sampledRequestsEnabled": false}}`)
	for _, rule := range webACLRules(t, acl) {
		if v := rule["visibilityConfig"].(map[string]any); v["sampledRequestsEnabled"] != false || v["cloudwatchMetricsEnabled"] != true {
			t.Errorf("%v: visibility %v", rule["name"], v)
		}
	}
}

func webACLRules(t *testing.T, acl *offline.Resource) []map[string]any {
	t.Helper()
	list, ok := plain(acl.Inputs["rules"]).([]any)
	if !ok {
		t.Fatal("no rules")
	}
	var rules []map[string]any
	for i, rule := range list {
		rules = append(rules, rule.(map[string]any))
		if rules[i]["priority"] != float64(i) {
			t.Errorf("rule %v has priority %v, want %d", rules[i]["name"], rules[i]["priority"], i)
		}
	}
	return rules
}

func TestRule38Inspection(t *testing.T) {
	t.Parallel()
	wantInputs(t, find(t, ownFirewall(t), "firewall-acl"), `{
		"name": "leasehold-prod", "scope": "REGIONAL", "defaultAction": {"allow": {}},
		"associationConfig": {"requestBodies": [{"apiGateways": [{"defaultSizeInspectionLimit": "KB_64"}]}]}}`)
}

func TestRule38RateRules(t *testing.T) {
	t.Parallel()
	rules := webACLRules(t, find(t, ownFirewall(t), "firewall-acl"))
	for i, want := range []string{
		`{"rateBasedStatement": {"limit": 3000, "evaluationWindowSec": 300, "aggregateKeyType": "IP"}}`,
		`{"rateBasedStatement": {"limit": 1500, "evaluationWindowSec": 300, "aggregateKeyType": "CUSTOM_KEYS", "customKeys": [
			{"header": {"name": "authorization", "textTransformations": [{"priority": 0, "type": "NONE"}]}}]}}`,
	} {
		if got, want := encode(t, rules[i]["statement"]), encode(t, decode(t, want)); got != want {
			t.Errorf("rule %d is\n%s\nwant\n%s", i, got, want)
		}
		if got, want := encode(t, rules[i]["action"]), encode(t, decode(t, `{"block": {"customResponse": {"responseCode": 429}}}`)); got != want {
			t.Errorf("rule %d does\n%s\nwant\n%s", i, got, want)
		}
	}
}

// Rule 38: the cookbook's groups, and of their rules those counted that break MCP (FACTS,
// tests/waf).
func TestRule38ManagedGroups(t *testing.T) {
	t.Parallel()
	got := map[string][]string{}
	for _, rule := range webACLRules(t, find(t, ownFirewall(t), "firewall-acl"))[2:] {
		group := rule["statement"].(map[string]any)["managedRuleGroupStatement"].(map[string]any)
		counted := []string{}
		overrides, _ := group["ruleActionOverrides"].([]any)
		for _, override := range overrides {
			o := override.(map[string]any)
			if action := encode(t, o["actionToUse"]); action != encode(t, decode(t, `{"count": {}}`)) {
				t.Errorf("%v: %s", o["name"], action)
			}
			counted = append(counted, o["name"].(string))
		}
		slices.Sort(counted)
		got[group["name"].(string)] = counted
		if group["vendorName"] != "AWS" || group["version"] != nil || encode(t, rule["overrideAction"]) != encode(t, decode(t, `{"none": {}}`)) {
			t.Errorf("%v: vendor %v, version %v, override %v", rule["name"], group["vendorName"], group["version"], rule["overrideAction"])
		}
	}
	want := map[string][]string{
		"AWSManagedRulesAmazonIpReputationList": {},
		"AWSManagedRulesAnonymousIpList":        {"HostingProviderIPList"},
		"AWSManagedRulesKnownBadInputsRuleSet":  {"JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"},
		"AWSManagedRulesCommonRuleSet": {
			"CrossSiteScripting_BODY", "EC2MetaDataSSRF_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "NoUserAgent_HEADER", "SizeRestrictions_BODY",
		},
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("groups and counted rules %v, want %v", got, want)
	}
}

// Rule 38: a web ACL brought along is associated, and nothing else of it is touched.
func TestRule38FirewallOfTheirs(t *testing.T) {
	t.Parallel()
	g := run(t, firewall(&platform.FirewallArgs{StageARN: pulumi.String(testStage), WebACLARN: testWebACL}))
	wantTree(t, g, `
		Firewall firewall
		  WebAclAssociation firewall-association`)
	association := find(t, g, "firewall-association")
	wantInputs(t, association, `{"webAclArn": "`+testWebACL+`"}`)
	if !association.DeleteBeforeReplace || g.Outputs["arn"].StringValue() != testWebACL {
		t.Error("the association would detach itself, or the output is another ACL")
	}
}

func TestFirewallArgs(t *testing.T) {
	t.Parallel()
	wantLines(t, refused(t, firewall(&platform.FirewallArgs{Name: "lease hold", RatePerIP: 9, RatePerToken: 2_000_000_001, LogRetentionDays: 2})),
		`Firewall "firewall": StageARN must be set`,
		`Name must be 1 to 100 letters, digits, - and _, not "lease hold"`,
		`RatePerIP must be 10 to 2000000000, not 9`,
		`RatePerToken must be 10 to 2000000000, not 2000000001`,
		`LogRetentionDays must be one of `)
	global := strings.Replace(testWebACL, "regional", "global", 1)
	wantLines(t, refused(t, firewall(&platform.FirewallArgs{StageARN: pulumi.String(testStage), WebACLARN: global})),
		"WebACLARN must be the ARN of a regional web ACL")
}

// Rule 38: tests/waf holds ordinary MCP traffic against this web ACL.
func TestRule38GoldenWebACL(t *testing.T) {
	t.Parallel()
	got := encode(t, plain(resource.NewProperty(find(t, ownFirewall(t), "firewall-acl").Inputs))) + "\n"
	file := filepath.Join("testdata", "webacl.json")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is another web ACL; go test -run Golden -update, and read the difference", file)
	}
}
