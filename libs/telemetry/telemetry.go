package telemetry

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"

	"leasehold.example/libs/otlp"
)

// scope names what made the spans and metrics.
const scope = "leasehold"

// FlushTime bounds an export. It is what an instance waits for a collector behind each of
// its answers, at most: one beside it takes milliseconds, a new TLS connection within a
// region some hundred. After a failure nothing is tried for a while (package otlp).
const FlushTime = 500 * time.Millisecond

// Options say what is recorded, and where it goes. Service, Version, Stage and Log are
// required.
type Options struct {
	// Service, Version and Stage say whose spans and metrics these are.
	Service, Version, Stage string
	// TracesURL and MetricsURL are where a collector takes each; empty records none of it.
	TracesURL, MetricsURL string
	// Sample is the share of requests that are recorded, 0 to 1, of those whose X-Ray segment
	// is not.
	Sample float64
	// Draw returns a number of [0,1) for the sampling; nil means a random one.
	Draw func() float64
	// Log gets a warning when a collector cannot be reached.
	Log *slog.Logger
}

// Telemetry records. It is safe for concurrent use; nil records nothing.
type Telemetry struct {
	spans  *sdktrace.TracerProvider // nil without traces
	tracer trace.Tracer
	meters *sdkmetric.MeterProvider // nil without metrics
	instruments
	sample float64
	draw   func() float64
	xray   *rate.Limiter
}

// New returns what o asks for; nil when that is nothing.
func New(o Options) (*Telemetry, error) {
	if o.TracesURL == "" && o.MetricsURL == "" {
		return nil, nil //nolint:nilnil // nil is a Telemetry that does nothing
	}
	if o.Draw == nil {
		o.Draw = rand.Float64
	}
	t := &Telemetry{sample: o.Sample, draw: o.Draw, xray: rate.NewLimiter(xrayRate, xrayBurst)}
	about := resource.NewSchemaless(
		attribute.String("service.namespace", scope), attribute.String("service.name", o.Service),
		attribute.String("service.version", o.Version), attribute.String("deployment.environment.name", o.Stage),
	)
	if o.TracesURL != "" {
		t.spans = sdktrace.NewTracerProvider(
			sdktrace.WithResource(about), sdktrace.WithSampler(decided{}), sdktrace.WithRawSpanLimits(limits),
			sdktrace.WithBatcher(otlp.Spans{To: otlp.NewSender(o.TracesURL, o.Log)}, sdktrace.WithExportTimeout(FlushTime)),
		)
		t.tracer = t.spans.Tracer(scope)
	}
	if o.MetricsURL == "" {
		return t, nil
	}
	t.meters = sdkmetric.NewMeterProvider(sdkmetric.WithResource(about), sdkmetric.WithReader(
		sdkmetric.NewPeriodicReader(otlp.Metrics{To: otlp.NewSender(o.MetricsURL, o.Log)}, sdkmetric.WithTimeout(FlushTime)),
	))
	var err error
	t.instruments, err = newInstruments(t.meters.Meter(scope), o.Service)
	return t, err
}

// limits are more than a span here has.
var limits = sdktrace.SpanLimits{
	AttributeValueLengthLimit: 256, AttributeCountLimit: 32, EventCountLimit: 8, LinkCountLimit: 4,
	AttributePerEventCountLimit: 8, AttributePerLinkCountLimit: 8,
}

// Flush sends what was recorded, within FlushTime. For a function it is between an answer
// and the next invocation: an instance that is frozen sends nothing.
func (t *Telemetry) Flush(ctx context.Context) {
	if t == nil {
		return
	}
	// The invocation's own end is no reason to keep what is known about it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), FlushTime)
	defer cancel()
	t.both(
		func() error { return t.spans.ForceFlush(ctx) },
		func() error { return t.meters.ForceFlush(ctx) },
	)
}

// Shutdown sends what is left and ends, when ctx does at the latest; later spans are lost. A
// collector that cannot be reached keeps nobody from ending well.
func (t *Telemetry) Shutdown(ctx context.Context) {
	if t == nil {
		return
	}
	t.both(
		func() error { return t.spans.Shutdown(ctx) },
		func() error { return t.meters.Shutdown(ctx) },
	)
}

// both does, at once, what there is to do for spans and metrics. The errors are those of
// sending, which the senders have logged.
func (t *Telemetry) both(spans, metrics func() error) {
	var wait sync.WaitGroup
	if t.spans != nil {
		wait.Go(func() { _ = spans() })
	}
	if t.meters != nil {
		wait.Go(func() { _ = metrics() })
	}
	wait.Wait()
}
