// Package telemetry makes the spans of requests and of the calls to AWS that they take, and
// hands the metrics of package metric on to OpenTelemetry. With no endpoint it does nothing:
// nil stands for that, and every method of nil returns at once.
//
// Whose word counts. A trace continues where its caller says, because that is what a trace
// is for: `_meta` of the message first, then X-Ray's segment of the invocation, then the
// HTTP header. But nobody outside decides how much is recorded: a caller can keep its
// requests out of the traces, not push them in. docs/decisions/0014-tracing.md has the
// reasons. Baggage is not read.
package telemetry
