package lambdahttp

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
)

// ordinary is a REST API's event around a JSON-RPC body of 1 KB, as compact as the edge
// sends it.
func ordinary(tb testing.TB) []byte {
	tb.Helper()
	src, err := os.ReadFile("testdata/rest.json")
	if err != nil {
		tb.Fatal(err)
	}
	var e map[string]any
	if err := json.Unmarshal(src, &e); err != nil {
		tb.Fatal(err)
	}
	e["body"] = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"text":"` + strings.Repeat("x", 950) + `"}}`
	out, err := json.Marshal(e)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// echo reads the body and writes an answer of its size.
func echo(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Authorization, Origin")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(b)
}

// BenchmarkBuffered is one event of an ordinary size, from the runtime's bytes to the
// runtime's bytes, with a handler that echoes.
func BenchmarkBuffered(b *testing.B) {
	event := ordinary(b)
	h := Buffered(http.HandlerFunc(echo), Options{})
	b.ReportAllocs()
	b.SetBytes(int64(len(event)))
	for b.Loop() {
		if _, err := h.Invoke(context.Background(), event); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecode is the share of event to http.Request.
func BenchmarkDecode(b *testing.B) {
	event := ordinary(b)
	f := newFunction(nil, Options{})
	b.ReportAllocs()
	for b.Loop() {
		e, err := decodeEvent(event)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.request(context.Background(), e); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStreaming is the same through aws-lambda-go's reflection, which a streamed
// response cannot avoid.
func BenchmarkStreaming(b *testing.B) {
	event := ordinary(b)
	h := lambda.NewHandler(Streaming(http.HandlerFunc(echo), Options{}))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Invoke(context.Background(), event); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReflected is Buffered as a plain function of a json.RawMessage, for
// comparison: what being a lambda.Handler saves.
func BenchmarkReflected(b *testing.B) {
	event := ordinary(b)
	inner := Buffered(http.HandlerFunc(echo), Options{})
	h := lambda.NewHandler(func(ctx context.Context, e json.RawMessage) (json.RawMessage, error) {
		return inner.Invoke(ctx, e)
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Invoke(context.Background(), event); err != nil {
			b.Fatal(err)
		}
	}
}
