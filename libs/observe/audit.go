package observe

import (
	"context"
	"log/slog"
	"time"

	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/session"
)

// Auditor writes the audit log.
type Auditor struct {
	log        slog.Handler
	pseudonyms *Pseudonyms
	repeats    *repeats
}

// NewAuditor returns an Auditor that writes to where logger does, whatever its level is:
// nobody silences an alarm with that.
func NewAuditor(logger *slog.Logger, p *Pseudonyms) *Auditor {
	return &Auditor{log: logger.Handler(), pseudonyms: p, repeats: newRepeats()}
}

// Session is for session.Options.Audit. It writes e as one record, whose message is the
// Problem, and tells ctx's Request. Of what one caller can repeat with every request, an
// instance writes one record a minute and caller, which says how many it stands for.
func (a *Auditor) Session(ctx context.Context, e session.Event) {
	From(ctx).noticed(e.Problem)
	ctx = context.WithoutCancel(ctx) // leaving at once would be the way to have no name
	more := 0
	if repeatable(e) {
		var ok bool
		if more, ok = a.repeats.allow(e, time.Now()); !ok {
			return
		}
	}
	r := slog.NewRecord(time.Now(), severity(e.Problem), string(e.Problem), 0)
	r.AddAttrs(
		slog.String("kind", string(e.Kind)),
		slog.Bool("refused", e.Refused),
		slog.String("tenant", e.Principal.Tenant),
		slog.String("issuer", e.Principal.Issuer),
		slog.String(metric.FieldPrincipal, a.pseudonyms.Pseudonym(ctx, e.Principal.Owner())),
		slog.String("client", e.Principal.ClientID),
	)
	if e.Tenant != "" {
		r.AddAttrs(slog.String("ownerTenant", e.Tenant))
	}
	if more > 0 {
		r.AddAttrs(slog.Int("more", more))
	}
	if e.Err != nil {
		r.AddAttrs(slog.String("error", e.Err.Error()))
	}
	// A log that cannot be written leaves nowhere to say so, and must fail no request.
	_ = a.log.Handle(ctx, r)
}

// severity is information for what happens when people move between tenants and clients.
func severity(p session.Problem) slog.Level {
	switch p {
	case session.TenantChanged, session.ClientChanged, session.SessionUnknown:
		return slog.LevelInfo
	case session.SessionBindingViolation, session.ClassifierFailed, session.Unclassified, session.TouchFailed:
		return slog.LevelWarn
	}
	return slog.LevelWarn
}
