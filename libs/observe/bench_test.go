package observe_test

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/observe/metric"
)

// BenchmarkLine is what a request costs that leaves a whole line with metrics.
func BenchmarkLine(b *testing.B) {
	logger := observe.NewLogger(io.Discard, slog.LevelInfo, observe.Whose(metric.ServiceMCP, "0.1.0", "prod")...)
	signals := observe.NewSignals(logger, observe.NewPseudonyms(deriver{kid: "k1"}), observe.Options{
		Service: metric.ServiceMCP, Stage: "prod", Sample: 1, Metrics: true,
	})
	p := identity.Principal{
		Tenant: "acme", Issuer: "https://issuer.example", Subject: "user-1", ExpiresAt: time.Now().Add(time.Hour),
	}
	b.ReportAllocs()
	for b.Loop() {
		ctx, r := signals.Begin(b.Context())
		r.Caller(ctx, p)
		r.Method("tools/call")
		r.Tool("math")
		r.Era(true)
		r.Count(metric.ValidMCPEvents)
		signals.End(ctx)
	}
}
