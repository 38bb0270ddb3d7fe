package telemetry_test

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/telemetry"
	"leasehold.example/libs/telemetry/telemetrytest"
)

// hanging is a collector that takes connections and says nothing.
func hanging(t *testing.T) (url string, connections *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	connections = &atomic.Int64{}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	return "http://" + l.Addr().String(), connections
}

// A collector that hangs costs one flush its time, and the ones after it nothing; nor does it
// keep the process from ending in the time that it has.
func TestHangingCollector(t *testing.T) {
	t.Parallel()
	url, connections := hanging(t)
	tel, err := telemetry.New(telemetry.Options{
		Service: metric.ServiceMCP, TracesURL: url, MetricsURL: url, Sample: 1, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	flush := func() time.Duration {
		_, span := tel.Begin(t.Context(), time.Now(), "ping", telemetry.Carried{})
		span.End()
		tel.Count(t.Context(), metric.Requests, 1)
		began := time.Now()
		tel.Flush(t.Context())
		return time.Since(began)
	}
	if took := flush(); took < telemetry.FlushTime/2 {
		t.Errorf("the first flush took %v, want %v", took, telemetry.FlushTime)
	}
	once := connections.Load() // of spans and of metrics
	var later time.Duration
	for range 20 {
		later += flush()
	}
	if later > 10*telemetry.FlushTime { // half of what they would take that waited
		t.Errorf("20 later flushes took %v", later)
	}
	if connections.Load() != once {
		t.Errorf("%d connections, want the first %d alone", connections.Load(), once)
	}
	ctx, cancel := context.WithTimeout(t.Context(), telemetry.FlushTime)
	defer cancel()
	tel.Shutdown(ctx)
}

// One that is not there costs nothing worth the name, and is one warning for each signal, without
// the URL's path: with some vendors that is a credential.
func TestDeadCollector(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	_ = l.Close()
	var log strings.Builder
	tel, err := telemetry.New(telemetry.Options{
		Service: metric.ServiceMCP, TracesURL: url + "/v1/traces", Sample: 1, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, span := tel.Begin(t.Context(), time.Now(), "ping", telemetry.Carried{})
		span.End()
		tel.Flush(t.Context())
	}
	tel.Shutdown(t.Context())
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "WARN") || strings.Contains(log.String(), "/v1/traces") {
		t.Errorf("%d lines, want one warning: %s", n, log.String())
	}
}

// A flush is not cut off with the invocation that it belongs to, and what ended before the
// process does is sent.
func TestFlushOutlivesItsContext(t *testing.T) {
	t.Parallel()
	collector := telemetrytest.Serve(t)
	tel := recorder(t, collector, telemetry.Options{Sample: 1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for i, send := range []func(context.Context){tel.Flush, func(context.Context) { tel.Shutdown(t.Context()) }} {
		_, span := tel.Begin(ctx, time.Now(), "ping", telemetry.Carried{})
		span.End()
		send(ctx)
		if n := len(collector.Spans()); n != i+1 {
			t.Errorf("%d spans, want %d", n, i+1)
		}
	}
}

// Without an endpoint there is nothing: no error, and no allocation. It counts those of the
// process, so it is not parallel.
func TestNothing(t *testing.T) {
	tel, err := telemetry.New(telemetry.Options{Service: metric.ServiceMCP})
	if tel != nil || err != nil {
		t.Fatalf("%v, %v", tel, err)
	}
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		_, span := tel.Begin(ctx, time.Time{}, "ping", telemetry.Carried{})
		telemetry.Fail(span, "x")
		span.End()
		tel.Count(ctx, metric.Requests, 1)
		tel.Measure(ctx, metric.Latency, 1)
		tel.Flush(ctx)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	tel.Shutdown(ctx)
}

// Every metric of a service is there, under its name and in its unit, and none of another's.
func TestMetrics(t *testing.T) {
	t.Parallel()
	for _, service := range []string{metric.ServiceMCP, metric.ServiceAuthorizer} {
		collector := telemetrytest.Serve(t)
		tel := recorder(t, collector, telemetry.Options{Service: service})
		for _, m := range metric.All() {
			tel.Count(t.Context(), m.Name, 2)
			tel.Measure(t.Context(), m.Name, 3)
		}
		tel.Count(t.Context(), "Invented", 1)
		tel.Flush(t.Context())
		sums, values := collector.Counts()
		for _, m := range metric.All() {
			wantSum, wantValues := int64(2), uint64(0)
			if m.Unit == metric.Milliseconds {
				wantSum, wantValues = 0, 1
			}
			if !m.Emits(service) {
				wantSum, wantValues = 0, 0
			}
			if sums[m.Name] != wantSum || values[m.Name] != wantValues {
				t.Errorf("%s: %s: sum %d and %d values, want %d and %d", service, m.Name, sums[m.Name], values[m.Name], wantSum, wantValues)
			}
		}
		if _, ok := sums["Invented"]; ok {
			t.Error("a metric that there is not was sent")
		}
	}
}
