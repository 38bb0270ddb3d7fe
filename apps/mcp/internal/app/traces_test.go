package app_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/lambdahttp"
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/telemetry/telemetrytest"
)

// traced is a server that sends to a collector.
type traced struct {
	*apptest.Server
	*person
	collector *telemetrytest.Collector
}

func newTraced(t *testing.T, environ map[string]string) traced {
	t.Helper()
	collector := telemetrytest.Serve(t)
	all := map[string]string{config.EnvOTLPEndpoint: collector.URL}
	maps.Copy(all, environ)
	s, p := newServer(t, all)
	return traced{s, p, collector}
}

// spans are those that do leaves, and line is the last line that it leaves in the log.
func (s traced) spans(t *testing.T, do func()) (spans []*tracev1.Span, line map[string]any) {
	t.Helper()
	s.Telemetry.Flush(t.Context())
	before, log := len(s.collector.Spans()), len(s.Log.String())
	do()
	s.Telemetry.Flush(t.Context())
	lines := summaries(t, s.Log.String()[log:])
	return s.collector.Spans()[before:], lines[len(lines)-1]
}

// TestSpans: each message leaves one span, named by what it was about if there is such a
// thing, and what has no good token or no message leaves none.
func TestSpans(t *testing.T) {
	t.Parallel()
	s := newTraced(t, nil)
	weak := s.As(s.token(identitytest.Scopes("mcp:basic")))
	for name, test := range map[string]struct {
		do   func()
		want string // name, then attributes; empty for no span
	}{
		"a tool":        {func() { s.ToolModern(t, "math", `{"a":2,"b":3}`) }, "tools/call math mcp.method.name=tools/call gen_ai.tool.name=math gen_ai.operation.name=execute_tool mcp.protocol.version=2026-07-28 jsonrpc.request.id=7 network.transport=tcp error.type= mcp.session.id="},
		"an older one":  {func() { s.Tool(t, s.session, "math", `{"a":2,"b":3}`) }, "tools/call math mcp.protocol.version=2025-11-25 mcp.session.id=* error.type="},
		"initialize":    {func() { s.Initialize(t, "", "client") }, "initialize mcp.session.id=* error.type="},
		"notification":  {func() { s.Notify(t, s.session, "notifications/initialized", "{}") }, "notifications/initialized jsonrpc.request.id= error.type="},
		"a list":        {func() { s.CallModern(t, "tools/list", "", "") }, "tools/list gen_ai.tool.name= error.type="},
		"tool's error":  {func() { s.ToolModern(t, "notebook_read", `{"notebook":"nobodys"}`) }, "tools/call notebook_read error.type=tool_error rpc.response.status_code="},
		"no such tool":  {func() { s.ToolModern(t, "invented-by-a-client", `{}`) }, "tools/call gen_ai.tool.name= error.type=-32602 rpc.response.status_code=-32602"},
		"an older such": {func() { s.Tool(t, s.session, "invented-by-a-client", `{}`) }, "tools/call gen_ai.tool.name= error.type=-32602"},
		"no method":     {func() { s.CallModern(t, "invented-by-a-client", "", "") }, "other mcp.method.name=other error.type=-32601"},
		"a resource": {func() {
			s.CallModern(t, "resources/read", "invented-by-a-client://x", `"uri":"invented-by-a-client://x"`)
		}, "resources/read mcp.resource.uri= error.type=-32602"},
		"a text as id": {func() {
			s.Do(t, http.MethodPost, `{"jsonrpc":"2.0","id":"invented-by-a-client","method":"ping"}`, map[string]string{"Mcp-Session-Id": s.session, "Mcp-Protocol-Version": "2025-11-25"})
		}, "ping jsonrpc.request.id= error.type="},
		"another version": {func() {
			s.Do(t, http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, map[string]string{"Mcp-Session-Id": s.session, "Mcp-Protocol-Version": "invented-by-a-client"})
		}, "ping mcp.protocol.version="},
		"no scope":    {func() { weak.ToolModern(t, "notebook_open", `{"title":"x"}`) }, "tools/call notebook_open error.type=403"},
		"no session":  {func() { s.Tool(t, "invented-by-a-client", "math", `{}`) }, "tools/call mcp.session.id= error.type=404"},
		"no token":    {func() { s.As("").ToolModern(t, "math", `{}`) }, ""},
		"a bad token": {func() { s.As("x").ToolModern(t, "math", `{}`) }, ""},
		"no message":  {func() { s.Do(t, http.MethodPost, "{", nil) }, ""},
		"a deletion":  {func() { s.Delete(t, "invented-by-a-client") }, ""},
	} {
		spans, line := s.spans(t, test.do)
		if test.want == "" {
			if len(spans) != 0 {
				t.Errorf("%s: %v", name, spans)
			}
			continue
		}
		if len(spans) != 1 || spans[0].GetKind() != tracev1.Span_SPAN_KIND_SERVER {
			t.Errorf("%s: %d spans, want one: %v", name, len(spans), spans)
			continue
		}
		wantSpan(t, name, spans[0], test.want)
		if line[metric.FieldTraceID] != hex.EncodeToString(spans[0].GetTraceId()) {
			t.Errorf("%s: the line has trace %v", name, line[metric.FieldTraceID])
		}
	}
	if all := s.collector.String(); strings.Contains(all, "invented-by-a-client") {
		t.Error("what a client invented is in a span")
	}
}

func wantSpan(t *testing.T, name string, span *tracev1.Span, want string) {
	t.Helper()
	title := []string{}
	failed := span.GetStatus().GetCode() == tracev1.Status_STATUS_CODE_ERROR
	for word := range strings.FieldsSeq(want) {
		key, value, attribute := strings.Cut(word, "=")
		if !attribute {
			title = append(title, word)
			continue
		}
		got := telemetrytest.Attribute(span, key)
		if value != got && (value != "*" || got == "") {
			t.Errorf("%s: %s is %q, want %q", name, key, got, value)
		}
		if key == "error.type" && failed != (value != "") || failed && span.GetStatus().GetMessage() != "" {
			t.Errorf("%s: status %v", name, span.GetStatus())
		}
	}
	if got := strings.Join(title, " "); span.GetName() != got {
		t.Errorf("%s: name %q, want %q", name, span.GetName(), got)
	}
}

// TestParentage: in both eras, and in a batch, the span belongs to the trace that the message
// or the header names.
func TestParentage(t *testing.T) {
	t.Parallel()
	s := newTraced(t, nil)
	old := s.Call(t, "", "initialize", `{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"old","version":"1"}}`).Header.Get("Mcp-Session-Id")
	const inMessage, inHeader = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-a1a1a1a1a1a1a1a1-01", "00-cccccccccccccccccccccccccccccccc-c1c1c1c1c1c1c1c1-01"
	send := map[string]func(meta string, header map[string]string){
		"modern": func(meta string, header map[string]string) {
			maps.Copy(header, map[string]string{"Mcp-Protocol-Version": apptest.Modern, "Mcp-Method": "tools/call", "Mcp-Name": "math"})
			s.Do(t, http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"math","arguments":{"a":1,"b":2},"_meta":{`+
				`"io.modelcontextprotocol/protocolVersion":"`+apptest.Modern+`","io.modelcontextprotocol/clientCapabilities":{}`+meta+`}}}`, header)
		},
		"legacy": func(meta string, header map[string]string) {
			maps.Copy(header, map[string]string{"Mcp-Protocol-Version": apptest.Legacy, "Mcp-Session-Id": s.session})
			s.Do(t, http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"math","arguments":{"a":1,"b":2},"_meta":{"x":1`+meta+`}}}`, header)
		},
		"batch": func(meta string, header map[string]string) {
			maps.Copy(header, map[string]string{"Mcp-Protocol-Version": "2025-03-26", "Mcp-Session-Id": old})
			s.Do(t, http.MethodPost, `[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"math","arguments":{"a":1,"b":2},"_meta":{"x":1`+meta+`}}}]`, header)
		},
	}
	for era, do := range send {
		for name, test := range map[string]struct{ meta, header, parent, link string }{
			"none":      {"", "", "", ""},
			"message":   {inMessage, "", inMessage, ""},
			"header":    {"", inHeader, inHeader, ""},
			"both":      {inMessage, inHeader, inMessage, inHeader},
			"malformed": {inMessage + "00", inHeader, inHeader, ""},
		} {
			meta, header := "", map[string]string{"Baggage": "kept=1"}
			if test.meta != "" {
				meta = `,"traceparent":"` + test.meta + `","tracestate":"vendor=1","baggage":"kept=1"`
			}
			if test.header != "" {
				header["Traceparent"] = test.header
			}
			spans, line := s.spans(t, func() { do(meta, header) })
			if len(spans) != 1 || spans[0].GetName() != "tools/call math" {
				t.Fatalf("%s, %s: %v", era, name, spans)
			}
			span, link := spans[0], ""
			for _, l := range span.GetLinks() {
				link = traceparent(l.GetTraceId(), l.GetSpanId())
			}
			if got := traceparent(span.GetTraceId(), span.GetParentSpanId()); got != test.parent && (test.parent != "" || len(span.GetParentSpanId()) != 0) || link != test.link {
				t.Errorf("%s, %s: parent %s, link %q, want %s and %q", era, name, got, link, test.parent, test.link)
			}
			if want := test.parent == inMessage; (span.GetTraceState() == "vendor=1") != want {
				t.Errorf("%s, %s: state %q", era, name, span.GetTraceState())
			}
			if line[metric.FieldTraceID] != hex.EncodeToString(span.GetTraceId()) {
				t.Errorf("%s, %s: the line has trace %v", era, name, line[metric.FieldTraceID])
			}
		}
	}
	if strings.Contains(s.collector.String(), "kept") {
		t.Error("baggage was read")
	}
}

// traceparent is one that is sampled.
func traceparent(trace, span []byte) string { return fmt.Sprintf("00-%x-%x-01", trace, span) }

// TestBatchSpans: each call of a batch has a span of its own, also one that fails.
func TestBatchSpans(t *testing.T) {
	t.Parallel()
	s := newTraced(t, nil)
	old := s.Call(t, "", "initialize", `{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"old","version":"1"}}`).Header.Get("Mcp-Session-Id")
	spans, _ := s.spans(t, func() {
		s.Do(t, http.MethodPost, `[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/initialized"},`+
			`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"math","arguments":{"a":1,"b":2}}},`+
			`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"invented","arguments":{}}}]`,
			map[string]string{"Mcp-Session-Id": old, "Mcp-Protocol-Version": "2025-03-26"})
	})
	want := []string{
		"ping jsonrpc.request.id=1 error.type= mcp.session.id=*", "tools/call math jsonrpc.request.id=2 error.type=",
		"tools/call jsonrpc.request.id=3 gen_ai.tool.name= error.type=-32602",
	}
	if len(spans) != len(want) {
		t.Fatalf("%d spans, want %d: %v", len(spans), len(want), spans)
	}
	for i, w := range want {
		wantSpan(t, w, spans[i], w)
		if i > 0 && spans[i].StartTimeUnixNano < spans[i-1].EndTimeUnixNano {
			t.Errorf("%s has the time of the one before it", w)
		}
	}
}

// TestSpansAreSampled: without a share there are no spans, and the metrics are the same.
func TestSpansAreSampled(t *testing.T) {
	t.Parallel()
	s := newTraced(t, map[string]string{config.EnvTraceSample: "0"})
	spans, line := s.spans(t, func() {
		s.Do(t, http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, map[string]string{
			"Mcp-Session-Id": s.session, "Mcp-Protocol-Version": apptest.Legacy,
			"Traceparent":     "00-cccccccccccccccccccccccccccccccc-c1c1c1c1c1c1c1c1-01",
			"X-Amzn-Trace-Id": "Root=1-bbbbbbbb-bbbbbbbbbbbbbbbbbbbbbbbb;Parent=b1b1b1b1b1b1b1b1;Sampled=1",
		})
	})
	if len(s.collector.Spans()) != 0 || len(spans) != 0 {
		t.Errorf("%v", spans)
	}
	if line[metric.FieldTraceID] != "cccccccccccccccccccccccccccccccc" {
		t.Errorf("trace %v in the log, want the client's", line[metric.FieldTraceID])
	}
}

// TestMetricsAreThoseOfTheLog: a collector gets what CloudWatch reads in the log.
func TestMetricsAreThoseOfTheLog(t *testing.T) {
	t.Parallel()
	s := newTraced(t, nil)
	s.As("").ToolModern(t, "math", `{}`)
	s.Tool(t, "nobodys", "math", `{}`)
	s.ToolModern(t, "notebook_read", `{"notebook":"nobodys"}`)
	s.Telemetry.Flush(t.Context())
	sums, values := s.collector.Counts()
	want := map[string]float64{}
	for _, line := range summaries(t, s.Log.String()) {
		for _, m := range metric.All() {
			switch v := line[m.Name].(type) {
			case []any:
				want[m.Name] += float64(len(v))
			case float64:
				if m.Unit == metric.Milliseconds {
					v = 1
				}
				want[m.Name] += v
			}
		}
	}
	if want[metric.AuthFailures] == 0 || want[metric.StoreLatency] == 0 || want[metric.ToolErrors] == 0 {
		t.Fatalf("the run left too little: %v", want)
	}
	for _, m := range metric.All() {
		if got := float64(sums[m.Name]) + float64(values[m.Name]); got != want[m.Name] {
			t.Errorf("%s: a collector has %v, the log %v", m.Name, got, want[m.Name])
		}
	}
}

// TestFrozenServer: behind the Lambda Web Adapter, which freezes the process when an answer
// ends, no answer ends before its span was sent; elsewhere none waits for that.
func TestFrozenServer(t *testing.T) {
	t.Parallel()
	for _, frozen := range []bool{true, false} {
		s := newTraced(t, nil)
		s.Telemetry.Flush(t.Context())
		before := len(s.collector.Spans())
		s.Transport = apptest.Direct(app.Flushed(s.Handler, s.Telemetry, frozen))
		s.ToolModern(t, "math", `{"a":2,"b":3}`)
		if sent := len(s.collector.Spans()) > before; sent != frozen {
			t.Errorf("frozen %v: sent %v", frozen, sent)
		}
	}
}

// TestFunctionWithCollector: with a collector both response modes have something behind an
// answer, and without one they have not (TestFunction).
func TestFunctionWithCollector(t *testing.T) {
	t.Parallel()
	for _, mode := range []config.ResponseMode{config.Buffered, config.Streaming} {
		var f app.Function
		c := deployedConfig(t, map[string]string{config.EnvResponseMode: string(mode), config.EnvOTLPEndpoint: "http://127.0.0.1:9"})
		if err := fx.New(app.Lambda(c, app.Shipped, io.Discard), fx.Populate(&f)).Err(); err != nil {
			t.Fatal(err)
		}
		if _, ok := f.Handler.(lambdahttp.Answering); !ok {
			t.Errorf("%s: %T", mode, f.Handler)
		}
	}
}
