package lambdahttp

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
)

// What comes after an answer comes after all of it was read, once, and changes nothing about
// it; of an event that is none it comes too.
func TestAfter(t *testing.T) {
	t.Parallel()
	h := write(200, "text/plain", "ok")
	for name, inner := range map[string]Answering{
		"whole": Whole(Buffered(h, Options{})), "stream": Streaming(h, Options{}),
	} {
		calls := 0
		f := After(inner, func(context.Context) { calls++ })
		want, err := lambda.NewHandlerWithOptions(inner).Invoke(inRuntime(t), []byte(minimalV2))
		if err != nil {
			t.Fatal(err)
		}
		r, err := f(inRuntime(t), json.RawMessage(minimalV2))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, want) || calls != 0 {
			t.Errorf("%s: %q (%v) after %d calls, want %q after none", name, got, err, calls, want)
		}
		if err := r.(io.Closer).Close(); err != nil || calls != 1 {
			t.Errorf("%s: closed with %v, %d calls", name, err, calls)
		}
		// As lambda.StartWithOptions would: it closes what it has read.
		got, err = lambda.NewHandlerWithOptions(f).Invoke(inRuntime(t), []byte(minimalV2))
		if err != nil || !bytes.Equal(got, want) || calls != 2 {
			t.Errorf("%s: in the runtime %q (%v), %d calls", name, got, err, calls)
		}
		if _, err := f(inRuntime(t), json.RawMessage(`{"no":"request"}`)); err == nil || calls != 3 {
			t.Errorf("%s: %v, %d calls", name, err, calls)
		}
		if ct := contentType(r); ct != map[string]string{"whole": "application/octet-stream", "stream": "application/vnd.awslambda.http-integration-response"}[name] {
			t.Errorf("%s: content type %q", name, ct)
		}
	}
}

func contentType(r io.Reader) string {
	if typed, ok := r.(interface{ ContentType() string }); ok {
		return typed.ContentType()
	}
	return ""
}

// A stream's handler ends before what comes after it, so that it knows all that there is.
func TestAfterTheHandler(t *testing.T) {
	t.Parallel()
	ended := false
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<16)) // nobody reads all of it
		ended = true
	})
	f := After(Streaming(h, Options{}), func(context.Context) {
		if !ended {
			t.Error("the handler has not ended")
		}
	})
	r, err := f(inRuntime(t), json.RawMessage(minimalV2))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.(io.Closer).Close(); err != nil {
		t.Error(err)
	}
}
