package lambda

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/telemetry/telemetrytest"
	"leasehold.example/tests/internal/deployed"
	"leasehold.example/tests/runtimeapi"
)

// frozen runs the shipped tools in one process that is stopped whenever it waits for an event,
// behind an edge, with a collector at endpoint. It needs no table: nothing here has a session.
func frozen(t *testing.T, kind runtimeapi.Kind, streaming bool, endpoint string) (address string, token string) {
	t.Helper()
	issuer := identitytest.Serve(t)
	mode := config.Buffered
	if streaming {
		mode = config.Streaming
	}
	f, err := runtimeapi.Start(runtimeapi.Config{
		Grace:     time.Minute,
		Bootstrap: deployed.Build(t, deployed.Tools), Freeze: true, Output: t.Output(),
		Env: deployed.Environment("TEST_ISSUER="+issuer.URL(), config.EnvOTLPEndpoint+"="+endpoint, config.EnvResponseMode+"="+string(mode)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(&runtimeapi.Edge{Function: f, Kind: kind, Streaming: streaming})
	t.Cleanup(server.Close)
	return server.URL + "/mcp", issuer.Token(identitytest.Scopes("mcp:basic"))
}

func callMath(t *testing.T, address, token string) {
	t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"math","arguments":{"a":2,"b":3},"_meta":{`+
		`"io.modelcontextprotocol/protocolVersion":%q,"io.modelcontextprotocol/clientCapabilities":{}}}}`, modern)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]string{
		"Authorization": "Bearer " + token, "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"Mcp-Protocol-Version": modern, "Mcp-Method": "tools/call", "Mcp-Name": "math",
	} {
		r.Header.Set(name, v)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	wanted{http.StatusOK, `"sum":5`}.check(t, res)
}

// TestFlushedBeforeTheFreeze: when the next answer is there, the spans and the metrics of the
// one before have been sent: in between the process was stopped.
func TestFlushedBeforeTheFreeze(t *testing.T) {
	t.Parallel()
	for _, e := range edges {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			collector := telemetrytest.Serve(t)
			address, token := frozen(t, e.kind, e.streaming, collector.URL)
			for i := range 3 {
				callMath(t, address, token)
				sums, _ := collector.Counts()
				if spans := collector.Spans(); len(spans) < i || sums["Requests"] < int64(i) {
					t.Errorf("with answer %d, %d spans and %d requests are known", i+1, len(spans), sums["Requests"])
				}
			}
			for _, s := range collector.Spans() {
				if s.GetName() != "tools/call math" {
					t.Errorf("span %q", s.GetName())
				}
			}
		})
	}
}

// TestAnswersDoNotWait: a client has its whole answer before a collector is asked for
// anything, so that one which hangs is nothing to it.
func TestAnswersDoNotWait(t *testing.T) {
	t.Parallel()
	for _, e := range edges {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			answered, asked := make(chan struct{}), make(chan struct{})
			var once sync.Once
			collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // or net/http would not see that the function gives up
				once.Do(func() { close(asked) })
				select {
				case <-answered:
				case <-r.Context().Done():
					select {
					case <-answered: // both at once
					default:
						t.Error("the function gave up on the collector before the client had its answer")
					}
				}
			}))
			t.Cleanup(collector.Close)
			address, token := frozen(t, e.kind, e.streaming, collector.URL)
			callMath(t, address, token)
			close(answered)
			<-asked
		})
	}
}

// TestStoreSpans: the calls of DynamoDB that a message takes are spans within its own.
func TestStoreSpans(t *testing.T) {
	t.Parallel()
	collector := telemetrytest.Serve(t)
	f := deployed.Start(t, deployed.Tools, deployed.Options{Env: []string{config.EnvOTLPEndpoint + "=" + collector.URL}})
	address := f.Serve(t, runtimeapi.RESTAPI)
	post(t, f, address, "session_open", `{}`, "").Body.Close()
	callMath(t, address, f.Token())
	var within []string
	spans := collector.Spans()
	for _, s := range spans {
		if s.GetKind() == tracev1.Span_SPAN_KIND_CLIENT {
			within = append(within, s.GetName())
			if parent := parentOf(spans, s); parent != "tools/call session_open" {
				t.Errorf("%s is within %q", s.GetName(), parent)
			}
		}
	}
	if !strings.Contains(strings.Join(within, " "), "DynamoDB.") {
		t.Errorf("calls: %v", within)
	}
}

func parentOf(spans []*tracev1.Span, of *tracev1.Span) string {
	for _, s := range spans {
		if bytes.Equal(s.GetSpanId(), of.GetParentSpanId()) {
			return s.GetName()
		}
	}
	return ""
}
