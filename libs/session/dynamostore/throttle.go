package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
)

// OnThrottle is an option of dynamodb.NewFromConfig that has throttled called, with the
// context of the call, for every attempt that DynamoDB throttled: also for those that the
// SDK repeats, which is all that one ever sees of a table that is just about large enough.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func OnThrottle(throttled func(context.Context)) func(*dynamodb.Options) {
	isThrottle := retry.IsErrorThrottles(retry.DefaultThrottles)
	look := middleware.FinalizeMiddlewareFunc("leasehold.OnThrottle", func(
		ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
	) (middleware.FinalizeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleFinalize(ctx, in)
		if err != nil && (isThrottle.IsErrorThrottle(err) == aws.TrueTernary || cancelledBy(err, "ThrottlingError") ||
			cancelledBy(err, "ProvisionedThroughputExceeded")) {
			throttled(ctx)
		}
		return out, metadata, err
	})
	return dynamodb.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(look, "Retry", middleware.After) // within it: once an attempt
	})
}
