// Package watch says what is looked at while a stack runs: its alarms and its dashboards, as plain data. What the
// functions emit is in libs/observe/metric; what AWS emits is named here. A test holds both to each other.
package watch

import (
	"cmp"

	"leasehold.example/libs/observe/metric"
	"leasehold.example/platform"
)

// Settings are what decides about alarms and dashboards.
type Settings struct {
	// HTTP is the edge: an HTTP API instead of a REST API with an authorizer.
	HTTP bool
	// Stage is the dimension of the functions' own metrics.
	Stage string
	// Firewall says that the stack has a web ACL of its own. Of another's, the metric names are not known.
	Firewall bool
	// Pool says that the stack has a user pool, and the function that puts tenants into its tokens.
	Pool bool
	// Region is the stack's.
	Region string
	// Operations are those of DynamoDB's API that the sessions' store calls, as "GetItem".
	Operations []string
	// Indexes are those of the table.
	Indexes []string

	// ErrorPercent of the requests may fail. P90Millis and P99Millis are how long they may take.
	ErrorPercent         float64
	P90Millis, P99Millis int
	// AuthFailures and FirewallBlocks are how many are normal in five minutes.
	AuthFailures, FirewallBlocks int
	// Reserved is the function's own concurrency; zero: it shares the account's, which is AccountConcurrency.
	Reserved, AccountConcurrency int

	// AvailabilityPercent of the requests are to succeed, LatencyPercent of them within LatencyMillis.
	AvailabilityPercent, LatencyPercent float64
	LatencyMillis                       int
}

// What alarms and dashboards call what is known when the stack is up; platform.Names has
// these. The functions' names are in the metrics, their log groups in the queries.
const (
	NameAPI            = "api"   // name of the REST API, or id of the HTTP API
	NameAPIStage       = "stage" // the API's stage
	NameServer         = "server"
	NameServerLogs     = "serverLogs"
	NameAuthorizer     = "authorizer"
	NameAuthorizerLogs = "authorizerLogs"
	NameTable          = "table"
	NameFirewall       = "firewall" // the web ACL's metric name
	NameRotator        = "rotator"
	NameAuditor        = "auditor"
	NamePreToken       = "preToken"
)

// Names are those that the settings need.
func (s *Settings) Names() []string {
	names := []string{NameAPI, NameAPIStage, NameServer, NameServerLogs, NameTable, NameRotator, NameAuditor, TenantRequests, TenantErrors}
	if !s.HTTP {
		names = append(names, NameAuthorizer, NameAuthorizerLogs)
	}
	if s.Firewall {
		names = append(names, NameFirewall)
	}
	if s.Pool {
		names = append(names, NamePreToken)
	}
	return names
}

// own is a metric of the functions.
func (s *Settings) own(service, name, statistic string) platform.Metric {
	return platform.Metric{
		Namespace: metric.Namespace, Name: name, Statistic: statistic,
		Dimensions: map[string]string{metric.DimensionService: service, metric.DimensionStage: s.Stage},
	}
}

// sum is a count of the MCP server.
func (s *Settings) sum(name string) platform.Metric { return s.own(metric.ServiceMCP, name, sum) }

// gateway is a metric of the edge. An HTTP API and a REST API name the same things differently.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
func (s *Settings) gateway(what, statistic string) platform.Metric {
	key := "ApiName"
	if s.HTTP {
		key, what = "ApiId", cmp.Or(map[string]string{restErrors: "5xx", restRefusals: "4xx"}[what], what)
	}
	return platform.Metric{
		Namespace: "AWS/ApiGateway", Name: what, Statistic: statistic,
		Dimensions: map[string]string{key: "$" + NameAPI, "Stage": "$" + NameAPIStage},
	}
}

// Names of metrics of a REST API, and statistics.
const (
	restErrors   = "5XXError"
	restRefusals = "4XXError"
	sum          = "Sum"
	maximum      = "Maximum"
)

// lambda is a metric of a function, all its versions together.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func lambda(function, name, statistic string) platform.Metric {
	return platform.Metric{
		Namespace: "AWS/Lambda", Name: name, Statistic: statistic,
		Dimensions: map[string]string{"FunctionName": "$" + function},
	}
}

// auditDelivery is a metric of the subscription that brings the audit's lines to the auditor.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
func (s *Settings) auditDelivery(name string) platform.Metric {
	return platform.Metric{
		Namespace: "AWS/Logs", Name: name, Statistic: sum,
		Dimensions: map[string]string{
			"LogGroupName": "$" + NameServerLogs, "DestinationType": "Lambda", "FilterName": platform.AuditFilter,
		},
	}
}

// table is a sum of the sessions' table, of one index, or of one operation: more are dimensions and their values.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
func table(name string, more ...string) platform.Metric {
	m := platform.Metric{
		Namespace: "AWS/DynamoDB", Name: name, Statistic: sum,
		Dimensions: map[string]string{"TableName": "$" + NameTable},
	}
	for i := 0; i+1 < len(more); i += 2 {
		m.Dimensions[more[i]] = more[i+1]
	}
	return m
}

// blocked counts what the web ACL refused, by all rules together.
// https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html
func (s *Settings) blocked(name string) platform.Metric {
	return platform.Metric{
		Namespace: "AWS/WAFV2", Name: name, Statistic: sum,
		Dimensions: map[string]string{"WebACL": "$" + NameFirewall, "Region": s.Region, "Rule": "ALL"},
	}
}

func with(m platform.Metric, id, label string) platform.Metric {
	m.ID, m.Label = id, label
	return m
}

func hidden(m platform.Metric, id string) platform.Metric {
	m.ID, m.Hidden = id, true
	return m
}
