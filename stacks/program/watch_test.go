package program_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/session/dynamostore/schema"
	"leasehold.example/platform/offline"
)

// physical are the names under which CloudWatch has the metrics of what the stack made, by dimension.
func physical(t *testing.T, g *offline.Graph) map[string][]string {
	t.Helper()
	names := map[string][]string{
		"Region": {"eu-central-1", "cn-north-1"}, "Rule": {"ALL"}, "Service": {metric.ServiceMCP, metric.ServiceAuthorizer},
		"Stage":                    {environment(t, g, "mcp-function")[config.EnvStage]},
		"TableName":                {open(g.Outputs["tableName"]).StringValue()},
		"GlobalSecondaryIndexName": {"by-handle", "by-tenant"},
		"DestinationType":          {"Lambda"},
		"Operation":                schema.Operations(),
	}
	add := func(dimension string, v resource.PropertyValue) {
		names[dimension] = append(names[dimension], open(v).StringValue())
	}
	for _, r := range g.Resources {
		switch r.Type {
		case "aws:lambda/function:Function":
			add("FunctionName", r.State["name"])
		case "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter":
			add("LogGroupName", r.Inputs["logGroup"])
			add("FilterName", r.State["name"])
		case "aws:apigateway/restApi:RestApi":
			add("ApiName", r.State["name"])
		case "aws:apigatewayv2/api:Api":
			names["ApiId"] = append(names["ApiId"], r.ID)
		case "aws:apigateway/stage:Stage":
			add("Stage", r.Inputs["stageName"])
		case "aws:apigatewayv2/stage:Stage":
			add("Stage", r.Inputs["name"])
		case "aws:wafv2/webAcl:WebAcl":
			add("WebACL", open(r.Inputs["visibilityConfig"]).ObjectValue()["metricName"])
		}
	}
	return names
}

// The dimensions of every alarm, and of every line of a dashboard, name what the stack made.
func TestWatchNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, values map[string]string, g *offline.Graph) {
		if values["leasehold:monitoring"] == `{"enabled":false}` {
			if n := len(ofType(g, "aws:cloudwatch/dashboard:Dashboard")) + len(ofType(g, "aws:sns/topic:Topic")); n != 0 {
				t.Errorf("%d dashboards and topics", n)
			}
			return
		}
		names, seen := physical(t, g), 0
		check := func(where, dimension, value string) {
			seen++
			if !slices.Contains(names[dimension], value) {
				t.Errorf("%s: nothing has %s %q", where, dimension, value)
			}
		}
		for _, r := range ofType(g, "aws:cloudwatch/metricAlarm:MetricAlarm") {
			for _, d := range alarmDimensions(r) {
				if d.key != "Resource" { // the canary's, of an alias
					check(r.Name, d.key, d.value)
				}
			}
		}
		rules := ofType(g, "aws:cloudwatch/contributorInsightRule:ContributorInsightRule")
		for _, r := range rules {
			names["ruleName"] = append(names["ruleName"], text(r, "ruleName"))
			if !strings.Contains(text(r, "ruleDefinition"), `"LogGroupNames":["/aws/lambda/leasehold-test-mcp"]`) {
				t.Errorf("%s counts %s", r.Name, text(r, "ruleDefinition"))
			}
		}
		for _, d := range ofType(g, "aws:cloudwatch/dashboard:Dashboard") {
			for _, shown := range ruleName.FindAllStringSubmatch(text(d, "dashboardBody"), -1) {
				check(d.Name, "ruleName", shown[1])
			}
			for _, line := range lines(t, text(d, "dashboardBody")) {
				for i := 2; i+1 < len(line); i += 2 {
					check(d.Name, line[i], line[i+1])
				}
			}
		}
		if seen < 100 {
			t.Errorf("%d dimensions", seen)
		}
	})
}

var ruleName = regexp.MustCompile(`"ruleName":"([^"]*)"`)

type dimension struct{ key, value string }

// alarmDimensions are those of all metrics of an alarm.
func alarmDimensions(r *offline.Resource) (all []dimension) {
	add := func(v resource.PropertyValue) {
		if v = open(v); v.IsObject() {
			for key, value := range v.ObjectValue() {
				all = append(all, dimension{string(key), open(value).StringValue()})
			}
		}
	}
	add(r.Inputs["dimensions"])
	if queries := open(r.Inputs["metricQueries"]); queries.IsArray() {
		for _, q := range queries.ArrayValue() {
			if m := open(open(q).ObjectValue()["metric"]); m.IsObject() {
				add(m.ObjectValue()["dimensions"])
			}
		}
	}
	return all
}

// lines are the texts of the metrics of a dashboard: namespace, name, and dimensions.
func lines(t *testing.T, body string) (all [][]string) {
	t.Helper()
	var d struct {
		Widgets []struct {
			Properties struct {
				Metrics [][]any
				Query   string
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	for _, w := range d.Widgets {
		if strings.Contains(w.Properties.Query, "$") || w.Properties.Query != "" && !strings.HasPrefix(w.Properties.Query, "SOURCE '/aws/lambda/") {
			t.Errorf("a query of %q", w.Properties.Query)
		}
		for _, m := range w.Properties.Metrics {
			var line []string
			for _, part := range m {
				if s, ok := part.(string); ok {
					line = append(line, s)
				}
			}
			all = append(all, line)
		}
	}
	return all
}

var heading = regexp.MustCompile(`(?m)^#+ ([a-z0-9-]+)$`)

// Every alarm that a stack can have links to a section of the runbook, which has no other sections of that form.
func TestRunbook(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]bool{}
	for _, m := range heading.FindAllSubmatch(page, -1) {
		sections[string(m[1])] = false
	}
	for name, values := range stacks(t) {
		for _, r := range run(t, values).Resources {
			description := text(r, "alarmDescription")
			_, section, linked := strings.Cut(description, "#")
			if description == "" || !linked {
				continue
			}
			if _, ok := sections[section]; !ok {
				t.Errorf("%s: %s links to #%s, which docs/operate.md lacks", name, r.Name, section)
			}
			sections[section] = true
		}
	}
	for section, used := range sections {
		if !used {
			t.Errorf("docs/operate.md: no alarm is called %s", section)
		}
	}
	if len(sections) < 20 {
		t.Errorf("%d sections", len(sections))
	}
}

// Logs go where the configuration says: into the audit's group what names a principal, and on from there.
func TestLogExports(t *testing.T) {
	t.Parallel()
	got, groups := map[string]string{}, map[string]int{}
	for _, r := range ofType(run(t, stacks(t)["logs sent on"]), "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter") {
		destination := text(r, "destinationArn")
		got[r.Name] = text(r, "logGroup") + " " + destination[strings.LastIndex(destination, ":")+1:] + " " + text(r, "filterPattern")
		groups[text(r, "logGroup")]++
	}
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
	for group, n := range groups {
		if n > 2 {
			t.Errorf("%s has %d subscriptions, of which AWS has two", group, n)
		}
	}
	want := map[string]string{
		"server-logs-subscription":     "/aws/lambda/leasehold-test-mcp all ",
		"authorizer-logs-subscription": "/aws/lambda/leasehold-test-authorizer all ",
		"audit-subscription":           "audit-log-lines audit ",
		"audit-log-filter":             `/aws/lambda/leasehold-test-mcp audit-log-auditor-function { $.principal = "*" }`,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if n := len(ofType(run(t, good()), "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter")); n != 1 {
		t.Errorf("%d subscriptions without a destination, want the audit's", n)
	}
}
