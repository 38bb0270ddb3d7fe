package observe_test

import (
	"log/slog"
	"net/http"
	"testing"

	"leasehold.example/libs/observe"
	"leasehold.example/libs/observe/metric"
)

// TestStatus: the first final status is the answer's.
func TestStatus(t *testing.T) {
	t.Parallel()
	s := newScene(t, slog.LevelInfo, 1, false, deriver{kid: "k1"})
	line := s.only(s.get(nil, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusAccepted)
		w.WriteHeader(http.StatusInternalServerError)
	}))
	if line["status"] != 202.0 || line["outcome"] != "ok" {
		t.Errorf("line %v", line)
	}
}

// TestPanic: a handler that panics leaves its line, and goes on to panic.
func TestPanic(t *testing.T) {
	t.Parallel()
	s := newScene(t, slog.LevelInfo, 1, true, deriver{kid: "k1"})
	func() {
		defer func() {
			if v := recover(); v != "thrown" {
				t.Errorf("recovered %v", v)
			}
		}()
		s.get(nil, func(http.ResponseWriter, *http.Request) { panic("thrown") })
	}()
	if line := s.only(s.lines()); line["outcome"] != metric.InternalErrors || line["status"] != 500.0 {
		t.Errorf("line %v", line)
	}
}

// TestWebAdapter: behind the Lambda Web Adapter the ids are in its headers.
func TestWebAdapter(t *testing.T) {
	t.Parallel()
	s := newScene(t, slog.LevelInfo, 1, false, deriver{kid: "k1"})
	const root = "1-5759e988-bd862e3fe1be46a994272793"
	line := s.only(s.get(nil, func(_ http.ResponseWriter, r *http.Request) {
		observe.From(r.Context()).ReadWebAdapter(http.Header{
			"X-Amzn-Lambda-Context":  {`{"request_id":"request-1","xray_trace_id":"Root=` + root + `;Sampled=0"}`},
			"X-Amzn-Request-Context": {`{"requestId":"edge-1","stage":"$default"}`},
		})
	}))
	if line["requestId"] != "request-1" || line["edgeRequestId"] != "edge-1" || line["traceId"] != root {
		t.Errorf("line %v", line)
	}
}
