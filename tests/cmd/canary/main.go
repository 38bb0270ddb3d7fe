// Command canary has CodeDeploy shift a stack's traffic to its newest version, step by step and under alarms:
//
//	pulumi stack output --stack prod --json | canary
//
// Credentials are those that the AWS CLI would take; `make canary` runs it. The exit status is 0 when the alias is at
// the newest version, or the stack has no canary.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"leasehold.example/tests/canary"
)

// every is the time between two looks at a deployment, which takes minutes.
const every = 10 * time.Second

func main() {
	timeout := flag.Duration("timeout", 0, "how long it may take before it is rolled back; required")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *timeout); err != nil {
		fmt.Fprintln(os.Stderr, "canary:", err)
		os.Exit(1) //nolint:gocritic // stop has nothing left to do
	}
}

func run(ctx context.Context, timeout time.Duration) error {
	if timeout < every {
		return fmt.Errorf("-timeout: want at least %v, got %v", every, timeout)
	}
	outputs, err := canary.ReadOutputs(os.Stdin)
	if err != nil {
		return err
	}
	aws, err := config.LoadDefaultConfig(ctx, config.WithRegion(outputs.Region))
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	return (&canary.Rollout{
		Outputs: outputs, Lambda: lambda.NewFromConfig(aws), CodeDeploy: codedeploy.NewFromConfig(aws),
		Every: every, Timeout: timeout, Wait: wait, Out: os.Stdout,
	}).Run(ctx)
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
