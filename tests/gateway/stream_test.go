package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// streamed answers with a prelude and what is written to the pipe.
type streamed struct {
	*world
	body io.ReadCloser
}

func (s streamed) Invoke(ctx context.Context, alias string, event []byte, streaming bool) (*Answer, error) {
	if !streaming {
		return s.world.Invoke(ctx, alias, event, streaming)
	}
	return &Answer{Body: s.body}, nil
}

func TestStreaming(t *testing.T) {
	t.Parallel()
	const prelude = `{"statusCode":200,"headers":{"Content-Type":"text/event-stream","WWW-Authenticate":"x"}}` + "\x00\x00\x00\x00\x00\x00\x00\x00"
	setUp := func(t *testing.T, timeout time.Duration) (w *world, in *io.PipeWriter, get func() (*http.Response, error)) {
		w = newWorld()
		m := w.REST.Methods["/healthz"]["GET"]
		m.Streaming, m.Timeout = true, timeout
		out, in := io.Pipe()
		server := httptest.NewServer(REST(w.Deployment, streamed{w, out}, Options{}))
		t.Cleanup(server.Close)
		return w, in, func() (*http.Response, error) { return http.Get(server.URL + "/live/healthz") }
	}
	write := func(t *testing.T, in io.Writer, s string) {
		if _, err := io.WriteString(in, s); err != nil {
			t.Error(err)
		}
	}
	t.Run("bytes arrive before the end", func(t *testing.T) {
		t.Parallel()
		_, in, get := setUp(t, time.Minute)
		go write(t, in, prelude+"first")
		res, err := get()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		first := make([]byte, 5)
		if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "first" || res.Header.Get("X-Amzn-Remapped-Www-Authenticate") != "x" {
			t.Fatalf("%q %v %v", first, err, res.Header)
		}
		write(t, in, "last")
		_ = in.Close()
		if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "last" {
			t.Errorf("%q %v", rest, err)
		}
	})
	t.Run("a cut is seen", func(t *testing.T) {
		t.Parallel()
		_, in, get := setUp(t, time.Minute)
		go func() {
			write(t, in, prelude+"half")
			_ = in.CloseWithError(errors.New("cut"))
		}()
		res, err := get()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if b, err := io.ReadAll(res.Body); err == nil {
			t.Errorf("%q", b)
		}
	})
	t.Run("the timeout holds for the whole of it", func(t *testing.T) {
		t.Parallel()
		_, in, get := setUp(t, time.Second)
		go write(t, in, prelude+"first")
		res, err := get()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if b, err := io.ReadAll(res.Body); err == nil {
			t.Errorf("%q", b)
		}
	})
	t.Run("nothing within the timeout", func(t *testing.T) {
		t.Parallel()
		_, _, get := setUp(t, 20*time.Millisecond)
		res, err := get()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusGatewayTimeout {
			t.Errorf("%d", res.StatusCode)
		}
	})
	t.Run("an answer for buffered invocations", func(t *testing.T) {
		t.Parallel()
		_, in, get := setUp(t, time.Minute)
		go func() {
			write(t, in, answer(200, "", "ok"))
			_ = in.Close()
		}()
		res, err := get()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusBadGateway {
			t.Errorf("%d", res.StatusCode)
		}
	})
}
