package metric

import "slices"

// SummaryMessage is the message of the one line that a request leaves in the log.
const SummaryMessage = "request"

// Names of the fields of that line, beside those of every line: timestamp, level, message,
// service, version, stage, requestId.
const (
	FieldColdStart     = "coldStart"
	FieldEdgeRequestID = "edgeRequestId"
	FieldTraceID       = "traceId"
	FieldTenant        = "tenant"
	FieldSubject       = "subject"
	FieldTool          = "tool"
	FieldMethod        = "method"
	FieldEra           = "era"
	FieldStatus        = "status"
	FieldDurationMS    = "durationMs"
	FieldStoreCalls    = "storeCalls"
	FieldOutcome       = "outcome"
	FieldReason        = "reason"
	FieldProblem       = "problem"
	FieldDebug         = "debug"
)

// Values of FieldOutcome beside the metrics that count failures.
const (
	OutcomeOK        = "ok"
	OutcomeCancelled = "cancelled" // by the client, who waits for no answer
)

// FieldPrincipal is in the lines of the audit and in no others: who asked, under the pseudonym
// that the summary line has as FieldSubject. What copies the audit elsewhere selects by it.
const FieldPrincipal = "principal"

// Field describes a field of the summary line. One that has nothing to say is left out.
type Field struct {
	// Name is one of the constants, and Help says in a sentence what it holds.
	Name, Help string
}

var fields = []Field{
	{FieldColdStart, "True for the first request of an instance; else absent."},
	{FieldEdgeRequestID, "API Gateway's id of the request, as in its access log and in the client's x-amzn-requestid."},
	{FieldTraceID, "The id of the trace: of the span that the request left; without one X-Ray's on Lambda, else that of the client's traceparent."},
	{FieldTenant, "The tenant of the verified token."},
	{FieldSubject, "A keyed hash of tenant, issuer and subject behind its key's id: the same for all requests of a person until the key rotates. The audit log has it as `principal`."},
	{FieldTool, "The tool of a tools/call, when there is one of this name."},
	{FieldMethod, "The JSON-RPC method, `other` for one that does not exist, `batch` for a batch."},
	{FieldEra, "`modern` for 2026-07-28, `legacy` for the versions before."},
	{FieldStatus, "The HTTP status of the answer."},
	{FieldDurationMS, "From the beginning of the request to the end of its answer, in milliseconds."},
	{FieldStoreCalls, "How many calls of the session store the request took."},
	{FieldOutcome, "In one word what became of the request: `ok`, or the metric that counts its failure; `cancelled` when nobody waits for an answer; in the authorizer `misplaced` for an event that is not about /mcp."},
	{FieldReason, "Why a token was refused. Nothing of the token is in it."},
	{FieldProblem, "What the session registry noticed, as the audit log names it."},
	{FieldDebug, "True when a signed claim of the token asked for the debug level; else absent."},
}

// Fields returns every field, in the order of the documentation.
func Fields() []Field { return slices.Clone(fields) }
