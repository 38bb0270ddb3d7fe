// Command echo is a Lambda function that says what it got, for the tests of runtimeapi.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"leasehold.example/libs/lambdahttp"
)

func main() {
	if os.Getenv("FAIL_INIT") != "" {
		os.Exit(3)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/echo/", echo)
	mux.HandleFunc("/env", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Join(os.Environ(), "\n"))
	})
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 7<<20)) })
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic("cut")
	})
	mux.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) { os.Exit(7) })
	mux.HandleFunc("/hang", func(http.ResponseWriter, *http.Request) { select {} })
	mux.HandleFunc("/left", left)
	mux.HandleFunc("/stream", stream)
	mux.HandleFunc("/late", func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		w.WriteHeader(http.StatusGatewayTimeout)
	})
	o := lambdahttp.Options{BasePaths: []string{"/tools"}, MaxResponse: 100 << 20, Logger: slog.New(slog.DiscardHandler)}
	var handler any = lambdahttp.Buffered(mux, o)
	if os.Getenv("MODE") == "streaming" {
		handler = lambdahttp.Streaming(mux, o)
	}
	if os.Getenv("DEAF") != "" {
		signal.Ignore(syscall.SIGTERM)
	}
	var options []lambda.Option
	if os.Getenv("ON_SIGTERM") != "" {
		options = append(options, lambda.WithEnableSIGTERM(func() {
			slog.Info("shut down")
			os.Exit(0)
		}))
	}
	lambda.StartWithOptions(handler, options...)
}

// echo answers with the request, and with what it was told to set.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	inv, ok := lambdahttp.FromContext(r.Context())
	deadline, timed := r.Context().Deadline()
	w.Header().Add("Set-Cookie", "a=1")
	w.Header().Add("Set-Cookie", "b=2")
	w.Header().Set("Content-Type", r.Header.Get("X-Answer-Type"))
	w.WriteHeader(http.StatusAccepted)
	if r.Header.Get("X-Answer-Type") == "application/octet-stream" {
		_, _ = w.Write(body)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "path": r.URL.Path, "escaped": r.URL.EscapedPath(), "query": r.URL.Query(), "host": r.Host,
		"remote": r.RemoteAddr, "header": r.Header, "body": string(body), "error": err != nil,
		"known": ok && inv.RequestID != "" && inv.AWSRequestID != "" && inv.SourceIP != "",
		"timed": timed && time.Until(deadline) > 0,
	})
}

// stream sends one event, and another when the file named by the query appears: the proof
// that the client had the first before the end.
func stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, "data: first\n\n")
	for r.Context().Err() == nil {
		if _, err := os.Stat(r.FormValue("until")); err == nil {
			break
		} else if !errors.Is(err, os.ErrNotExist) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	_, _ = io.WriteString(w, "data: last\n\n")
}

// left writes much and reports, in the file named by the query, whether a write failed:
// what a function knows of a client that left.
func left(w http.ResponseWriter, r *http.Request) {
	failed := "no"
	for range 100 {
		if _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err != nil {
			failed = err.Error()
			break
		}
	}
	_ = os.WriteFile(r.FormValue("report"), []byte(failed), 0o600)
}
