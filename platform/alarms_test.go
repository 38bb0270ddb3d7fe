package platform_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

func alarms(args *platform.AlarmsArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := platform.NewAlarms(ctx, "alarm", args)
		return err
	}
}

func alarmsArgs() *platform.AlarmsArgs {
	errors := platform.Metric{Namespace: "AWS/Lambda", Name: "Errors", Dimensions: map[string]string{"FunctionName": "$server"}, Statistic: "Sum"}
	calls := errors
	errors.ID, calls.ID, calls.Name = "errors", "calls", "Invocations"
	slow := platform.Metric{Namespace: "AWS/Lambda", Name: "Duration", Dimensions: map[string]string{"FunctionName": "$server"}, Statistic: "p99"}
	return &platform.AlarmsArgs{
		Names: platform.Names{"server": pulumi.String("mcp")}, TopicARN: pulumi.String("topic"), Runbook: "docs/operate.md",
		Alarms: []platform.Alarm{
			{
				Name: "error-rate", Reason: "It fails.", Metrics: []platform.Metric{errors, calls}, Expression: "errors / calls", Threshold: 0.5,
				PeriodSeconds: 60, M: 2, N: 3, Missing: platform.MissingNotBreaching, MissingReason: "idle",
			},
			{
				Name: "slow", Reason: "It is slow.", Metrics: []platform.Metric{slow}, Threshold: 900, AtLeast: true, Part: true,
				PeriodSeconds: 300, M: 1, N: 1, Missing: platform.MissingIgnore, MissingReason: "idle",
			},
		},
		Composites: []platform.Composite{
			{Name: "any", Reason: "One of both.", AnyOf: []string{"error-rate", "slow"}},
			{Name: "both", Reason: "Both.", AllOf: []string{"error-rate", "slow"}},
		},
	}
}

func TestAlarms(t *testing.T) {
	t.Parallel()
	g := run(t, alarms(alarmsArgs()))
	wantInputs(t, find(t, g, "alarm-error-rate"), `{"name": "leasehold-test-error-rate", "alarmDescription": "It fails. What to do: docs/operate.md#error-rate",
		"comparisonOperator": "GreaterThanThreshold", "threshold": 0.5, "datapointsToAlarm": 2, "evaluationPeriods": 3,
		"treatMissingData": "notBreaching", "alarmActions": ["topic"], "okActions": ["topic"], "metricName": null, "period": null,
		"metricQueries": [
			{"id": "value", "expression": "errors / calls", "label": "error-rate", "returnData": true},
			{"id": "errors", "returnData": false, "metric": {"namespace": "AWS/Lambda", "metricName": "Errors", "dimensions": {"FunctionName": "mcp"}, "period": 60, "stat": "Sum"}},
			{"id": "calls", "returnData": false, "metric": {"namespace": "AWS/Lambda", "metricName": "Invocations", "dimensions": {"FunctionName": "mcp"}, "period": 60, "stat": "Sum"}}]}`)
	wantInputs(t, find(t, g, "alarm-slow"), `{"comparisonOperator": "GreaterThanOrEqualToThreshold", "namespace": "AWS/Lambda", "metricName": "Duration",
		"dimensions": {"FunctionName": "mcp"}, "extendedStatistic": "p99", "statistic": null, "period": 300, "treatMissingData": "ignore",
		"alarmActions": null, "okActions": null}`)
	wantInputs(t, find(t, g, "alarm-any"), `{"alarmName": "leasehold-test-any", "alarmActions": ["topic"], "okActions": ["topic"],
		"alarmDescription": "One of both. What to do: docs/operate.md#any",
		"alarmRule": "ALARM(\"leasehold-test-error-rate\") OR ALARM(\"leasehold-test-slow\")"}`)
	wantInputs(t, find(t, g, "alarm-both"), `{"alarmRule": "ALARM(\"leasehold-test-error-rate\") AND ALARM(\"leasehold-test-slow\")"}`)
}

// Each mistake in the table is a message of its own.
func TestAlarmsArgs(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*platform.AlarmsArgs){
		"TopicARN must be set": func(a *platform.AlarmsArgs) { a.TopicARN = nil },
		"Runbook must be set":  func(a *platform.AlarmsArgs) { a.Runbook = "" },
		"error-rate must not name $server": func(a *platform.AlarmsArgs) {
			a.Names = platform.Names{}
			a.Alarms = a.Alarms[:1]
			a.Alarms[0].Metrics[1].Dimensions = nil
			a.Composites = nil
		},
		"not \"Slow\"":                             func(a *platform.AlarmsArgs) { a.Alarms[1].Name = "Slow"; a.Composites = nil },
		"each once, not \"slow\"":                  func(a *platform.AlarmsArgs) { a.Alarms[0].Name = "slow"; a.Composites = nil },
		"slow must have a reason, and one":         func(a *platform.AlarmsArgs) { a.Alarms[1].MissingReason = "" },
		"slow must take missing data":              func(a *platform.AlarmsArgs) { a.Alarms[1].Missing = "" },
		"slow must have 1 <= M <= N":               func(a *platform.AlarmsArgs) { a.Alarms[1].M = 2 },
		"slow must have minutes as a period":       func(a *platform.AlarmsArgs) { a.Alarms[1].PeriodSeconds = 90 },
		"error-rate must have an expression":       func(a *platform.AlarmsArgs) { a.Alarms[0].Expression = "" },
		"error-rate must have metrics whose ID":    func(a *platform.AlarmsArgs) { a.Alarms[0].Metrics[0].ID = "Errors" },
		"slow must have a namespace, a name":       func(a *platform.AlarmsArgs) { a.Alarms[1].Metrics[0].Statistic = "" },
		"both must name alarms; \"gone\" is none":  func(a *platform.AlarmsArgs) { a.Composites[1].AllOf[0] = "gone" },
		"both must have AnyOf or AllOf":            func(a *platform.AlarmsArgs) { a.Composites[1].AnyOf = []string{"slow"} },
		"Composites must have a name and a reason": func(a *platform.AlarmsArgs) { a.Composites[0].Reason = "" },
	} {
		args := alarmsArgs()
		spoil(args)
		wantLines(t, refused(t, alarms(args)), want)
	}
}

func TestDashboards(t *testing.T) {
	t.Parallel()
	metric := func(id string, hidden bool) platform.Metric {
		return platform.Metric{
			ID: id, Hidden: hidden, Label: "calls", Namespace: "AWS/Lambda", Name: "Invocations", Statistic: "Sum",
			Dimensions: map[string]string{"Resource": "mcp:live", "FunctionName": "$server"},
		}
	}
	args := &platform.DashboardsArgs{
		Region: "eu-central-1", Names: platform.Names{"server": pulumi.String("mcp"), "serverLogs": pulumi.String("/aws/lambda/mcp"), "tenants": pulumi.String("leasehold-test-tenants")},
		Dashboards: []platform.Dashboard{{Name: "overview", Days: 7, Widgets: []platform.Widget{
			{Title: "Calls", Kind: platform.Chart, Width: 16, Unit: "ms", Metrics: []platform.Metric{metric("", false)}},
			{
				Title: "Twice", Kind: platform.Chart, Width: 12, PeriodSeconds: 60, Metrics: []platform.Metric{metric("m", true)},
				Expressions: []platform.Expression{{ID: "e", Math: "m * 2", Label: "twice"}},
			},
			{Title: "Logs", Kind: platform.Rows, Width: 12, LogGroups: []string{"$serverLogs"}, Query: `filter level = "ERROR"`},
			{Title: "Tenants", Kind: platform.Chart, Width: 12, Ranking: "$tenants"},
		}}},
	}
	dashboards := func(ctx *pulumi.Context) error {
		_, err := platform.NewDashboards(ctx, "dashboard", args)
		return err
	}
	g := run(t, dashboards)
	r := find(t, g, "dashboard-overview")
	wantInputs(t, r, `{"dashboardName": "leasehold-test-overview"}`)
	wantDocument(t, r, "dashboardBody", `{"start": "-P7D", "periodOverride": "inherit", "widgets": [
		{"type": "metric", "x": 0, "y": 0, "width": 16, "height": 6, "properties": {"title": "Calls", "view": "timeSeries", "region": "eu-central-1", "period": 300,
			"yAxis": {"left": {"label": "ms", "showUnits": false, "min": 0}},
			"metrics": [["AWS/Lambda", "Invocations", "FunctionName", "mcp", "Resource", "mcp:live", {"stat": "Sum", "label": "calls"}]]}},
		{"type": "metric", "x": 0, "y": 6, "width": 12, "height": 6, "properties": {"title": "Twice", "view": "timeSeries", "region": "eu-central-1", "period": 60,
			"metrics": [[{"id": "e", "expression": "m * 2", "label": "twice"}],
				["AWS/Lambda", "Invocations", "FunctionName", "mcp", "Resource", "mcp:live", {"stat": "Sum", "label": "calls", "id": "m", "visible": false}]]}},
		{"type": "log", "x": 12, "y": 6, "width": 12, "height": 6, "properties": {"title": "Logs", "view": "table", "region": "eu-central-1",
			"query": "SOURCE '/aws/lambda/mcp' | filter level = \"ERROR\""}},
		{"type": "metric", "x": 0, "y": 12, "width": 12, "height": 6, "properties": {"title": "Tenants", "view": "timeSeries", "region": "eu-central-1", "period": 300,
			"insightRule": {"ruleName": "leasehold-test-tenants", "maxContributorCount": 10, "orderBy": "Sum"}}}]}`)
	args.Region, args.Names = "", nil
	args.Dashboards[0].Widgets[1].Width, args.Dashboards[0].Widgets[2].LogGroups, args.Dashboards[0].Widgets[2].Kind = 25, nil, ""
	args.Dashboards[0].Widgets[0].Metrics = nil
	args.Dashboards[0].Name = "All of it"
	wantLines(t, refused(t, dashboards), "Region must not be empty", `not "All of it"`, "Calls must have metrics, a query",
		"Twice: Width must be 1 to 24", "Twice must not name $server", "Logs must have a title and a kind", "Logs must have metrics, a query", "Tenants must not name $tenants")
}
