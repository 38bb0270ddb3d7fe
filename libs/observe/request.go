package observe

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/session"
)

// Request gathers what the summary line of one request will say. It travels in the request's
// context, where From finds it. It is safe for concurrent use; what comes after the line
// was written is lost. All methods of a nil *Request do nothing.
type Request struct {
	began time.Time
	id    string
	cold  bool
	xray  string // the invocation's tracing header; empty when there is none
	// pseudonyms name the caller; nil for a service that has no key for them.
	pseudonyms *Pseudonyms

	debug atomic.Bool // the caller's; a logger asks for it while the line is written

	mu         sync.Mutex
	caller     identity.Principal
	known      bool // caller is somebody
	subject    chan string
	texts      texts
	status     int
	counts     []count
	latencies  []float64
	storeCalls int
	failed     string // the first metric that counted a failure
}

// texts are fields of the line; empty ones are left out.
type texts struct{ edgeID, trace, method, tool, era, outcome, reason, problem string }

type count struct {
	name string
	n    int
}

type requestKey struct{}

// From returns the Request that ctx belongs to; nil when it belongs to none.
func From(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	return r
}

// failures are the metrics that count what a request failed for.
var failures = []string{
	metric.ProtocolErrors, metric.InternalErrors, metric.Unavailable,
	metric.AuthFailures, metric.InsufficientScope, metric.LimitsReached, metric.ToolErrors,
}

// Count adds one to a metric, one of package metric's names in Count.
func (r *Request) Count(name string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(name)
}

func (r *Request) add(name string) {
	if r.failed == "" && slices.Contains(failures, name) {
		r.failed = name
	}
	if i := slices.IndexFunc(r.counts, func(c count) bool { return c.name == name }); i >= 0 {
		r.counts[i].n++
		return
	}
	r.counts = append(r.counts, count{name, 1})
}

func (r *Request) set(f func(*texts)) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.texts)
}

// Method tells the JSON-RPC method, which must be one of the protocol's: what a client
// invented does not belong into a log.
func (r *Request) Method(name string) { r.set(func(t *texts) { t.method = name }) }

// Tool tells the tool, which must be one that exists.
func (r *Request) Tool(name string) { r.set(func(t *texts) { t.tool = name }) }

// Era tells whether the request is of 2026-07-28 or of an older protocol.
func (r *Request) Era(modern bool) {
	era := "legacy"
	if modern {
		era = "modern"
	}
	r.set(func(t *texts) { t.era = era })
}

// Began is when the request came; the zero time of a nil Request.
func (r *Request) Began() time.Time {
	if r == nil {
		return time.Time{}
	}
	return r.began
}

// XRay is the tracing header that Lambda gave with the invocation; empty outside of Lambda.
func (r *Request) XRay() string {
	if r == nil {
		return ""
	}
	return r.xray
}

// Session names a session where its id must not be: a keyed hash of hash, which is what a
// store knows it by. It is empty while the key has not been fetched; nothing waits for it.
func (r *Request) Session(ctx context.Context, hash session.Hash) string {
	if r == nil || r.pseudonyms == nil || !r.pseudonyms.ready() {
		return ""
	}
	return r.pseudonyms.session(ctx, hash)
}

// Trace tells the id of the trace, in place of what the headers say.
func (r *Request) Trace(id string) { r.set(func(t *texts) { t.trace = id }) }

// EdgeID tells what the edge calls the request.
func (r *Request) EdgeID(id string) { r.set(func(t *texts) { t.edgeID = id }) }

// Outcome tells what became of the request, in one word, where no metric says it.
func (r *Request) Outcome(word string) { r.set(func(t *texts) { t.outcome = word }) }

// Refused counts a request whose token was refused, and tells why. err is nil when there was
// no token.
func (r *Request) Refused(err error) {
	r.Count(metric.AuthFailures)
	if err != nil {
		r.set(func(t *texts) { t.reason = err.Error() })
	}
}

// noticed tells what the session registry noticed.
func (r *Request) noticed(p session.Problem) {
	switch p {
	case session.SessionBindingViolation:
		r.Count(metric.SessionBindingViolations)
	case session.ClassifierFailed, session.Unclassified: // a violation may hide behind either (RULES 9)
		r.Count(metric.UnclassifiedMisses)
	case session.TenantChanged, session.SessionUnknown, session.ClientChanged, session.TouchFailed:
	}
	r.set(func(t *texts) { t.problem = string(p) })
}

// Happened is for session.Options.Happened: it counts what became of sessions.
func Happened(ctx context.Context, h session.Happening) {
	r := From(ctx)
	switch h {
	case session.Opened:
		r.Count(metric.SessionsOpened)
	case session.Revoked:
		r.Count(metric.SessionsRevoked)
	case session.LimitReached:
		r.Count(metric.LimitsReached)
	}
}

// storeCall counts a call of the store that took d.
func (r *Request) storeCall(d time.Duration) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.storeCalls++
	if len(r.latencies) < maxValues {
		r.latencies = append(r.latencies, milliseconds(d))
	}
}

// Debugging reports whether the caller's token asks for the debug level.
func (r *Request) Debugging() bool {
	if r == nil {
		return false
	}
	return r.debug.Load()
}

// milliseconds is d at a resolution of a microsecond.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
