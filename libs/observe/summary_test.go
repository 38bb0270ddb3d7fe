package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/session"
)

// scene is Signals and what they wrote.
type scene struct {
	*observe.Signals
	log    *slog.Logger
	out    *bytes.Buffer
	tb     testing.TB
	drawn  float64
	caller identity.Principal
}

func newScene(tb testing.TB, level slog.Level, sample float64, metrics bool, keys observe.Deriver) *scene {
	tb.Helper()
	s := &scene{out: &bytes.Buffer{}, tb: tb, drawn: 0.5, caller: identity.Principal{
		Tenant: "acme", Issuer: "https://issuer.example", Subject: "user-1", ClientID: "client-1",
	}}
	s.log = observe.NewLogger(s.out, level, observe.Whose(metric.ServiceMCP, "1.2.3", "test")...)
	s.Signals = observe.NewSignals(s.log, observe.NewPseudonyms(keys), observe.Options{
		Service: metric.ServiceMCP, Stage: "test", Sample: sample, Metrics: metrics, Draw: func() float64 { return s.drawn },
	})
	return s
}

// get sends a request to do and returns the lines that it left.
func (s *scene) get(header http.Header, do func(w http.ResponseWriter, r *http.Request)) []map[string]any {
	s.tb.Helper()
	s.out.Reset()
	r := httptest.NewRequestWithContext(s.tb.Context(), http.MethodPost, "/mcp", http.NoBody)
	r.Header = header
	s.Handler(http.HandlerFunc(do)).ServeHTTP(httptest.NewRecorder(), r)
	return s.lines()
}

func (s *scene) lines() (all []map[string]any) {
	s.tb.Helper()
	for line := range strings.Lines(s.out.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			s.tb.Fatalf("not JSON: %v: %s", err, line)
		}
		all = append(all, m)
	}
	return all
}

// only is the one line among all.
func (s *scene) only(all []map[string]any) map[string]any {
	s.tb.Helper()
	if len(all) != 1 || all[0]["message"] != metric.SummaryMessage {
		s.tb.Fatalf("lines %v, want one summary", all)
	}
	return all[0]
}

func ok(http.ResponseWriter, *http.Request) {}

// TestSummary: one line has all that is known, under the names that the stack knows.
func TestSummary(t *testing.T) {
	t.Parallel()
	s := newScene(t, slog.LevelInfo, 1, true, deriver{kid: "k1"})
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	header := http.Header{"Traceparent": {"00-" + trace + "-00f067aa0ba902b7-01"}}
	line := s.only(s.get(header, func(w http.ResponseWriter, r *http.Request) {
		o := observe.From(r.Context())
		o.Caller(r.Context(), s.caller)
		o.Method("tools/call")
		o.Tool("math")
		o.Era(true)
		o.Count(metric.ValidMCPEvents)
		_, _ = w.Write([]byte("ok"))
	}))
	subject := observe.NewPseudonyms(deriver{kid: "k1"}).Pseudonym(t.Context(), s.caller.Owner())
	for key, want := range map[string]any{
		"level": "INFO", "service": "mcp", "version": "1.2.3", "stage": "test", "coldStart": true, "traceId": trace, "tenant": "acme",
		"subject": subject, "method": "tools/call", "tool": "math", "era": "modern", "status": 200.0, "outcome": "ok", "storeCalls": 0.0,
		"Service": "mcp", "Stage": "test", "Requests": 1.0, "ColdStarts": 1.0, "ValidMCPEvents": 1.0,
	} {
		if line[key] != want {
			t.Errorf("%s = %v, want %v", key, line[key], want)
		}
	}
	if id, _ := line["requestId"].(string); len(id) < 20 {
		t.Errorf("requestId = %v", line["requestId"])
	}
	wantEmbedded(t, line)
	again := s.only(s.get(nil, ok))
	for _, key := range []string{"coldStart", "ColdStarts", "tenant", "subject", "tool", "traceId", "debug", "reason", "problem"} {
		if value, there := again[key]; there {
			t.Errorf("a second, empty request has %s = %v", key, value)
		}
	}
	if again["requestId"] == line["requestId"] {
		t.Error("two requests have one id")
	}
}

// wantEmbedded holds line to the embedded metric format, and to package metric.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func wantEmbedded(t *testing.T, line map[string]any) {
	t.Helper()
	encoded, err := json.Marshal(line["_aws"])
	if err != nil {
		t.Fatal(err)
	}
	var aws struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	}
	if err := json.Unmarshal(encoded, &aws); err != nil || len(aws.CloudWatchMetrics) != 1 {
		t.Fatalf("_aws = %s", encoded)
	}
	text, _ := line["timestamp"].(string)
	if at, err := time.Parse(time.RFC3339, text); err != nil || at.UnixMilli() != aws.Timestamp {
		t.Errorf("the line is of %s, and its metrics of %d ms", text, aws.Timestamp)
	}
	d := aws.CloudWatchMetrics[0]
	if d.Namespace != metric.Namespace || fmt.Sprint(d.Dimensions) != "[[Service Stage]]" {
		t.Errorf("namespace %s, dimensions %v", d.Namespace, d.Dimensions)
	}
	for _, m := range d.Metrics {
		known, ok := metric.Find(m.Name)
		if !ok || m.Unit != known.Unit {
			t.Errorf("metric %v is none of package metric's", m)
		}
		switch value := line[m.Name].(type) {
		case float64:
		case []any:
			if len(value) > 100 || m.Name != metric.StoreLatency {
				t.Errorf("%s has %d values", m.Name, len(value))
			}
		default:
			t.Errorf("%s = %v", m.Name, value)
		}
	}
	if len(d.Metrics) > 100 {
		t.Errorf("%d metrics", len(d.Metrics))
	}
	for name := range line {
		if _, ok := metric.Find(name); ok && !bytes.Contains(encoded, []byte(`"`+name+`"`)) {
			t.Errorf("%s is in the line and not in its directive", name)
		}
	}
}

// TestFailures: a failure is counted once, by whoever knows it best, and never sampled away.
func TestFailures(t *testing.T) {
	t.Parallel()
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	s := newScene(t, slog.LevelInfo, 0, true, deriver{kid: "k1"})
	for _, test := range []struct {
		do           http.HandlerFunc
		want, level  string
		alsoReported string
	}{
		{status(404), metric.ProtocolErrors, "INFO", ""},
		{status(500), metric.InternalErrors, "ERROR", ""},
		{status(503), metric.Unavailable, "WARN", ""},
		{func(w http.ResponseWriter, r *http.Request) {
			observe.From(r.Context()).Refused(errors.New("expired"))
			w.WriteHeader(http.StatusUnauthorized)
		}, metric.AuthFailures, "INFO", ""},
		{func(_ http.ResponseWriter, r *http.Request) {
			observe.From(r.Context()).Count(metric.ToolErrors)
		}, metric.ToolErrors, "INFO", ""},
		{func(w http.ResponseWriter, r *http.Request) {
			observe.From(r.Context()).Count(metric.ToolErrors)
			w.WriteHeader(http.StatusGatewayTimeout)
		}, metric.ToolErrors, "INFO", metric.InternalErrors},
		{func(w http.ResponseWriter, r *http.Request) {
			observe.Happened(r.Context(), session.LimitReached)
			w.WriteHeader(http.StatusTooManyRequests)
		}, metric.LimitsReached, "INFO", ""},
	} {
		line := s.only(s.get(nil, test.do))
		if line["outcome"] != test.want || line["level"] != test.level || line[test.want] != 1.0 {
			t.Errorf("want %s at %s, got %v", test.want, test.level, line)
		}
		counted := 0
		for _, name := range []string{
			metric.ProtocolErrors, metric.InternalErrors, metric.Unavailable, metric.AuthFailures, metric.ToolErrors, metric.LimitsReached,
		} {
			if line[name] != nil && name != test.alsoReported {
				counted++
			}
		}
		if counted != 1 || test.alsoReported != "" && line[test.alsoReported] != 1.0 {
			t.Errorf("%s is counted otherwise too: %v", test.want, line)
		}
		wantEmbedded(t, line)
	}
}

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

// TestSampling: what is sampled away are texts, never metrics, and never those of somebody
// under debug or of what went wrong.
func TestSampling(t *testing.T) {
	t.Parallel()
	call := func(debug bool) func(s *scene) []map[string]any {
		return func(s *scene) []map[string]any {
			return s.get(nil, func(_ http.ResponseWriter, r *http.Request) {
				p := s.caller
				p.Debug = debug
				observe.From(r.Context()).Caller(r.Context(), p)
			})
		}
	}
	for name, test := range map[string]struct {
		level   slog.Level
		sample  float64
		metrics bool
		debug   bool
		whole   bool
	}{
		"all":                        {slog.LevelInfo, 1, true, false, true},
		"drawn":                      {slog.LevelInfo, 0.6, true, false, true},
		"not drawn":                  {slog.LevelInfo, 0.5, true, false, false},
		"not drawn, under debug":     {slog.LevelInfo, 0, true, true, true},
		"level warn":                 {slog.LevelWarn, 1, true, false, false},
		"level warn, under debug":    {slog.LevelWarn, 1, true, true, true},
		"all, without metrics":       {slog.LevelInfo, 1, false, false, true},
		"not drawn, without metrics": {slog.LevelInfo, 0.2, false, false, false},
	} {
		s := newScene(t, test.level, test.sample, test.metrics, deriver{kid: "k1"})
		lines := call(test.debug)(s)
		if !test.whole && !test.metrics {
			if len(lines) > 0 {
				t.Errorf("%s: %v", name, lines)
			}
			continue
		}
		line := s.only(lines)
		if (line["tenant"] != nil) != test.whole || (line["subject"] != nil) != test.whole || (line["durationMs"] != nil) != test.whole {
			t.Errorf("%s: want whole %v: %v", name, test.whole, line)
		}
		if (line["Requests"] == 1.0 && line["Latency"] != nil && line["_aws"] != nil) != test.metrics {
			t.Errorf("%s: want metrics %v: %v", name, test.metrics, line)
		}
		if (line["debug"] == true) != test.debug {
			t.Errorf("%s: debug %v", name, line["debug"])
		}
	}
}

// TestDebugLevel: a claim lowers the level of one request, and of no other.
func TestDebugLevel(t *testing.T) {
	t.Parallel()
	s := newScene(t, slog.LevelInfo, 1, false, deriver{kid: "k1"})
	for _, debug := range []bool{true, false} {
		lines := s.get(nil, func(_ http.ResponseWriter, r *http.Request) {
			s.log.DebugContext(r.Context(), "before it is known who asks")
			p := s.caller
			p.Debug = debug
			observe.From(r.Context()).Caller(r.Context(), p)
			s.log.With("a", 1).DebugContext(r.Context(), "detail")
		})
		if want := map[bool]int{true: 2, false: 1}[debug]; len(lines) != want {
			t.Errorf("debug %v: %v", debug, lines)
		}
		if debug && (lines[0]["message"] != "detail" || lines[0]["requestId"] != lines[1]["requestId"]) {
			t.Errorf("lines %v", lines)
		}
	}
}

// TestSubjectWaitsForNothing: a key that cannot be had holds no answer up.
func TestSubjectWaitsForNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := newScene(t, slog.LevelInfo, 1, false, stuck{release})
		line := s.only(s.get(nil, func(_ http.ResponseWriter, r *http.Request) {
			observe.From(r.Context()).Caller(r.Context(), s.caller)
		}))
		if line["subject"] != observe.NoPseudonym || line["durationMs"].(float64) > 200 {
			t.Errorf("line %v", line)
		}
		close(release)
		synctest.Wait()
		line = s.only(s.get(nil, func(_ http.ResponseWriter, r *http.Request) {
			observe.From(r.Context()).Caller(r.Context(), s.caller)
		}))
		if subject, _ := line["subject"].(string); !strings.HasPrefix(subject, "k1.") {
			t.Errorf("with the key at hand: %v", line)
		}
	})
}

// stuck derives when it is released.
type stuck struct{ release chan struct{} }

func (s stuck) Derive(context.Context, string) (string, []byte, error) {
	<-s.release
	return "k1", []byte("key"), nil
}

// TestIDs: a request has Lambda's id and X-Ray's, and what a client invents for one is
// dropped.
func TestIDs(t *testing.T) {
	t.Parallel()
	s := newScene(t, slog.LevelInfo, 1, false, deriver{kid: "k1"})
	const root = "1-5759e988-bd862e3fe1be46a994272793"
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	ctx = context.WithValue(ctx, "x-amzn-trace-id", "Root="+root+";Parent=53995c3f42cd8ad8;Sampled=1") //nolint:staticcheck // aws-lambda-go's key
	ctx, _ = s.Begin(ctx)
	s.End(ctx)
	if line := s.only(s.lines()); line["requestId"] != "request-1" || line["traceId"] != root {
		t.Errorf("line %v", line)
	}
	s.out.Reset()
	ctx, _ = s.Begin(context.WithValue(t.Context(), "x-amzn-trace-id", "Root="+root+"0")) //nolint:staticcheck // as above
	s.End(ctx)
	if line := s.only(s.lines()); line["traceId"] != nil {
		t.Errorf("line %v", line)
	}
	for _, traceparent := range []string{
		"eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736",
	} {
		header := http.Header{"Traceparent": {traceparent}, "X-Amzn-Lambda-Context": {`{"request_id":"mine"}`}}
		line := s.only(s.get(header, ok))
		if line["traceId"] != nil || line["requestId"] == "mine" {
			t.Errorf("%s: %v", traceparent, line)
		}
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

// TestText: what a person reads who watches has the time of day, no ids and no metrics.
func TestText(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	signals := observe.NewSignals(observe.NewTextLogger(&out, slog.LevelInfo), nil, observe.Options{
		Service: metric.ServiceMCP, Stage: "local", Sample: 1,
	})
	ctx, r := signals.Begin(t.Context())
	r.Method("ping")
	signals.End(ctx)
	want := regexp.MustCompile(`^time=\d\d:\d\d:\d\d\.\d{3} level=INFO msg=request method=ping coldStart=true outcome=ok durationMs=[0-9.e+-]+ storeCalls=0\n$`)
	if !want.MatchString(out.String()) {
		t.Errorf("got %s", out.String())
	}
}

// TestNobodysRequest: without a Request in the context nothing is gathered, and nothing fails.
func TestNobodysRequest(t *testing.T) {
	t.Parallel()
	o := observe.From(t.Context())
	o.Count(metric.ToolErrors)
	o.Caller(t.Context(), identity.Principal{})
	o.Method("m")
	o.Refused(errors.New("x"))
	observe.Happened(t.Context(), session.Opened)
	if o.Debugging() || observe.Aside(t.Context(), slog.LevelWarn) != slog.LevelWarn {
		t.Error("nobody's request has a level")
	}
	newScene(t, slog.LevelInfo, 1, true, deriver{}).End(t.Context())
}
