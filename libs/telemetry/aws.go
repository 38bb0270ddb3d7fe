package telemetry

import (
	"context"
	"errors"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Calls is for aws.Config.APIOptions: it makes a client span of each call of an AWS service
// that a recorded request takes, retries included. It names operation and outcome, and
// nothing of what is asked or answered.
// https://opentelemetry.io/docs/specs/semconv/db/dynamodb/
//
// Contrib's otelaws does this too, is deprecated, and brings the clients of S3, SNS and SQS
// with it.
func (t *Telemetry) Calls(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("leasehold.Span", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		if t == nil || t.spans == nil || !trace.SpanFromContext(ctx).IsRecording() {
			return next.HandleInitialize(ctx, in)
		}
		service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
		ctx, span := t.tracer.Start(ctx, service+"."+operation, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			attribute.String("rpc.system.name", "aws-api"), attribute.String("rpc.method", service+"/"+operation),
			attribute.String("cloud.region", awsmiddleware.GetRegion(ctx)),
		))
		defer span.End()
		if service == "DynamoDB" {
			span.SetAttributes(attribute.String("db.system.name", "aws.dynamodb"), attribute.String("db.operation.name", operation))
		}
		out, metadata, err := next.HandleInitialize(ctx, in)
		if id, ok := awsmiddleware.GetRequestIDMetadata(metadata); ok {
			span.SetAttributes(attribute.String("aws.request_id", id))
		}
		if err != nil {
			Fail(span, errorType(err))
		}
		return out, metadata, err
	}), middleware.After)
}

// errorType is the service's code for err, or what kept the service from having one.
func errorType(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	return "_OTHER" // the convention's word for what has none
}

// Fail marks span as failed with an error of a kind, which must be one of few words.
func Fail(span trace.Span, kind string) {
	if span.IsRecording() {
		span.SetAttributes(attribute.String("error.type", kind))
		span.SetStatus(codes.Error, "")
	}
}
