package lambdahttp

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func write(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Results are read by aws-lambda-go's own types, which is what the edges document.
func TestResponseV1(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Set("X-Split", "a\r\nInjected: b")
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		w.Header().Set("Content-Length", "7")
		w.WriteHeader(http.StatusAccepted)
		w.Header().Set("X-Late", "1")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "data: \"é\u2028\x00\"\n\n")
	}
	var got events.APIGatewayProxyResponse
	if err := json.Unmarshal([]byte(invoke(t, h, Options{}, []byte(minimalV1))), &got); err != nil {
		t.Fatal(err)
	}
	want := events.APIGatewayProxyResponse{
		StatusCode: 202, Body: "data: \"é\u2028\x00\"\n\n",
		MultiValueHeaders: map[string][]string{"Set-Cookie": {"a=1", "b=2"}, "X-Split": {"a  Injected: b"}, "Content-Type": {"text/event-stream; charset=utf-8"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestResponseV2(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Add("Vary", "Origin")
		w.Header().Add("Vary", "Authorization")
		_, _ = io.WriteString(w, "<html>")
	}
	var got events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal([]byte(invoke(t, h, Options{}, []byte(minimalV2))), &got); err != nil {
		t.Fatal(err)
	}
	want := events.APIGatewayV2HTTPResponse{
		StatusCode: 200, Body: "<html>", Cookies: []string{"a=1", "b=2"},
		Headers: map[string]string{"Vary": "Origin, Authorization", "Content-Type": "text/html; charset=utf-8"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestTextOrBase64(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		contentType, encoding, body string
		base64                      bool
	}{
		{"application/json", "", `{}`, false},
		{"application/json; charset=utf-8", "", `{}`, false},
		{"application/problem+json", "", `{}`, false},
		{"text/event-stream", "", "data: x\n\n", false},
		{"image/svg+xml", "", "<svg/>", false},
		{"text/plain", "", "\xff", true},
		{"application/json", "gzip", `{}`, true},
		{"application/octet-stream", "", "abc", true},
		{"image/png", "", "\x89PNG", true},
		{"not a type;;", "", "abc", true},
	} {
		t.Run(tc.contentType+tc.encoding, func(t *testing.T) {
			t.Parallel()
			h := func(w http.ResponseWriter, r *http.Request) {
				if tc.encoding != "" {
					w.Header().Set("Content-Encoding", tc.encoding)
				}
				write(200, tc.contentType, tc.body)(w, r)
			}
			var got events.APIGatewayProxyResponse
			if err := json.Unmarshal([]byte(invoke(t, h, Options{}, []byte(minimalV1))), &got); err != nil {
				t.Fatal(err)
			}
			if got.IsBase64Encoded {
				b, err := base64.StdEncoding.DecodeString(got.Body)
				if err != nil {
					t.Fatal(err)
				}
				got.Body = string(b)
			}
			if got.IsBase64Encoded != tc.base64 || got.Body != tc.body {
				t.Errorf("base64 %v, body %q", got.IsBase64Encoded, got.Body)
			}
		})
	}
}

// The status and body are those that net/http itself gives for the same handler.
func TestLikeNetHTTP(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"nothing":     func(http.ResponseWriter, *http.Request) {},
		"status only": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) },
		"first wins": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			w.WriteHeader(http.StatusTeapot)
		},
		"early hints": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusCreated)
		},
		"flush": func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).Flush()
			w.WriteHeader(http.StatusTeapot)
		},
		"late header": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			w.Header().Set("X-Late", "1")
		},
		"body on 204":    write(204, "text/plain", "x"),
		"body on 304":    write(304, "text/plain", "x"),
		"sniffed text":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "plain") },
		"sniffed binary": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0, 1, 2}) },
		"http.Error":     func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) },
		"http.NotFound":  http.NotFound,
		"no content type": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, "x")
		},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(name+" "+method, func(t *testing.T) {
				t.Parallel()
				srv := httptest.NewUnstartedServer(h)
				srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
				srv.Start()
				defer srv.Close()
				req, err := http.NewRequestWithContext(t.Context(), method, srv.URL, nil)
				if err != nil {
					t.Fatal(err)
				}
				res, err := srv.Client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				want, err := io.ReadAll(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				event := with(t, minimalV1, map[string]any{"httpMethod": method})
				var got events.APIGatewayProxyResponse
				if err := json.Unmarshal([]byte(invoke(t, h, Options{}, event)), &got); err != nil {
					t.Fatal(err)
				}
				body := []byte(got.Body)
				if got.IsBase64Encoded {
					if body, err = base64.StdEncoding.DecodeString(got.Body); err != nil {
						t.Fatal(err)
					}
				}
				header := http.Header(got.MultiValueHeaders)
				if got.StatusCode != res.StatusCode || !bytes.Equal(body, want) || header.Get("X-Late") != res.Header.Get("X-Late") ||
					header.Get("Content-Type") != res.Header.Get("Content-Type") && method == "GET" && got.StatusCode != http.StatusNotModified {
					t.Errorf("got %d %q %v\nwant %d %q %v", got.StatusCode, body, header, res.StatusCode, want, res.Header)
				}
			})
		}
	}
}

// Rule 11: an answer beyond the limit is replaced, never cut.
func TestRule11TooLargeIsReplaced(t *testing.T) {
	t.Parallel()
	fixed := `{"statusCode":500,"multiValueHeaders":{"Content-Type":["application/json"]},"body":"{\"message\":\"Response too large\"}","isBase64Encoded":false}`
	frame := len(`{"statusCode":200,"multiValueHeaders":{"Content-Type":["text/plain"]},"body":"","isBase64Encoded":false}`)
	for name, tc := range map[string]struct {
		h    http.HandlerFunc
		want string
	}{
		"just right":        {write(200, "text/plain", strings.Repeat("x", 1000-frame)), ""},
		"one byte more":     {write(200, "text/plain", strings.Repeat("x", 1001-frame)), fixed},
		"grown by escaping": {write(200, "text/plain", strings.Repeat(`"`, 900)), fixed},
		"grown by base64":   {write(200, "image/png", strings.Repeat("x", 900)), fixed},
		"in parts":          {func(w http.ResponseWriter, _ *http.Request) { fill(t, w, 5000) }, fixed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := invoke(t, tc.h, Options{MaxResponse: 1000}, []byte(minimalV1))
			if len(got) > 1000 || tc.want != "" && got != tc.want || tc.want == "" && len(got) != 1000 {
				t.Errorf("%d bytes: %s", len(got), got)
			}
		})
	}
}

// fill writes n bytes one by one and wants to be told that they are too many.
func fill(t *testing.T, w io.Writer, n int) {
	t.Helper()
	var err error
	for range n {
		_, err = w.Write([]byte("x")) // once refused, always refused
	}
	if !errors.Is(err, errTooLarge) {
		t.Errorf("write: %v", err)
	}
}

// A panic is one failed request. What was thrown stays out of answer and log.
func TestPanics(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-t0k3n"
	for name, tc := range map[string]struct {
		h      http.HandlerFunc
		logged string
	}{
		"value":       {func(http.ResponseWriter, *http.Request) { panic(secret) }, `"panic":"string"`},
		"error":       {func(http.ResponseWriter, *http.Request) { panic(errors.New(secret)) }, `"panic":"*errors.errorString"`},
		"runtime":     {func(http.ResponseWriter, *http.Request) { _ = strings.Fields("")[0] }, `index out of range`},
		"after write": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, secret); panic(secret) }, `"request_id":"r"`},
		"status":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(0) }, `"panic":"string"`},
		"abort":       {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logged bytes.Buffer
			o := Options{Logger: slog.New(slog.NewJSONHandler(&logged, nil))}
			got := invoke(t, tc.h, o, []byte(minimalV1))
			want := `{"statusCode":500,"multiValueHeaders":{"Content-Type":["application/json"]},"body":"{\"message\":\"Internal Server Error\"}","isBase64Encoded":false}`
			if got != want {
				t.Errorf("got %s", got)
			}
			if !strings.Contains(logged.String(), tc.logged) || strings.Contains(logged.String(), secret) || (tc.logged == "") != (logged.Len() == 0) {
				t.Errorf("logged %s", logged.String())
			}
		})
	}
}

// Buffered works where lambda.StartWithOptions puts it.
func TestBufferedInTheRuntime(t *testing.T) {
	t.Parallel()
	h := Buffered(write(200, "text/plain", "ok"), Options{})
	out, err := lambda.NewHandlerWithOptions(h).Invoke(context.Background(), []byte(minimalV2))
	if err != nil || string(out) != `{"statusCode":200,"headers":{"Content-Type":"text/plain"},"body":"ok","isBase64Encoded":false}` {
		t.Errorf("%s %v", out, err)
	}
}

// Scanners are pooled; requests and answers never meet.
func TestConcurrentAnswersStayApart(t *testing.T) {
	t.Parallel()
	h := Buffered(http.HandlerFunc(echo), Options{})
	for i := range 8 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			body := strings.Repeat(string(rune('a'+i)), 100*(i+1))
			event := with(t, minimalV1, map[string]any{"body": body})
			for range 100 {
				out, err := h.Invoke(t.Context(), event)
				if err != nil || !strings.Contains(string(out), `"body":"`+body+`"`) {
					t.Fatalf("%s %v", out, err)
				}
			}
		})
	}
}
