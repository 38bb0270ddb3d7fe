// Command lambda is the function that makes and rotates the keys in a Secrets Manager
// secret. It reads no environment but AWS's: the secret is named by each event.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"leasehold.example/apps/rotator/internal/rotation"
	"leasehold.example/libs/observe"
)

func main() {
	log, signals := observe.Helper(os.Stderr, "rotator")
	c, err := config.LoadDefaultConfig(context.Background(), config.WithRetryer(retryer))
	if err != nil {
		log.Error("the configuration of AWS cannot be read", "error", err)
		os.Exit(1)
	}
	r := rotation.New(secretsmanager.NewFromConfig(c), log)
	lambda.Start(observe.Function(signals, func(ctx context.Context, e events.SecretsManagerSecretRotationEvent) (any, error) {
		return nil, r.Handle(ctx, e) // the answer ends in the stack's state
	}))
}

// retryer also repeats what is denied, for half a minute or so: the first key is asked for
// as soon as the role is made, and IAM spreads what it knows with a delay.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
func retryer() aws.Retryer {
	return retry.AddWithErrorCodes(retry.AddWithMaxAttempts(retry.NewStandard(), 8), "AccessDeniedException")
}
