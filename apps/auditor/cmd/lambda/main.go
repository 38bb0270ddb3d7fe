// Command lambda is the function that copies the lines of the audit into a log group of their
// own, on provided.al2023. LEASEHOLD_AUDIT_GROUP and LEASEHOLD_AUDIT_STREAM name where to.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"leasehold.example/apps/auditor/internal/archive"
	"leasehold.example/libs/observe"
)

func main() {
	log, signals := observe.Helper(os.Stderr, "auditor")
	c, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Error("the configuration of AWS cannot be read", "error", err)
		os.Exit(1)
	}
	a, err := archive.New(cloudwatchlogs.NewFromConfig(c), os.Getenv("LEASEHOLD_AUDIT_GROUP"), os.Getenv("LEASEHOLD_AUDIT_STREAM"), log)
	if err != nil {
		log.Error("the configuration is wrong", "error", err)
		os.Exit(1)
	}
	lambda.Start(observe.Function(signals, func(ctx context.Context, e events.CloudwatchLogsEvent) (any, error) {
		return nil, a.Handle(ctx, e)
	}))
}
