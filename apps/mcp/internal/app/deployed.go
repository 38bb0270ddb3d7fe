package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/lambdahttp"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/seal"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/dynamostore"
	"leasehold.example/libs/telemetry"
)

func loadAWS(t *telemetry.Telemetry) (*aws.Config, error) {
	c, err := awsconfig.LoadDefaultConfig(context.Background())
	if err != nil {
		return nil, fmt.Errorf("app: AWS configuration: %w", err)
	}
	if t != nil {
		c.APIOptions = append(c.APIOptions, t.Calls)
	}
	return &c, nil
}

func newDynamoStore(a *aws.Config, c config.Config) session.Store {
	return dynamostore.New(dynamodb.NewFromConfig(*a, dynamostore.OnThrottle(observe.StoreThrottled)), c.Table)
}

func newSecret(a *aws.Config, c config.Config) seal.Source {
	return seal.NewSecretsManager(secretsmanager.NewFromConfig(*a), c.SealSecretARN)
}

func deployedIssuers(c config.Config) []identity.Issuer { return c.Issuers }

// Function is what lambda.StartWithOptions takes: a lambda.Handler, or a function that
// returns a stream.
type Function struct{ Handler any }

func newFunction(mux *http.ServeMux, c config.Config, log *slog.Logger, t *telemetry.Telemetry) Function {
	o := lambdahttp.Options{BasePaths: c.BasePaths, Logger: log}
	switch {
	case c.ResponseMode == config.Streaming && t != nil:
		return Function{lambdahttp.After(lambdahttp.Streaming(mux, o), t.Flush)}
	case c.ResponseMode == config.Streaming:
		return Function{lambdahttp.Streaming(mux, o)}
	case t != nil:
		return Function{lambdahttp.After(lambdahttp.Whole(lambdahttp.Buffered(mux, o)), t.Flush)}
	default:
		return Function{lambdahttp.Buffered(mux, o)}
	}
}
