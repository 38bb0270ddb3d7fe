package mcphttp

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"leasehold.example/libs/session"
	"leasehold.example/libs/telemetry"
)

// The server span of a message, by the semantic conventions of OpenTelemetry:
// https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md
//
// What a client may choose freely is in none: names of tools that there are not, resource
// URIs, request ids that are texts. What is refused before a message was read, and so
// whatever has no good token, leaves no span: nobody outside makes one.

// trace begins the span of m, whose _meta has members, at the time began, and q.r has its
// context from then on. The caller runs the result when m is answered.
func (q *request) trace(m *message, members object, began time.Time) (end func()) {
	if q.telemetry == nil {
		return func() {}
	}
	o, name := q.observed(), methodName(m)
	carried := telemetry.Carried{XRay: o.XRay(), Header: q.r.Header.Get, Meta: func(name string) string {
		raw, _ := members.get(name)
		text, _ := stringOf(raw)
		return text
	}}
	attrs := make([]attribute.KeyValue, 0, 5)
	attrs = append(attrs, attribute.String("mcp.method.name", name),
		attribute.String("network.transport", "tcp"), attribute.String("network.protocol.name", "http"))
	if m.isCall() && m.id.Kind() == '0' {
		attrs = append(attrs, attribute.String("jsonrpc.request.id", string(m.id)))
	}
	if slices.Contains(Versions, q.version) {
		attrs = append(attrs, attribute.String("mcp.protocol.version", q.version))
	}
	ctx, span := q.telemetry.Begin(q.r.Context(), began, name, carried, attrs...)
	if !span.IsRecording() {
		return func() {}
	}
	o.Trace(telemetry.TraceID(span, o.XRay()))
	q.r = q.r.WithContext(ctx)
	return func() { span.End() }
}

// methodName is the method of m, "other" for what a client invented.
func methodName(m *message) string {
	_, call := operations[m.method]
	if call || m.method == notifyInitialized || m.method == notifyCancelled {
		return m.method
	}
	return "other"
}

// acts tells what a message acts on: something of this name that there is.
func (q *request) acts(method, name string) {
	if method == methodCallTool {
		q.observed().Tool(name)
	}
	span := trace.SpanFromContext(q.r.Context())
	if !span.IsRecording() {
		return
	}
	switch method {
	case methodCallTool:
		span.SetName(method + " " + name)
		span.SetAttributes(attribute.String("gen_ai.operation.name", "execute_tool"), attribute.String("gen_ai.tool.name", name))
	case methodGetPrompt:
		span.SetName(method + " " + name)
		span.SetAttributes(attribute.String("gen_ai.prompt.name", name))
	}
}

// within tells the session of a message: by a keyed hash of its own (RULES 25).
func (q *request) within(rec session.Record) {
	span := trace.SpanFromContext(q.r.Context())
	if !span.IsRecording() {
		return
	}
	if name := q.observed().Session(q.r.Context(), rec.Key.Hash); name != "" {
		span.SetAttributes(attribute.String("mcp.session.id", name))
	}
}

// failed tells the span of ctx's message that it is answered with e. The text of e is left
// out, as a tool may have put anything into it.
func failed(ctx context.Context, e *rpcError) {
	span := trace.SpanFromContext(ctx)
	if e == errCancelled || !span.IsRecording() {
		return
	}
	if e.plain {
		telemetry.Fail(span, strconv.Itoa(e.status))
		return
	}
	code := strconv.FormatInt(e.code, 10)
	telemetry.Fail(span, code)
	span.SetAttributes(attribute.String("rpc.response.status_code", code))
}

// forbidden tells the span of ctx's message that it lacks a scope.
func forbidden(ctx context.Context) {
	telemetry.Fail(trace.SpanFromContext(ctx), strconv.Itoa(http.StatusForbidden))
}

// toolFailed tells the span of ctx's message that its tool answered with isError.
func toolFailed(ctx context.Context) { telemetry.Fail(trace.SpanFromContext(ctx), "tool_error") }
