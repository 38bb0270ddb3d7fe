package pack

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const metricAlarm = "aws:cloudwatch/metricAlarm:MetricAlarm"

// watchedBy are the types that run, and the dimensions under which CloudWatch has their metrics.
var watchedBy = map[string]string{lambda: "FunctionName", table: "TableName", restAPI: "ApiName", httpAPI: "ApiId"}

var alarmRules = []rule{
	{
		name:    "alarm-for-what-runs",
		why:     "What fails unseen is found by its users; every function, table and API has an alarm that tells somebody",
		control: "CloudWatch.15", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html#cloudwatch-15",
		stack: alarmed,
	},
	{
		name: "alarm-missing-data",
		why:  "An alarm that does not say what a period without data means waits in INSUFFICIENT_DATA while nothing, or everything, is wrong",
		page: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html", types: []string{metricAlarm},
		each: want("treatMissingData", "breaching, notBreaching, ignore or missing", oneOf("breaching", "notBreaching", "ignore", "missing")),
	},
}

// alarmed wants an alarm with an action for each; one that only a composite or a deployment reads tells nobody by itself.
func alarmed(s *stack, report reporter) {
	alarms := slices.DeleteFunc(s.of(metricAlarm), func(a item) bool { return !isSet(a.at("alarmActions")) })
	for _, r := range s.of(lambda, table, restAPI, httpAPI) {
		dimension := watchedBy[r.Type]
		if !slices.ContainsFunc(alarms, func(a item) bool { return a.watches(dimension, r) }) {
			report(r, "no alarm with an action has it as its %s", dimension)
		}
	}
}

// watches says whether the alarm, or the mathematics of it, is about the target. What is not known yet may be.
func (r item) watches(dimension string, target item) bool {
	if r.at("dimensions").HasComputed() || r.at("metricQueries").HasComputed() {
		return true
	}
	queries, _ := r.list("metricQueries")
	return target.named(r.at("dimensions."+dimension)) || slices.ContainsFunc(queries, func(q property.Value) bool {
		return target.named(within(q, "metric.dimensions."+dimension))
	})
}
