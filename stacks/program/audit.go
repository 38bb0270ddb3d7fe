package program

import (
	"leasehold.example/libs/observe/metric"
	"leasehold.example/platform"
	"leasehold.example/stacks/archives"
)

// auditLines selects the audit's lines, which alone name a principal.
const auditLines = `{ $.` + metric.FieldPrincipal + ` = "*" }`

// auditLog makes the log group of the audit. Only the server writes lines of it: libs/observe's
// Auditor is told of sessions, which the authorizer does not know.
func (b *builder) auditLog(server *platform.Function) (*platform.AuditLog, error) {
	return platform.NewAuditLog(b.ctx, "audit-log", &platform.AuditLogArgs{
		Source: server, Pattern: auditLines, RetentionDays: b.c.Logs.AuditRetentionDays,
		Retain:    b.c.Table.Retain, // it says who asked for what the table had
		KMSKeyARN: b.key, Archive: b.archive(archives.Auditor), Architecture: b.c.Function.Architecture,
		LogRetentionDays: b.c.Logs.RetentionDays, Tracing: b.c.Tracing,
	}, b.opts...)
}

// exports send logs on. A log group can have two subscriptions: the server's has the audit's
// and this one, the others have one.
func (b *builder) exports(e edge, audit *platform.AuditLog) error {
	exports := map[string]*platform.LogExportArgs{
		"server-logs": {LogGroup: e.server.LogGroupName, DestinationARN: b.c.Logs.DestinationARN},
		"audit":       {LogGroup: audit.LogGroupName, DestinationARN: b.c.Logs.AuditDestinationARN},
	}
	if e.authorizer != nil {
		exports["authorizer-logs"] = &platform.LogExportArgs{LogGroup: e.authorizer.LogGroupName, DestinationARN: b.c.Logs.DestinationARN}
	}
	for name, args := range exports {
		if args.DestinationARN == "" {
			continue
		}
		if _, err := platform.NewLogExport(b.ctx, name, args, b.opts...); err != nil {
			return err
		}
	}
	return nil
}
