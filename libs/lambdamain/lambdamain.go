// Package lambdamain is what the main functions of the Lambda binaries have in common: how
// they use memory, how they end, and how they say that they cannot start.
package lambdamain

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// stopTime is less than the 500 ms that Lambda leaves between SIGTERM and SIGKILL.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown
const stopTime = 400 * time.Millisecond

// Start serves events with handler, which is what lambda.StartWithOptions takes, and does
// not return. SIGTERM ends the process after stop, which has 400 ms.
func Start(handler any, stop func(context.Context) error) {
	lambda.StartWithOptions(handler, lambda.WithEnableSIGTERM(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if err := stop(ctx); err != nil {
			Fail(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0) // aws-lambda-go would wait for SIGKILL
	}))
}

// Fail writes to w why a binary does not run, or did not end well.
func Fail(w io.Writer, err error) {
	_, _ = fmt.Fprintln(w, "leasehold:", err) // nobody is left to hear that this failed
}

// gcPercent lets the heap grow to nine times what is alive before it is collected.
const gcPercent = 800

// UseMemory has the garbage collector use the memory that the function is billed for
// anyway, instead of time: a start then collects nothing, and a request seldom. It keeps a
// quarter for what is not heap. In environ, the process's environment, GOGC and GOMEMLIMIT
// win where they are set.
// https://go.dev/doc/gc-guide#Memory_limit
func UseMemory(environ map[string]string) {
	if environ["GOGC"] == "" {
		debug.SetGCPercent(gcPercent)
	}
	megabytes, err := strconv.Atoi(environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
	if err == nil && environ["GOMEMLIMIT"] == "" {
		debug.SetMemoryLimit(int64(megabytes) << 20 / 4 * 3)
	}
}
