// Package otlp sends spans and metrics to a collector: OTLP over HTTP, in protobuf, which
// every collector takes (https://opentelemetry.io/docs/specs/otlp/#otlphttp). The official
// exporters do the same behind packages whose initialisation a cold start would pay for
// although nobody asked for traces; docs/decisions/0014-tracing.md has the figures.
//
// What cannot be sent is dropped: telemetry is not worth the time of a request, which an
// instance is billed for. No header is sent but the content's, and so no credential: those
// belong to a collector beside the function.
package otlp
