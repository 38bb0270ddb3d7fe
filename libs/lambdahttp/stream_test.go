package lambdahttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// stream is the runtime's end of a streamed answer.
type stream struct {
	io.Reader
	prelude struct {
		StatusCode        int
		Headers           map[string]string
		MultiValueHeaders map[string][]string
		Cookies           []string
	}
}

// startStream sends an event to h and reads up to the first byte of the body.
func startStream(t *testing.T, h http.HandlerFunc, o Options, event []byte) *stream {
	t.Helper()
	r, err := Streaming(h, o)(inRuntime(t), event)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(r); err == nil {
		t.Error("the response can be marshalled, so aws-lambda-go would not stream it")
	}
	if ct, ok := r.(interface{ ContentType() string }); !ok || ct.ContentType() != "application/vnd.awslambda.http-integration-response" {
		t.Errorf("content type of %T", r)
	}
	s := &stream{Reader: r}
	var prelude []byte
	for one := []byte{1}; !bytes.HasSuffix(prelude, make([]byte, 8)); prelude = append(prelude, one...) {
		if _, err := io.ReadFull(r, one); err != nil {
			t.Fatalf("prelude %q: %v", prelude, err)
		}
	}
	if err := json.Unmarshal(prelude[:len(prelude)-8], &s.prelude); err != nil {
		t.Fatalf("prelude %q: %v", prelude, err)
	}
	return s
}

func (s *stream) close(t *testing.T) {
	t.Helper()
	if err := s.Reader.(io.Closer).Close(); err != nil {
		t.Error(err)
	}
}

// all reads to the end as the runtime does, and closes.
func (s *stream) all(t *testing.T) (int, string) {
	t.Helper()
	b, err := io.ReadAll(s)
	if err != nil {
		t.Error(err)
	}
	s.close(t)
	return s.prelude.StatusCode, string(b)
}

// next returns what one Read gets.
func (s *stream) next(t *testing.T) string {
	t.Helper()
	b := make([]byte, 1024)
	n, err := s.Read(b)
	if err != nil {
		t.Errorf("read: %v", err)
	}
	return string(b[:n])
}

func TestStreamArrivesAsItIsWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		step := make(chan struct{})
		s := startStream(t, func(w http.ResponseWriter, r *http.Request) {
			c := http.NewResponseController(w)
			w.Header().Set("Content-Type", "text/event-stream")
			w.WriteHeader(http.StatusOK)
			w.Header().Set("X-Late", "1")
			if err := c.Flush(); err != nil {
				t.Error(err)
			}
			if err := c.SetWriteDeadline(time.Now()); !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("SetWriteDeadline: %v", err)
			}
			for _, event := range []string{"data: 1\n\n", "data: 2\n\n"} {
				<-step
				_, _ = io.WriteString(w, event)
				w.(http.Flusher).Flush()
			}
			if inv, ok := FromContext(r.Context()); !ok || inv.AWSRequestID == "" {
				t.Errorf("invocation %+v", inv)
			}
		}, Options{}, []byte(minimalV1))
		// The header is here while the handler still waits for the first step.
		want := map[string][]string{"Content-Type": {"text/event-stream"}}
		if s.prelude.StatusCode != http.StatusOK || !reflect.DeepEqual(s.prelude.MultiValueHeaders, want) {
			t.Errorf("prelude %+v", s.prelude)
		}
		for _, event := range []string{"data: 1\n\n", "data: 2\n\n"} {
			step <- struct{}{}
			if got := s.next(t); got != event {
				t.Errorf("got %q", got)
			}
		}
		if _, rest := s.all(t); rest != "" {
			t.Errorf("rest %q", rest)
		}
	})
}

func TestStreamHeaders(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Add("Vary", "Origin")
		w.Header().Add("Vary", "Authorization\r\nInjected: b")
		w.Header().Set("Content-Length", "2")
		w.WriteHeader(http.StatusCreated)
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "ok")
	}
	v1 := startStream(t, h, Options{}, []byte(minimalV1))
	v2 := startStream(t, h, Options{}, []byte(minimalV2))
	want := map[string][]string{"Set-Cookie": {"a=1", "b=2"}, "Vary": {"Origin", "Authorization  Injected: b"}, "Content-Type": {"text/plain; charset=utf-8"}}
	if !reflect.DeepEqual(v1.prelude.MultiValueHeaders, want) || v1.prelude.Cookies != nil {
		t.Errorf("v1 %+v", v1.prelude)
	}
	joined := map[string]string{"Vary": "Origin, Authorization  Injected: b", "Content-Type": "text/plain; charset=utf-8"}
	if !reflect.DeepEqual(v2.prelude.Headers, joined) || !reflect.DeepEqual(v2.prelude.Cookies, []string{"a=1", "b=2"}) {
		t.Errorf("v2 %+v", v2.prelude)
	}
	for _, s := range []*stream{v1, v2} {
		if status, body := s.all(t); status != 201 || body != "ok" {
			t.Errorf("%d %q", status, body)
		}
	}
}

func TestStreamWithoutBody(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		h      http.HandlerFunc
		method string
		status int
	}{
		"nothing":     {func(http.ResponseWriter, *http.Request) {}, "GET", 200},
		"status":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }, "GET", 202},
		"empty write": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(nil) }, "GET", 200},
		"204":         {write(204, "text/plain", "x"), "GET", 204},
		"HEAD":        {write(200, "text/plain", "x"), "HEAD", 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			event := with(t, minimalV1, map[string]any{"httpMethod": tc.method})
			if status, body := startStream(t, tc.h, Options{}, event).all(t); status != tc.status || body != "" {
				t.Errorf("%d %q", status, body)
			}
		})
	}
}

// An empty write sends the header and waits for nobody.
func TestStreamEmptyWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wrote := make(chan struct{})
		s := startStream(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(nil)
			close(wrote)
		}, Options{}, []byte(minimalV1))
		<-wrote
		if status, body := s.all(t); status != http.StatusOK || body != "" {
			t.Errorf("%d %q", status, body)
		}
	})
}

// When the runtime goes away the handler's writes fail, its context ends, and Close
// waits until it has returned.
func TestStreamClosedByTheRuntime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var failed error
		returned := false
		s := startStream(t, func(w http.ResponseWriter, r *http.Request) {
			for failed == nil {
				_, failed = io.WriteString(w, "x")
			}
			<-r.Context().Done()
			time.Sleep(time.Second) // virtual
			returned = true
		}, Options{}, []byte(minimalV1))
		if got := s.next(t); got != "x" {
			t.Errorf("got %q", got)
		}
		s.close(t)
		if !returned || !errors.Is(failed, errGone) {
			t.Errorf("returned %v, write %v", returned, failed)
		}
	})
}

// A handler that hangs holds the runtime no longer than Lambda's deadline.
func TestStreamCloseEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin, release := time.Now(), make(chan struct{})
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			<-release
		})
		r, err := Streaming(h, Options{})(ctx, []byte(minimalV1))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.(io.Closer).Close(); err != nil || time.Since(begin) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		close(release)
	})
}

// The end of the stream is the end of the handler, not of its last write.
func TestStreamEndsWithTheHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		s := startStream(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "x")
			time.Sleep(time.Minute) // virtual
		}, Options{}, []byte(minimalV1))
		if _, body := s.all(t); body != "x" || time.Since(begin) != time.Minute {
			t.Errorf("%q after %v", body, time.Since(begin))
		}
	})
}

func TestStreamPanics(t *testing.T) {
	t.Parallel()
	o := Options{Logger: slog.New(slog.DiscardHandler)}
	before := startStream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Gone", "1")
		w.WriteHeader(http.StatusNoContent)
		panic("x")
	}, o, []byte(minimalV1))
	if status, body := before.all(t); status != 500 || body != failedBody || len(before.prelude.MultiValueHeaders) != 1 {
		t.Errorf("%d %q %v", status, body, before.prelude)
	}
	after := startStream(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic("x")
	}, o, []byte(minimalV1))
	if b, err := io.ReadAll(after); string(b) != "half" || !errors.Is(err, errAborted) {
		t.Errorf("%q %v", b, err)
	}
	after.close(t)
}

// Streaming works where lambda.StartWithOptions puts it: it is returned as a reader and
// not marshalled.
func TestStreamInTheRuntime(t *testing.T) {
	t.Parallel()
	h := lambda.NewHandlerWithOptions(Streaming(write(200, "text/plain", "ok"), Options{}))
	out, err := h.Invoke(t.Context(), []byte(minimalV2))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"statusCode":200,"headers":{"Content-Type":"text/plain"}}` + strings.Repeat("\x00", 8) + "ok"
	if string(out) != want {
		t.Errorf("got %q", out)
	}
}
