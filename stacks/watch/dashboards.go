package watch

import (
	"slices"

	"leasehold.example/libs/observe/metric"
	"leasehold.example/platform"
)

// Names of the dashboards, after project and stack.
const (
	High = "overview"
	Low  = "inside"
)

// Dashboards are the one for everybody, and the one for whoever looks for a cause.
func Dashboards(s Settings) []platform.Dashboard {
	return []platform.Dashboard{{Name: High, Days: 7, Widgets: s.overview()}, {Name: Low, Widgets: slices.Concat(s.inside(), s.logs())}}
}

const (
	hour     = 3600
	wholeDay = 24 * hour
)

func chart(title string, width int, metrics ...platform.Metric) platform.Widget {
	return platform.Widget{Title: title, Kind: platform.Chart, Width: width, Metrics: metrics}
}

func millis(w platform.Widget) platform.Widget {
	w.Unit = "ms"
	return w
}

// query asks the log of the server.
func query(title, kind string, width int, text string) platform.Widget {
	return platform.Widget{Title: title, Kind: kind, Width: width, LogGroups: []string{"$" + NameServerLogs}, Query: text}
}

// summaries selects the one line that every request leaves (libs/observe).
const summaries = `filter message = "` + metric.SummaryMessage + `" | `

func (s *Settings) overview() []platform.Widget {
	daily := chart("MCP events a day", 8, s.sum(metric.ValidMCPEvents))
	daily.PeriodSeconds = wholeDay
	widgets := []platform.Widget{
		chart("Requests", 8, with(s.gateway("Count", sum), "", "at the edge"), with(s.sum(metric.Requests), "", "at the server")),
		chart("Errors", 8, with(s.gateway(restErrors, sum), "", "5xx"), with(s.gateway(restRefusals, sum), "", "4xx")),
		{
			Title: "Requests that succeed, of 100", Kind: platform.Chart, Width: 8, PeriodSeconds: hour,
			Metrics:     []platform.Metric{hidden(s.gateway(restErrors, sum), "failed"), hidden(s.gateway("Count", sum), "requests")},
			Expressions: []platform.Expression{{ID: "available", Math: "100 * (1 - FILL(failed, 0) / requests)", Label: "available"}},
		},
		millis(chart("Latency at the edge", 8, s.gateway("Latency", "p50"), s.gateway("Latency", "p90"), s.gateway("Latency", "p99"))),
		daily,
		query("Active tenants a day", platform.Chart, 8, summaries+`filter ispresent(tenant) | stats count_distinct(tenant) as tenants by bin(1d)`),
		query("Tools in use", platform.Rows, 12,
			summaries+`filter ispresent(tool) | stats count(*) as calls, pct(durationMs, 90) as p90Ms by tool | sort calls desc | limit 10`),
		chart("Sessions", 12, s.sum(metric.SessionsOpened), s.sum(metric.SessionsRevoked), s.sum(metric.LimitsReached)),
	}
	widgets = append(widgets, ranked("Tenants by requests", TenantRequests), ranked("Tenants by errors", TenantErrors))
	if s.Firewall {
		widgets = append(widgets, chart("Firewall", 24, with(s.blocked("BlockedRequests"), "", "blocked"), with(s.blocked("AllowedRequests"), "", "allowed")))
	}
	return widgets
}

func (s *Settings) inside() []platform.Widget {
	widgets := []platform.Widget{
		chart("Server: invocations", 8, lambda(NameServer, "Invocations", sum), lambda(NameServer, "Errors", sum), lambda(NameServer, "Throttles", sum)),
		millis(chart("Server: duration", 8, lambda(NameServer, "Duration", "p50"), lambda(NameServer, "Duration", "p99"), s.own(metric.ServiceMCP, metric.Latency, "p99"))),
		chart("Concurrency", 8, lambda(NameServer, "ConcurrentExecutions", maximum),
			platform.Metric{Namespace: "AWS/Lambda", Name: "ClaimedAccountConcurrency", Statistic: maximum, Label: "all of the account"}),
		chart("Cold starts", 8, s.sum(metric.ColdStarts)),
		query("Init duration (ms)", platform.Chart, 8,
			`filter @type = "REPORT" and ispresent(@initDuration) | stats pct(@initDuration, 50) as p50, pct(@initDuration, 99) as p99 by bin(1h)`),
		chart("Errors by kind", 8, s.sum(metric.InternalErrors), s.sum(metric.Unavailable), s.sum(metric.ToolErrors), s.sum(metric.ProtocolErrors)),
		millis(chart("Store: latency", 8, s.own(metric.ServiceMCP, metric.StoreLatency, "p50"), s.own(metric.ServiceMCP, metric.StoreLatency, "p99"))),
		chart("Store: conflicts and throttles", 8, s.sum(metric.StoreConflicts), s.sum(metric.StoreThrottles)),
		chart("Table: capacity", 8, table("ConsumedReadCapacityUnits"), table("ConsumedWriteCapacityUnits")),
		chart("Table: throttles", 8, s.throttles()...),
		chart("Table: its own errors", 8, s.systemErrors()...),
		chart("Helpers: errors", 8, s.helperErrors()...),
		chart("Foreign sessions, refusals", 8, s.sum(metric.SessionBindingViolations), s.sum(metric.UnclassifiedMisses), s.sum(metric.AuthFailures), s.sum(metric.InsufficientScope)),
	}
	if s.HTTP {
		return widgets
	}
	authorizer := func(name, statistic string) platform.Metric { return s.own(metric.ServiceAuthorizer, name, statistic) }
	return append(widgets,
		chart("Authorizer: tokens", 8, authorizer(metric.Requests, sum), authorizer(metric.AuthFailures, sum),
			authorizer(metric.TokensWithoutTenant, sum), authorizer(metric.InsufficientScope, sum), authorizer(metric.Unavailable, sum)),
		chart("Authorizer: errors, refusals among them", 8, lambda(NameAuthorizer, "Errors", sum), lambda(NameAuthorizer, "Throttles", sum), authorizer(metric.ColdStarts, sum)),
		millis(chart("Authorizer: duration", 8, lambda(NameAuthorizer, "Duration", "p99"), authorizer(metric.Latency, "p99"))),
	)
}

func (s *Settings) helperErrors() []platform.Metric {
	all := []platform.Metric{
		with(lambda(NameRotator, "Errors", sum), "", "rotator"), with(lambda(NameAuditor, "Errors", sum), "", "auditor"),
		with(s.auditDelivery("DeliveryErrors"), "", "audit undelivered"),
	}
	if s.Pool {
		all = append(all, with(lambda(NamePreToken, "Errors", sum), "", "tenants into tokens"))
	}
	return all
}

func (s *Settings) throttles() []platform.Metric {
	all := []platform.Metric{table("ReadThrottleEvents"), table("WriteThrottleEvents")}
	for _, index := range s.Indexes {
		all = append(all,
			with(table("ReadThrottleEvents", "GlobalSecondaryIndexName", index), "", index+" reads"),
			with(table("WriteThrottleEvents", "GlobalSecondaryIndexName", index), "", index+" writes"))
	}
	return all
}

func (s *Settings) systemErrors() []platform.Metric {
	var all []platform.Metric
	for _, operation := range s.Operations {
		all = append(all, with(table("SystemErrors", "Operation", operation), "", operation))
	}
	return all
}

func (s *Settings) logs() []platform.Widget {
	groups := []string{"$" + NameServerLogs}
	if !s.HTTP {
		groups = append(groups, "$"+NameAuthorizerLogs)
	}
	return []platform.Widget{
		{
			Title: "Errors in the logs", Kind: platform.Rows, Width: 24, LogGroups: groups,
			Query: `filter level = "ERROR" or @message like /^panic:|^leasehold:|Task timed out|Runtime.ExitError/ | fields @timestamp, service, message, error, requestId | sort @timestamp desc | limit 50`,
		},
		query("Foreign sessions: who asked", platform.Rows, 12,
			`filter `+metric.SessionBindingViolations+` > 0 | fields @timestamp, tenant, subject, tool, requestId | sort @timestamp desc | limit 50`),
		query("Tenants: failures and durations", platform.Rows, 12,
			summaries+`filter ispresent(tenant) | stats count(*) as requests, count(`+metric.InternalErrors+`) as failed, count(`+metric.Unavailable+`) as unavailable, pct(durationMs, 90) as p90Ms by tenant | sort requests desc | limit 20`),
	}
}
