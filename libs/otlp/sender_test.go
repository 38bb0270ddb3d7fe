package otlp_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"

	"leasehold.example/libs/otlp"
)

// something is an export that is not empty.
var something = &metricdata.ResourceMetrics{
	Resource:     resource.NewSchemaless(attribute.String("service.name", "mcp")),
	ScopeMetrics: []metricdata.ScopeMetrics{{}},
}

// What is sent is the export and nothing about us, and no redirect takes it elsewhere.
func TestRequest(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	got := make(chan *http.Request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	var log bytes.Buffer
	e := otlp.Metrics{To: otlp.NewSender(server.URL+"/secret-key/v1/metrics", slog.New(slog.NewTextHandler(&log, nil)))}
	if err := e.Export(t.Context(), something); err != nil {
		t.Error(err)
	}
	r := <-got
	if r.Method != http.MethodPost || r.URL.Path != "/secret-key/v1/metrics" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		t.Errorf("%s %s, %v", r.Method, r.URL, r.Header)
	}
	for name := range r.Header {
		if !slices.Contains([]string{"Content-Type", "Content-Length", "User-Agent", "Accept-Encoding"}, name) {
			t.Errorf("header %s: %s", name, r.Header.Get(name))
		}
	}
	if elsewhere.Load() != 0 || !strings.Contains(log.String(), "307") || strings.Contains(log.String(), "secret-key") {
		t.Errorf("%d requests elsewhere, log %s", elsewhere.Load(), log.String())
	}
}

// A failure is one warning and no error, without the URL, and the collector is left alone for a while after it.
func TestPause(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(http.ResponseWriter){
		"an error":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"too many":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
		"no answer":    func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"no telemetry": func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) },
	} {
		var requests atomic.Int64
		var broken atomic.Bool
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			requests.Add(1)
			if broken.Load() {
				fail(w)
			}
		}))
		t.Cleanup(server.Close)
		var log bytes.Buffer
		sender := otlp.NewSender(server.URL+"/secret-key", slog.New(slog.NewTextHandler(&log, nil)))
		now := time.Unix(1e9, 0)
		sender.At(func() time.Time { return now })
		export := func() int64 {
			before := requests.Load()
			if err := (otlp.Metrics{To: sender}).Export(t.Context(), something); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			return requests.Load() - before
		}
		if export() != 1 || log.Len() > 0 {
			t.Errorf("%s: before: %s", name, log.String())
		}
		broken.Store(true)
		if export() == 0 || strings.Count(log.String(), "WARN") != 1 {
			t.Errorf("%s: a failure logs %q", name, log.String())
		}
		if strings.Contains(log.String(), "secret-key") {
			t.Errorf("%s: the URL is logged: %s", name, log.String())
		}
		broken.Store(false)
		now = now.Add(otlp.Pause - time.Nanosecond)
		if export() != 0 {
			t.Errorf("%s: sent while it should pause", name)
		}
		now = now.Add(time.Nanosecond)
		if export() != 1 || strings.Count(log.String(), "WARN") != 1 {
			t.Errorf("%s: not sent after the pause, or logged again: %s", name, log.String())
		}
	}
}

// A connection that the collector closed while the instance was frozen is no failure.
func TestClosedConnection(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	served := make(chan struct{}, 2)
	go func() { // answers one request on each connection, promises to keep it, and closes it on the next
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				buf := make([]byte, 64<<10)
				if _, err := conn.Read(buf); err != nil {
					return
				}
				served <- struct{}{}
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				_, _ = conn.Read(buf) // the second request
			}()
		}
	}()
	var log bytes.Buffer
	e := otlp.Metrics{To: otlp.NewSender("http://"+l.Addr().String(), slog.New(slog.NewTextHandler(&log, nil)))}
	for range 2 {
		if err := e.Export(t.Context(), something); err != nil {
			t.Error(err)
		}
	}
	if len(served) != 2 {
		t.Errorf("%d of 2 exports arrived", len(served))
	}
	if log.Len() > 0 {
		t.Errorf("logged: %s", log.String())
	}
}
