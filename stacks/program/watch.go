package program

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/libs/session/dynamostore/schema"
	"leasehold.example/platform"
	"leasehold.example/stacks/watch"
)

// edge is what an edge's metrics are found under.
type edge struct {
	api, stage pulumi.StringInput
	server     *platform.Function
	authorizer *platform.Function // nil without one
}

// watched are the settings of alarms and dashboards.
func (c *Config) watched() watch.Settings {
	s := watch.Settings{
		HTTP: c.Edge == EdgeHTTP, Stage: c.Stack, Region: c.Region, Pool: c.Identity == IdentityCognito,
		Firewall: c.Firewall.Enabled && c.Firewall.WebACLARN == "",
		Indexes:  []string{schema.IndexByHandle, schema.IndexByTenant}, Operations: schema.Operations(),
		ErrorPercent: c.Monitoring.ErrorPercent, P90Millis: c.Monitoring.P90Ms, P99Millis: c.Monitoring.P99Ms,
		AuthFailures: c.Monitoring.AuthFailures, FirewallBlocks: c.Monitoring.FirewallBlocks,
		AccountConcurrency:  c.Monitoring.AccountConcurrency,
		AvailabilityPercent: c.SLO.Availability, LatencyPercent: c.SLO.Latency, LatencyMillis: c.SLO.LatencyMs,
	}
	if c.Function.ReservedConcurrency != nil {
		s.Reserved = *c.Function.ReservedConcurrency
	}
	return s
}

// watch makes alarms, dashboards and the budget, unless they are switched off.
func (b *builder) watch(e edge, outputs pulumi.Map) error {
	audit, err := b.auditLog(e.server)
	if err != nil {
		return err
	}
	outputs["auditLogGroupName"] = audit.LogGroupName
	if err := b.exports(e, audit); err != nil {
		return err
	}
	m := b.c.Monitoring
	if !m.Enabled {
		return nil
	}
	topic, err := b.topic()
	if err != nil {
		return err
	}
	outputs["alarmTopicArn"] = topic
	s, names := b.c.watched(), b.names(e, audit)
	if _, err := platform.NewAlarms(b.ctx, "alarm", &platform.AlarmsArgs{
		Alarms: watch.Alarms(s), Composites: watch.Composites(s), Names: names, TopicARN: topic, Runbook: m.Runbook,
	}, b.opts...); err != nil {
		return err
	}
	rankings, err := platform.NewRankings(b.ctx, "ranking", &platform.RankingsArgs{Rankings: s.Rankings(), Names: names}, b.opts...)
	if err != nil {
		return err
	}
	for name, rule := range rankings.RuleNames {
		names[name] = rule
	}
	if _, err := platform.NewDashboards(b.ctx, "dashboard", &platform.DashboardsArgs{
		Dashboards: watch.Dashboards(s), Names: names, Region: b.c.Region,
	}, b.opts...); err != nil {
		return err
	}
	if m.Budget == 0 {
		return nil
	}
	_, err = platform.NewBudget(b.ctx, "budget", &platform.BudgetArgs{
		MonthlyUSD: m.Budget, TagKey: "stack", TagValue: b.c.Stack, TopicARN: topic,
	}, b.opts...)
	return err
}

// topic is the one brought along, or the stack's own.
func (b *builder) topic() (pulumi.StringInput, error) {
	if arn := b.c.Monitoring.TopicARN; arn != "" {
		return pulumi.String(arn), nil
	}
	topic, err := platform.NewTopic(b.ctx, "alarms", &platform.TopicArgs{
		AccountID: b.c.AccountID, Region: b.c.Region, Partition: b.c.Partition, Emails: b.c.Monitoring.Emails,
		Retain: b.c.Table.Retain, DeletionWindowDays: deletedDays,
	}, b.opts...)
	if err != nil {
		return nil, err
	}
	return topic.ARN, nil
}

// names are what watch's metrics and queries call what only AWS knows.
func (b *builder) names(e edge, audit *platform.AuditLog) platform.Names {
	names := platform.Names{
		watch.NameAPI: e.api, watch.NameAPIStage: e.stage, watch.NameTable: b.tableName,
		watch.NameServer: e.server.Name, watch.NameServerLogs: e.server.LogGroupName,
		watch.NameRotator: b.sealing.Rotator.Name, watch.NameAuditor: audit.Auditor.Name,
		// The firewall's metrics are under the name that its component gives the web ACL.
		watch.NameFirewall: pulumi.String(b.firewallName()),
	}
	if e.authorizer != nil {
		names[watch.NameAuthorizer], names[watch.NameAuthorizerLogs] = e.authorizer.Name, e.authorizer.LogGroupName
	}
	if b.pretoken != nil {
		names[watch.NamePreToken] = b.pretoken.Name
	}
	return names
}
