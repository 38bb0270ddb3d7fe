package watch

import (
	"fmt"
	"strings"

	"leasehold.example/libs/observe/metric"
	"leasehold.example/platform"
)

// minute and five are periods, in seconds.
const (
	minute = 60
	five   = 300
)

// quiet is why most alarms take a period without data for a good one.
const quiet = "nothing is counted where nothing happens"

const (
	// Unhealthy is the composite alarm to be woken by.
	Unhealthy = "service-unhealthy"
	// ErrorRate is the alarm of requests that fail with 5xx.
	ErrorRate = "5xx-rate"

	authorizerErrors = "authorizer-errors"
)

// Alarms are the stack's. Every name has a section in docs/operate.md.
func Alarms(s Settings) []platform.Alarm {
	alarms := append(s.requests(), s.functions()...)
	alarms = append(alarms, s.tables()...)
	alarms = append(alarms, s.security()...)
	return append(alarms, s.objectives()...)
}

// Composites are alarms of alarms.
func Composites(s Settings) []platform.Composite {
	unhealthy := platform.Composite{
		Name: Unhealthy, Reason: "Clients do not get answers: at least one of the alarms that say so rings.",
		AnyOf: []string{ErrorRate, "lambda-errors", "lambda-throttles", "table-throttles", "table-system-errors"},
	}
	if !s.HTTP {
		unhealthy.AnyOf = append(unhealthy.AnyOf, authorizerErrors)
	}
	return append([]platform.Composite{unhealthy}, s.burns()...)
}

const (
	// leastFailures is how many failures a rate needs: of two requests in the night, one that fails is half. It is not how
	// many requests: then one of twenty would be too many for every objective, and a small service could fail whole.
	// https://sre.google/workbook/alerting-on-slos/ (low-traffic services)
	leastFailures = 5
	// leastRequests is how many requests a percentile needs, as the slow ones are not counted: of ten, the slowest is p99.
	leastRequests = 20
)

func (s *Settings) requests() []platform.Alarm {
	slow := func(name string, percentile string, millis int) platform.Alarm {
		return platform.Alarm{
			Name: name, Reason: fmt.Sprintf("One request in %s takes longer than %d ms at the edge.", map[string]string{"p90": "ten", "p99": "a hundred"}[percentile], millis),
			Metrics: s.latency(percentile), Expression: enoughSlow, Threshold: float64(millis),
			PeriodSeconds: five, M: 3, N: 5, Missing: platform.MissingNotBreaching, MissingReason: "no request is not a slow one",
		}
	}
	return []platform.Alarm{
		{
			Name: ErrorRate, Reason: fmt.Sprintf("More than %g %% of the requests fail with a status of 5xx.", s.ErrorPercent),
			Metrics:    []platform.Metric{with(s.gateway(restErrors, sum), "failed", ""), with(s.gateway("Count", sum), "requests", "")},
			Expression: errorRate, Threshold: s.ErrorPercent / 100,
			PeriodSeconds: minute, M: 3, N: 5, Missing: platform.MissingNotBreaching, MissingReason: "no request does not fail; that nobody can reach the API is for a probe from outside to see",
		},
		slow("latency-p90", "p90", s.P90Millis),
		slow("latency-p99", "p99", s.P99Millis),
	}
}

// errorRate is from 0 to 1.
var errorRate = fmt.Sprintf("IF(FILL(failed, 0) >= %d, failed / requests, 0)", leastFailures)

// latency is what enoughSlow looks at.
func (s *Settings) latency(percentile string) []platform.Metric {
	return []platform.Metric{with(s.gateway("Latency", percentile), "latency", ""), with(s.gateway("Count", sum), "requests", "")}
}

// enoughSlow is the percentile, in milliseconds.
var enoughSlow = fmt.Sprintf("IF(requests >= %d, latency, 0)", leastRequests)

func (s *Settings) functions() []platform.Alarm {
	limit, used := s.AccountConcurrency, platform.Metric{Namespace: "AWS/Lambda", Name: "ClaimedAccountConcurrency", Statistic: maximum}
	if s.Reserved > 0 {
		limit, used = s.Reserved, lambda(NameServer, "ConcurrentExecutions", maximum)
	}
	all := []platform.Alarm{
		{
			Name: "lambda-errors", Reason: "The MCP server ends without an answer: a panic, a timeout, or too little memory.",
			Metrics: []platform.Metric{lambda(NameServer, "Errors", sum)}, Threshold: 1, AtLeast: true,
			PeriodSeconds: minute, M: 2, N: 5, Missing: platform.MissingNotBreaching, MissingReason: quiet,
		},
		{
			Name: "lambda-throttles", Reason: "Lambda refuses to run the MCP server, as its concurrency is used up.",
			Metrics: []platform.Metric{lambda(NameServer, "Throttles", sum)}, Threshold: 1, AtLeast: true,
			PeriodSeconds: minute, M: 2, N: 5, Missing: platform.MissingNotBreaching, MissingReason: quiet,
		},
		{
			Name: "concurrency-high", Reason: fmt.Sprintf("Four fifths of the %d invocations that may run at once do.", limit),
			Metrics: []platform.Metric{used}, Threshold: 0.8 * float64(limit), AtLeast: true,
			PeriodSeconds: minute, M: 3, N: 5, Missing: platform.MissingNotBreaching, MissingReason: quiet,
		},
	}
	all = append(all, s.helpers()...)
	if s.HTTP {
		return all
	}
	// A refusal is an error of the authorizer's, because that is how a 401 is asked for; these are not counted. A token without
	// a tenant is refused by a policy instead: subtracted too, such tokens would hide failures.
	return append(all, platform.Alarm{
		Name: authorizerErrors, Reason: "The authorizer fails, other than by refusing a token: every client gets a 500.",
		Metrics: []platform.Metric{
			with(lambda(NameAuthorizer, "Errors", sum), "errors", ""),
			with(s.own(metric.ServiceAuthorizer, metric.AuthFailures, sum), "refused", ""),
			with(s.own(metric.ServiceAuthorizer, metric.TokensWithoutTenant, sum), "denied", ""),
		},
		Expression: "FILL(errors, 0) - FILL(refused, 0) + FILL(denied, 0)", Threshold: 5, AtLeast: true,
		PeriodSeconds: five, M: 2, N: 3, Missing: platform.MissingNotBreaching, MissingReason: quiet,
	})
}

// helpers are the functions that no client calls.
func (s *Settings) helpers() []platform.Alarm {
	failing := func(name, function, reason string) platform.Alarm {
		return platform.Alarm{
			Name: name, Reason: reason, Metrics: []platform.Metric{lambda(function, "Errors", sum)}, Threshold: 1, AtLeast: true,
			PeriodSeconds: five, M: 1, N: 1, Missing: platform.MissingNotBreaching, MissingReason: "it runs rarely",
		}
	}
	dropped, undelivered := lambda(NameAuditor, "AsyncEventsDropped", sum), s.auditDelivery("DeliveryErrors")
	all := []platform.Alarm{
		failing("rotator-errors", NameRotator, "The keys of sealed values were not rotated."),
		failing("auditor-errors", NameAuditor, "Lines of the audit could not be copied into their log group. Lambda tries twice more."),
		{
			Name: "audit-lost", Reason: "Lines of the audit are not in their log group, and nobody tries again.",
			Metrics:    []platform.Metric{with(dropped, "dropped", ""), with(undelivered, "undelivered", "")},
			Expression: "FILL(dropped, 0) + FILL(undelivered, 0)", Threshold: 1, AtLeast: true,
			PeriodSeconds: five, M: 1, N: 1, Missing: platform.MissingNotBreaching, MissingReason: quiet,
		},
	}
	if s.Pool {
		all = append(all, failing("pretoken-errors", NamePreToken, "A sign-in failed, because the trigger that puts the tenant into tokens did."))
	}
	return all
}

func (s *Settings) tables() []platform.Alarm {
	throttles := []platform.Metric{with(table("ReadThrottleEvents"), "reads", ""), with(table("WriteThrottleEvents"), "writes", "")}
	for i, index := range s.Indexes {
		throttles = append(throttles,
			with(table("ReadThrottleEvents", "GlobalSecondaryIndexName", index), fmt.Sprintf("reads%d", i+1), ""),
			with(table("WriteThrottleEvents", "GlobalSecondaryIndexName", index), fmt.Sprintf("writes%d", i+1), ""))
	}
	var errors []platform.Metric
	for _, operation := range s.Operations {
		errors = append(errors, with(table("SystemErrors", "Operation", operation), "e"+operation, ""))
	}
	return []platform.Alarm{
		{
			Name: "table-throttles", Reason: "DynamoDB throttles the sessions' table or an index: one key is hot, or the table grew faster than it scales.",
			Metrics: throttles, Expression: total(throttles), Threshold: 10, AtLeast: true,
			PeriodSeconds: minute, M: 3, N: 5, Missing: platform.MissingNotBreaching, MissingReason: quiet,
		},
		{
			Name: "table-system-errors", Reason: "DynamoDB fails by itself.",
			Metrics: errors, Expression: total(errors), Threshold: 5, AtLeast: true,
			PeriodSeconds: minute, M: 2, N: 5, Missing: platform.MissingNotBreaching, MissingReason: quiet,
		},
	}
}

// total adds metrics of which some may have no data.
func total(metrics []platform.Metric) string {
	var terms []string
	for _, m := range metrics {
		terms = append(terms, "FILL("+m.ID+", 0)")
	}
	return strings.Join(terms, " + ")
}

func (s *Settings) security() []platform.Alarm {
	refused := []platform.Metric{with(s.sum(metric.AuthFailures), "server", "")}
	if !s.HTTP {
		refused = append(refused, with(s.own(metric.ServiceAuthorizer, metric.AuthFailures, sum), "authorizer", ""))
	}
	all := []platform.Alarm{
		{
			Name: "auth-failures", Reason: fmt.Sprintf("More than %d tokens in five minutes were not good: an issuer changed, or somebody tries.", s.AuthFailures),
			Metrics: refused, Expression: total(refused), Threshold: float64(s.AuthFailures),
			PeriodSeconds: five, M: 1, N: 1, Missing: platform.MissingNotBreaching, MissingReason: quiet,
		},
		{
			Name: "foreign-session", Reason: "A session was asked for by somebody whose it is not. It was not given, and it must never happen: an id leaked, or a client mixes its users up.",
			Metrics: []platform.Metric{s.sum(metric.SessionBindingViolations)}, Threshold: 1, AtLeast: true,
			PeriodSeconds: minute, M: 1, N: 1, Missing: platform.MissingNotBreaching, MissingReason: quiet,
		},
		{
			Name: "unclassified-misses", Reason: "Sessions were asked for that are not there, too many to look whose they are, or the look failed. A foreign one may be among them.",
			Metrics: []platform.Metric{s.sum(metric.UnclassifiedMisses)}, Threshold: 10, AtLeast: true,
			PeriodSeconds: five, M: 1, N: 1, Missing: platform.MissingNotBreaching, MissingReason: quiet,
		},
	}
	if s.Firewall {
		all = append(all, platform.Alarm{
			Name: "firewall-blocks", Reason: fmt.Sprintf("The firewall blocked more than %d requests in five minutes: an attack, or a rule that stops clients.", s.FirewallBlocks),
			Metrics: []platform.Metric{s.blocked("BlockedRequests")}, Threshold: float64(s.FirewallBlocks),
			PeriodSeconds: five, M: 1, N: 1, Missing: platform.MissingNotBreaching, MissingReason: quiet,
		})
	}
	return all
}
