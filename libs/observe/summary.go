package observe

import (
	"context"
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe/metric"
)

// Options say what a service's summary lines are like.
type Options struct {
	// Service is one of package metric's, and Stage the deployment. Both are required.
	Service, Stage string
	// Sample is the share of successful requests, 0 to 1, whose lines have their fields. The
	// lines of all others carry the metrics alone; without Metrics they are left out. A failed
	// request and one of a caller under debug keep theirs.
	Sample float64
	// Metrics puts CloudWatch metrics into the lines.
	Metrics bool
	// Meter takes the metrics too; nil takes none.
	Meter Meter
	// Draw returns a number of [0,1) for the sampling; nil means a random one.
	Draw func() float64
}

// Meter takes the metrics of requests to somewhere else than the log, when each one ends.
type Meter interface {
	// Count adds n to a metric of package metric in Count.
	Count(ctx context.Context, name string, n int)
	// Measure records one value of a metric in Milliseconds.
	Measure(ctx context.Context, name string, ms float64)
}

// Signals writes one summary line for each request, and the request's metrics with it: one
// line, and no call. It is safe for concurrent use.
type Signals struct {
	log slog.Handler
	// out is what log hands records to, when that adds nothing but an id, which is in ids.
	out        slog.Handler
	ids        bool
	pseudonyms *Pseudonyms
	options    Options
	warm       atomic.Bool
	lines      sync.Pool // of *[]slog.Attr, each with room for a line
}

// lineAttrs is more than any line has.
const lineAttrs = 40

// NewSignals returns Signals that write to where logger does. Without p, lines have no
// subject.
func NewSignals(logger *slog.Logger, p *Pseudonyms, o Options) *Signals {
	if o.Draw == nil {
		o.Draw = mathrand.Float64
	}
	s := &Signals{log: logger.Handler(), out: logger.Handler(), pseudonyms: p, options: o}
	if h, ok := s.log.(requestHandler); ok { // else each line would be copied for its id
		s.out, s.ids = h.Handler, h.ids
	}
	s.lines.New = func() any {
		attrs := make([]slog.Attr, 0, lineAttrs)
		return &attrs
	}
	return s
}

// Begin begins a request. Its End must be called, with the context that Begin returned.
func (s *Signals) Begin(ctx context.Context) (context.Context, *Request) {
	r := &Request{began: time.Now(), cold: !s.warm.Swap(true), pseudonyms: s.pseudonyms}
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		r.id = invocation.AwsRequestID
	} else {
		r.id = rand.Text()
	}
	r.xray = xrayHeader(ctx)
	r.texts.trace = rootOf(r.xray)
	return context.WithValue(ctx, requestKey{}, r), r
}

// subjectWait is how long the end of a request waits for the key of pseudonyms, which is
// fetched beside the first requests of an instance. A request whose answer is ready must
// not wait for a key that only its log needs.
const subjectWait = 100 * time.Millisecond

// Caller tells whose request it is: the principal of a verified token.
func (r *Request) Caller(ctx context.Context, p identity.Principal) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.caller, r.known = p, true
	r.debug.Store(p.Debug)
	if names := r.pseudonyms; names != nil && !names.ready() {
		r.subject = make(chan string, 1)
		go func(subject chan<- string) { subject <- names.Pseudonym(ctx, p.Owner()) }(r.subject)
	}
}

// subjectOf is the pseudonym of the caller; empty when there is none.
func (r *Request) subjectOf(ctx context.Context) string {
	switch {
	case !r.known || r.pseudonyms == nil:
		return ""
	case r.subject == nil:
		return r.pseudonyms.Pseudonym(ctx, r.caller.Owner())
	}
	timer := time.NewTimer(subjectWait)
	defer timer.Stop()
	select {
	case subject := <-r.subject:
		return subject
	case <-timer.C:
		return NoPseudonym
	}
}

// End writes the line of ctx's request.
func (s *Signals) End(ctx context.Context) {
	r := From(ctx)
	if r == nil {
		return
	}
	ended := time.Now()
	took := milliseconds(ended.Sub(r.began))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meter(ctx, s.options.Meter, took)
	level := r.level()
	whole := s.keeps(ctx, r, level)
	if !whole && !s.options.Metrics {
		return
	}
	line, _ := s.lines.Get().(*[]slog.Attr)
	defer s.lines.Put(line)
	attrs := (*line)[:0]
	if s.ids {
		attrs = append(attrs, slog.String("requestId", r.id))
	}
	if whole {
		attrs = r.appendFields(attrs, r.subjectOf(ctx), took)
	}
	if s.options.Metrics {
		attrs = s.appendMetrics(attrs, r, ended, took)
	}
	record := slog.NewRecord(ended, level, metric.SummaryMessage, 0)
	record.AddAttrs(attrs...)
	// A log that cannot be written leaves nowhere to say so, and must fail no request.
	_ = s.out.Handle(ctx, record)
	clear(attrs)
}

// keeps reports whether the line has its fields.
func (s *Signals) keeps(ctx context.Context, r *Request, level slog.Level) bool {
	switch {
	case r.caller.Debug:
		return true
	case r.texts.problem == "" && r.failed == "":
		return s.log.Enabled(ctx, level) && (s.options.Sample >= 1 || s.options.Draw() < s.options.Sample)
	}
	return s.log.Enabled(ctx, level)
}

// level is that of the line: an error is ours to look into.
func (r *Request) level() slog.Level {
	switch r.failed {
	case metric.InternalErrors:
		return slog.LevelError
	case metric.Unavailable:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// appendFields appends the fields of the line, those that every request has last.
func (r *Request) appendFields(attrs []slog.Attr, subject string, took float64) []slog.Attr {
	text := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	text(metric.FieldEdgeRequestID, r.texts.edgeID)
	text(metric.FieldTraceID, r.texts.trace)
	text(metric.FieldTenant, r.caller.Tenant)
	text(metric.FieldSubject, subject)
	text(metric.FieldMethod, r.texts.method)
	text(metric.FieldTool, r.texts.tool)
	text(metric.FieldEra, r.texts.era)
	text(metric.FieldReason, r.texts.reason)
	text(metric.FieldProblem, r.texts.problem)
	if r.cold {
		attrs = append(attrs, slog.Bool(metric.FieldColdStart, true))
	}
	if r.caller.Debug {
		attrs = append(attrs, slog.Bool(metric.FieldDebug, true))
	}
	if r.status != 0 {
		attrs = append(attrs, slog.Int(metric.FieldStatus, r.status))
	}
	return append(attrs, slog.String(metric.FieldOutcome, r.outcome()),
		slog.Float64(metric.FieldDurationMS, took), slog.Int(metric.FieldStoreCalls, r.storeCalls))
}

func (r *Request) outcome() string {
	switch {
	case r.failed != "":
		return r.failed
	case r.texts.outcome != "":
		return r.texts.outcome
	}
	return metric.OutcomeOK
}

// meter hands the metrics of the line to m.
func (r *Request) meter(ctx context.Context, m Meter, took float64) {
	if m == nil {
		return
	}
	m.Count(ctx, metric.Requests, 1)
	m.Measure(ctx, metric.Latency, took)
	if r.cold {
		m.Count(ctx, metric.ColdStarts, 1)
	}
	for _, c := range r.counts {
		m.Count(ctx, c.name, c.n)
	}
	for _, ms := range r.latencies {
		m.Measure(ctx, metric.StoreLatency, ms)
	}
}

// appendMetrics appends the members of the line that CloudWatch reads.
func (s *Signals) appendMetrics(attrs []slog.Attr, r *Request, at time.Time, took float64) []slog.Attr {
	names := make([]string, 0, 4+len(r.counts))
	add := func(a slog.Attr) {
		attrs, names = append(attrs, a), append(names, a.Key)
	}
	add(slog.Int(metric.Requests, 1))
	add(slog.Float64(metric.Latency, took))
	if r.cold {
		add(slog.Int(metric.ColdStarts, 1))
	}
	for _, c := range r.counts {
		add(slog.Int(c.name, c.n))
	}
	switch len(r.latencies) {
	case 0:
	case 1:
		add(slog.Float64(metric.StoreLatency, r.latencies[0]))
	default:
		add(slog.Any(metric.StoreLatency, r.latencies))
	}
	return append(attrs, directive{at, names}.attr(),
		slog.String(metric.DimensionService, s.options.Service), slog.String(metric.DimensionStage, s.options.Stage))
}
