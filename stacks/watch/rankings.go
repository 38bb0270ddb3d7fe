package watch

import (
	"leasehold.example/libs/observe/metric"
	"leasehold.example/platform"
)

// Names of the rankings, after project and stack. The dashboards find their rules under the
// same with a $.
const (
	TenantRequests = "tenant-requests"
	TenantErrors   = "tenant-errors"
)

// Rankings are the view by tenant, which metrics have no dimension for. They count the summary
// lines, those without fields left out (function.logSample).
func (s *Settings) Rankings() []platform.Ranking {
	groups := []string{"$" + NameServerLogs}
	summary := map[string][]string{"message": {metric.SummaryMessage}}
	return []platform.Ranking{
		{Name: TenantRequests, LogGroups: groups, Keys: []string{metric.FieldTenant}, Only: summary},
		{
			Name: TenantErrors, LogGroups: groups, Keys: []string{metric.FieldTenant, metric.FieldOutcome}, Only: summary,
			Except: map[string][]string{metric.FieldOutcome: {metric.OutcomeOK, metric.OutcomeCancelled}},
		},
	}
}

func ranked(title, name string) platform.Widget {
	return platform.Widget{Title: title, Kind: platform.Chart, Width: 12, Ranking: "$" + name}
}
