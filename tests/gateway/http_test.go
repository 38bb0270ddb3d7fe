package gateway

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"leasehold.example/tests/deployment"
	"leasehold.example/tests/runtimeapi"
)

func httpWorld() *world {
	w := newWorld()
	w.REST = nil
	route := &deployment.Route{Function: alias("mcp", execution+"/*/*"), Timeout: time.Minute, Mappings: map[int]map[string]string{401: {
		"overwrite:header.WWW-Authenticate": "$response.header.x-challenge", "remove:header.x-challenge": "''",
	}}}
	w.HTTP = &deployment.HTTP{
		ID: "abc", ExecutionARN: execution, Host: "abc.example.com", Stage: "$default", LogFormat: "$context.status $context.routeKey $context.error.message",
		Throttle: deployment.Throttle{Rate: 1, Burst: 2}, Routes: map[string]*deployment.Route{"ANY /mcp": route, "GET /healthz": route},
	}
	return w
}

func TestHTTPAPI(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		request string
		change  func(*world)
		mcp     func(context.Context, []byte) (string, error)
		body    string
		status  int
		answer  string
	}{
		"any method": {request: "DELETE /mcp", status: 200, answer: "ok"},
		"own method": {request: "GET /healthz", status: 200, answer: "ok"},
		"no route":   {request: "POST /healthz", status: 404, answer: `{"message":"Not Found"}`},
		"no slash":   {request: "GET /mcp/", status: 404, answer: `{"message":"Not Found"}`},
		"10 MB":      {request: "POST /mcp", body: strings.Repeat("x", maxPayload+1), status: 413},
		"6 MB":       {request: "POST /mcp", body: strings.Repeat("x", runtimeapi.MaxBuffered), status: 413},
		"failed":     {request: "POST /mcp", mcp: func(context.Context, []byte) (string, error) { return "", &runtimeapi.FunctionError{} }, status: 500, answer: "Internal Server Error"},
		"throttled":  {request: "POST /mcp", mcp: func(context.Context, []byte) (string, error) { return "", runtimeapi.ErrThrottled }, status: 503},
		"no status":  {request: "POST /mcp", mcp: func(context.Context, []byte) (string, error) { return `{"a":1}`, nil }, status: 200, answer: `{"a":1}`},
		"permission": {request: "POST /mcp", change: func(w *world) { w.HTTP.Routes["ANY /mcp"].Function.Function.Permissions = nil }, status: 500},
		"late": {
			request: "POST /mcp", change: func(w *world) { w.HTTP.Routes["ANY /mcp"].Timeout = time.Millisecond },
			mcp: func(ctx context.Context, _ []byte) (string, error) { <-ctx.Done(); return "", ctx.Err() }, status: 503, answer: "Service Unavailable",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httpWorld()
			if tt.change != nil {
				tt.change(w)
			}
			if tt.mcp != nil {
				w.mcp = tt.mcp
			}
			method, path, _ := strings.Cut(tt.request, " ")
			if got := ask(w.handler(), method, path, tt.body, "Content-Type: text/plain"); got.Code != tt.status || !strings.Contains(got.Body.String(), tt.answer) {
				t.Errorf("%d %s", got.Code, got.Body)
			}
			if tt.status >= 400 && w.reason.Len() == 0 {
				t.Error("no reason in the execution log")
			}
		})
	}
	w := httpWorld()
	w.options.Now = func() time.Time { return time.Unix(1_800_000_000, 0) }
	h := w.handler()
	for _, status := range []int{200, 200, 429} {
		if got := ask(h, "GET", "/healthz", ""); got.Code != status {
			t.Errorf("throttle: %d, want %d", got.Code, status)
		}
	}
	if !strings.HasSuffix(w.access.String(), "429 GET /healthz Too Many Requests\n") {
		t.Errorf("%s", &w.access)
	}
	if !bytes.Contains(w.events["mcp"], []byte(`"routeKey":"GET /healthz"`)) || !bytes.Contains(w.events["mcp"], []byte(`"version":"2.0"`)) {
		t.Errorf("%s", w.events["mcp"])
	}
}

// Only the statuses of the mapping get their challenge back.
func TestRule46Challenge(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{401: "Bearer a", 403: ""} {
		w := httpWorld()
		w.mcp = func(context.Context, []byte) (string, error) {
			return answer(status, "X-Challenge: Bearer a", "no"), nil
		}
		got := ask(w.handler(), "POST", "/mcp", "")
		if got.Header().Get("WWW-Authenticate") != want || (got.Header().Get("X-Challenge") == "") != (status == 401) {
			t.Errorf("%d: %v", got.Code, got.Header())
		}
	}
	w := httpWorld()
	w.mcp = func(context.Context, []byte) (string, error) {
		return answer(401, "WWW-Authenticate: Bearer a", "no"), nil
	}
	if got := ask(w.handler(), "POST", "/mcp", ""); got.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("not renamed: %v", got.Header())
	}
}
