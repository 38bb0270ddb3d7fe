package lambdahttp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/events"
)

var (
	// errGone is what writes return when nobody reads any more.
	errGone = errors.New("lambdahttp: the runtime closed the response")
	// errAborted ends the stream of a handler that did not return.
	errAborted = errors.New("lambdahttp: the handler ended before its response did")
)

// stream answers one event. The reader that it returns knows Close and ContentType, and
// refuses to be JSON, which is how aws-lambda-go tells it from a value to marshal.
func (f *function) stream(ctx context.Context, payload json.RawMessage) (io.Reader, error) {
	e, err := decodeEvent(payload)
	if err != nil {
		return nil, err
	}
	inner, cancel := f.withMargin(ctx)
	r, err := f.request(inner, e)
	h := f.handler
	switch {
	case errors.Is(err, errBadRequest):
		r = new(http.Request).WithContext(inner)
		h = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, http.StatusBadRequest, badRequestBody)
		})
	case err != nil:
		cancel()
		return nil, err
	}
	w := newStreamWriter(r.Method)
	go func() {
		defer close(w.done)
		defer cancel()
		w.finish(f.serve(h, w, r))
	}()
	<-w.ready
	return w.response(e.format, &streamBody{PipeReader: w.reader, invocation: ctx, cancel: cancel, done: w.done}), nil
}

// streamWriter passes an answer on as it is written.
type streamWriter struct {
	writer
	once   sync.Once
	ready  chan struct{} // closed when status and header are final
	done   chan struct{} // closed when the handler has returned
	pipe   *io.PipeWriter
	reader *io.PipeReader
}

func newStreamWriter(method string) *streamWriter {
	w := &streamWriter{ready: make(chan struct{}), done: make(chan struct{})}
	w.header, w.head = make(http.Header), method == http.MethodHead
	w.reader, w.pipe = io.Pipe()
	return w
}

// start sends status and header, once.
func (w *streamWriter) start(first []byte) {
	w.once.Do(func() {
		w.freeze(first)
		close(w.ready)
	})
}

// Write sends p and returns when it was read.
func (w *streamWriter) Write(p []byte) (int, error) {
	w.start(p)
	switch {
	case !w.bodyAllowed():
		return 0, http.ErrBodyNotAllowed
	case w.head:
		return len(p), nil
	case len(p) == 0:
		return 0, nil // an empty write to a pipe would wait for a reader
	}
	return w.pipe.Write(p)
}

// Flush sends status and header if nothing was written; what was written is out already.
func (w *streamWriter) Flush() { w.start(nil) }

// finish ends the stream. A handler that panicked before the first byte has its answer
// replaced.
func (w *streamWriter) finish(returned bool) {
	if !returned {
		failed := false
		w.once.Do(func() {
			failed = true
			w.status, w.frozen = http.StatusInternalServerError, http.Header{"Content-Type": {"application/json"}}
			close(w.ready)
		})
		if !failed {
			_ = w.pipe.CloseWithError(errAborted) // never fails
			return
		}
		_, _ = io.WriteString(w, failedBody) // fails if nobody reads
	}
	w.start(nil)
	_ = w.pipe.Close() // never fails
}

// response frames the answer: JSON with status and header, eight NULs, the body.
func (w *streamWriter) response(format payload, body io.Reader) io.Reader {
	if format == payloadV1 {
		headers := make(map[string][]string, len(w.frozen))
		for name, values := range w.frozen {
			if !edgeOwns(name) {
				headers[name] = fieldValues(values)
			}
		}
		return &events.APIGatewayProxyStreamingResponse{StatusCode: w.status, MultiValueHeaders: headers, Body: body}
	}
	headers := make(map[string]string, len(w.frozen))
	for name, values := range w.frozen {
		if !edgeOwns(name) && name != "Set-Cookie" {
			headers[name] = strings.Join(fieldValues(values), ", ")
		}
	}
	return &events.LambdaFunctionURLStreamingResponse{
		StatusCode: w.status, Headers: headers, Cookies: fieldValues(w.frozen["Set-Cookie"]), Body: body,
	}
}

func fieldValues(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = fieldValue(v)
	}
	return out
}

// streamBody is the end of the pipe that the runtime reads.
type streamBody struct {
	*io.PipeReader
	invocation context.Context
	cancel     context.CancelFunc
	done       <-chan struct{}
}

// Close tells the handler that nobody reads and waits for it, at most until Lambda's
// deadline. The runtime calls it after every response, whole or not.
func (b *streamBody) Close() error {
	_ = b.CloseWithError(errGone) // never fails
	b.cancel()
	select {
	case <-b.done:
	case <-b.invocation.Done():
	}
	return nil
}
