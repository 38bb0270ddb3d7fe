package mcphttp

import (
	"context"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"leasehold.example/apps/mcp/internal/authn"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/observe/metric"
)

// What the summary line of a request is told. There is none without observe's middleware,
// and a nil Request is told in vain.

func (q *request) observed() *observe.Request { return observe.From(q.r.Context()) }

// notice tells what m is.
func (q *request) notice(m *message, modern bool) {
	o := q.observed()
	o.Era(modern)
	o.Method(methodName(m))
}

// valid counts a message that was carried out.
func (q *request) valid() { q.observed().Count(metric.ValidMCPEvents) }

// lacksScope answers with the refusal of a scope.
func (q *request) lacksScope(refusal *authn.Refusal) {
	q.observed().Count(metric.InsufficientScope)
	forbidden(q.r.Context())
	refusal.WriteTo(q.w)
}

// note counts e, which a message is answered with.
func note(ctx context.Context, e *rpcError) {
	failed(ctx, e)
	o := observe.From(ctx)
	switch {
	case e == errCancelled:
		o.Outcome(metric.OutcomeCancelled)
	case e == errTooManySessions: // the registry has told it
	case e == errResultTooLarge:
		o.Count(metric.LimitsReached)
	case e.status == http.StatusServiceUnavailable:
		o.Count(metric.Unavailable)
	case e.status == http.StatusOK && e.code == jsonrpc.CodeInternalError, e.status >= http.StatusInternalServerError:
		o.Count(metric.InternalErrors)
	default:
		o.Count(metric.ProtocolErrors)
	}
}
