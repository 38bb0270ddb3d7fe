package lambdahttp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

const (
	// defaultMargin is what a handler that ran out of time still needs to say so.
	defaultMargin = 500 * time.Millisecond
	// defaultMaxResponse is Lambda's limit for a synchronous answer, 6 MB
	// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
	defaultMaxResponse = 6 << 20
)

// The fixed answers, in the words of API Gateway's own.
const (
	badRequestBody = `{"message":"Bad Request"}`
	failedBody     = `{"message":"Internal Server Error"}`
	tooLargeBody   = `{"message":"Response too large"}`
)

// Options adapt a function to the edge before it. The zero value is useful.
type Options struct {
	// BasePaths are the base paths of custom domains, such as "/tools"; the longest
	// one that a path begins with is taken off it. A REST API's mapping without a
	// stage puts the stage behind the base path: name it here as "/tools/prod", or
	// as "/prod" without a base path. Empty for a function that is reached by its
	// own domain or by an empty mapping.
	BasePaths []string
	// MaxResponse limits a buffered answer as it goes to Lambda, in bytes, JSON and
	// base64 included. Zero means 6 MiB, which is Lambda's own limit. Streams have none.
	MaxResponse int
	// Margin is how long before Lambda's deadline the request's context ends. Zero
	// means 500 ms. An invocation without a deadline gets none.
	Margin time.Duration
	// Logger gets panics of the handler, without the value that was thrown unless it
	// is a runtime error. Nil means slog.Default().
	Logger *slog.Logger
}

// function is a handler behind an edge.
type function struct {
	handler   http.Handler
	basePaths []string
	options   Options
	logger    *slog.Logger
}

// Buffered returns a Lambda handler for lambda.StartWithOptions that answers REST APIs,
// HTTP APIs (either payload format) and Function URLs with one whole response per event.
//
// It is a lambda.Handler and no function, because aws-lambda-go would parse the event
// once more for a json.RawMessage, and the response once more for a json.Marshaler.
//
// The handler's http.ResponseWriter accepts Flush, which sends nothing early. Invoke
// returns an error, with a fixed text, only for events that are not HTTP requests.
func Buffered(h http.Handler, o Options) lambda.Handler {
	return &buffered{newFunction(h, o)}
}

// Streaming returns a handler for lambda.StartWithOptions that answers REST APIs whose
// responseTransferMode is STREAM, and Function URLs whose InvokeMode is RESPONSE_STREAM.
// An HTTP API cannot stream: it would show its clients the framing.
//
// Status and headers go out with the first Write or Flush and are frozen then. Every
// Write is sent at once. When the runtime closes the response before its end, the
// request's context is cancelled and writes fail. The invocation ends when the handler
// has returned; one that panics after its first byte ends it with a function error, so
// that a cut stream is never taken for a whole one.
func Streaming(h http.Handler, o Options) func(ctx context.Context, event json.RawMessage) (io.Reader, error) {
	return newFunction(h, o).stream
}

func newFunction(h http.Handler, o Options) *function {
	o.Margin = cmp.Or(o.Margin, defaultMargin)
	o.MaxResponse = cmp.Or(o.MaxResponse, defaultMaxResponse)
	f := &function{handler: h, options: o, logger: cmp.Or(o.Logger, slog.Default())}
	for _, p := range o.BasePaths {
		if p = strings.Trim(p, "/"); p != "" {
			f.basePaths = append(f.basePaths, "/"+p)
		}
	}
	slices.SortFunc(f.basePaths, func(a, b string) int { return len(b) - len(a) })
	return f
}

// withMargin ends ctx a margin before the invocation's deadline.
func (f *function) withMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	if d, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, d.Add(-f.options.Margin))
	}
	return context.WithCancel(ctx)
}

// serve runs h and reports whether it returned; a panic is one failed request and not,
// as aws-lambda-go has it, the end of the process.
func (f *function) serve(h http.Handler, w http.ResponseWriter, r *http.Request) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			f.logPanic(r.Context(), v)
		}
	}()
	h.ServeHTTP(w, r)
	return true
}

// logPanic leaves out what was thrown, which may hold anything a request held; its type
// and the stack find the place. http.ErrAbortHandler is a way to return, as in net/http.
func (f *function) logPanic(ctx context.Context, v any) {
	err, _ := v.(error)
	if errors.Is(err, http.ErrAbortHandler) {
		return
	}
	reason := fmt.Sprintf("%T", v)
	if re, ok := v.(runtime.Error); ok {
		reason = re.Error()
	}
	inv, _ := FromContext(ctx)
	f.logger.LogAttrs(ctx, slog.LevelError, "handler panicked", slog.String("panic", reason),
		slog.String("request_id", inv.RequestID), slog.String("stack", string(debug.Stack())))
}

// writeJSON writes one of the fixed answers.
func writeJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a writer that fails has nobody behind it
}
