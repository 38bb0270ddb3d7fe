package lambdahttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/aws/aws-lambda-go/lambda"
)

// Answering is what Streaming, Whole and After return: a handler for
// lambda.StartWithOptions.
type Answering = func(ctx context.Context, event json.RawMessage) (io.Reader, error)

// Whole returns h as an Answering, for After.
func Whole(h lambda.Handler) Answering {
	return func(ctx context.Context, event json.RawMessage) (io.Reader, error) {
		out, err := h.Invoke(ctx, event)
		if err != nil {
			return nil, err
		}
		return bytes.NewReader(out), nil
	}
}

// After returns inner, with after called for each event when the answer was sent whole, and
// before the next event is asked for: until then the instance is not frozen, and nobody waits.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
func After(inner Answering, after func(context.Context)) Answering {
	return func(ctx context.Context, event json.RawMessage) (io.Reader, error) {
		r, err := inner(ctx, event)
		if err != nil { // an answer of the runtime's, which has no end that we see
			after(ctx)
			return nil, err
		}
		return &followed{r, func() { after(ctx) }}, nil
	}
}

// followed is an answer that the runtime closes when it was sent.
type followed struct {
	io.Reader
	after func()
}

// ContentType is that of the answer, for the runtime.
func (f *followed) ContentType() string {
	if typed, ok := f.Reader.(interface{ ContentType() string }); ok {
		return typed.ContentType()
	}
	return "application/octet-stream" // what the runtime says of bytes
}

// Close implements io.Closer.
func (f *followed) Close() (err error) {
	if c, ok := f.Reader.(io.Closer); ok {
		err = c.Close()
	}
	f.after()
	return err
}

// MarshalJSON refuses: the runtime takes for a reader what is no JSON.
func (*followed) MarshalJSON() ([]byte, error) {
	return nil, errors.New("lambdahttp: an answer is no JSON")
}
