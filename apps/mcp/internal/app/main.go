package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/caarlos0/env/v11"
	"go.uber.org/dig"
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/config"
)

// stopTime is less than the 500 ms that Lambda leaves between SIGTERM and SIGKILL.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown
const stopTime = 400 * time.Millisecond

// RunLambda is the main function of a Lambda binary. It returns only when the function
// could not be started; everything that is wrong with the environment is one message.
func RunLambda(features fx.Option) {
	if err := runLambda(features); err != nil {
		Fail(os.Stderr, err)
	}
	os.Exit(1)
}

func runLambda(features fx.Option) error {
	environ := env.ToMap(os.Environ())
	useMemory(environ)
	c, err := config.Load(environ)
	if err != nil {
		return err
	}
	var function Function
	parts := fx.New(Lambda(c, features, os.Stderr), fx.Populate(&function))
	if err := parts.Start(context.Background()); err != nil {
		return err
	}
	lambda.StartWithOptions(function.Handler, lambda.WithEnableSIGTERM(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if err := parts.Stop(ctx); err != nil {
			Fail(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0) // aws-lambda-go would wait for SIGKILL
	}))
	return nil
}

// gcPercent lets the heap grow to nine times what is alive before it is collected.
const gcPercent = 800

// useMemory has the garbage collector use the memory that the function is billed for
// anyway, instead of time: a start then collects nothing, and a request seldom. It keeps a
// quarter for what is not heap. GOGC and GOMEMLIMIT win where they are set.
// https://go.dev/doc/gc-guide#Memory_limit
func useMemory(environ map[string]string) {
	if environ["GOGC"] == "" {
		debug.SetGCPercent(gcPercent)
	}
	megabytes, err := strconv.Atoi(environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
	if err == nil && environ["GOMEMLIMIT"] == "" {
		debug.SetMemoryLimit(int64(megabytes) << 20 / 4 * 3)
	}
}

// Fail says why a binary does not run, without fx's account of the way there.
func Fail(w io.Writer, err error) {
	_, _ = fmt.Fprintln(w, "leasehold:", dig.RootCause(err)) // nobody is left to hear that this failed
}
