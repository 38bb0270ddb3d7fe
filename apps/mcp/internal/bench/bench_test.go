package bench

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/lambdahttp"
	"leasehold.example/libs/session/memstore"
)

// value is what the session holds under the key "color".
const value = "blue"

// call is one tools/call as it is on the wire.
type call struct {
	name, protocol string
	header         map[string]string
	body           string
	want           string // part of the answer
}

func newCall(tool, arguments, protocol, want string) call {
	c := call{
		name: "tool=" + tool + "/protocol=" + protocol, protocol: protocol, want: want,
		header: map[string]string{
			"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
			"User-Agent": "bench/1", "Mcp-Protocol-Version": protocol,
		},
	}
	meta := `"progressToken":1`
	if protocol == apptest.Modern {
		c.header["Mcp-Method"], c.header["Mcp-Name"] = "tools/call", tool
		meta = `"io.modelcontextprotocol/protocolVersion":"` + protocol + `",` +
			`"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}`
	}
	c.body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments + `,"_meta":{` + meta + `}}}`
	return c
}

// with returns c with a header more.
func (c call) with(name, v string) call {
	header := map[string]string{name: v}
	for name, v := range c.header {
		header[name] = v
	}
	c.header = header
	return c
}

// BenchmarkCall is one tools/call: ours from API Gateway's event to the response that the
// runtime sends, with a token that is remembered and, but for math in 2026-07-28, a session
// that is read; the peers' from request to response.
func BenchmarkCall(b *testing.B) {
	ours := newFunction(b)
	math := `{"a":2,"b":3}`
	calls := []struct {
		peer, ours call
	}{
		{newCall("math", math, apptest.Modern, `"sum":5`), newCall("math", math, apptest.Modern, `\"sum\":5`)},
		{newCall("math", math, apptest.Legacy, `"sum":5`), newCall("math", math, apptest.Legacy, `\"sum\":5`).with("Mcp-Session-Id", ours.session)},
		{
			newCall("session_get", get(ours.handle), apptest.Modern, `"value":"blue"`),
			newCall("session_get", get(ours.handle), apptest.Modern, `\"value\":\"blue\"`),
		},
	}
	for _, c := range calls {
		b.Run(c.ours.name+"/server=leasehold", func(b *testing.B) { ours.bench(b, c.ours) })
		b.Run(c.ours.name+"/server=go-sdk", func(b *testing.B) { bench(b, goSDK(), c.peer) })
		b.Run(c.ours.name+"/server=mcp-go", func(b *testing.B) { bench(b, mcpGo(), c.peer) })
	}
}

func get(session string) string { return `{"key":"color","session":"` + session + `"}` }

// function is the server of the Lambda binary with sessions in memory, and what it needs
// to be called.
type function struct {
	lambda.Handler
	token, session, handle string
}

func newFunction(b *testing.B) function {
	b.Helper()
	f, _ := newFunctions(b, nil)
	return f
}

// newFunctions are the server of environ, and the same without summaries of its requests.
func newFunctions(b *testing.B, environ map[string]string) (whole, bare function) {
	b.Helper()
	issuer := identitytest.NewIssuer(b, "https://issuer.example")
	server := apptest.New(b, apptest.Options{
		Issuers: []*identitytest.Issuer{issuer}, Store: memstore.New(), LogTo: io.Discard, Environ: environ,
	})
	lambdaOf := func(h http.Handler) lambda.Handler {
		return lambdahttp.Buffered(h, lambdahttp.Options{Logger: slog.New(slog.DiscardHandler)})
	}
	f := function{
		Handler: lambdaOf(server.Handler),
		token:   issuer.Token(identitytest.Tenant("tenant-a"), identitytest.Scopes("mcp:basic", "session:read", "session:write")),
	}
	client := server.Client(f.token)
	f.session = client.Open(b, "bench")
	var opened struct{ Session string }
	answer := client.ToolModern(b, "session_open", `{}`).Messages(b)[0]
	if err := json.Unmarshal(answer.Result.StructuredContent, &opened); err != nil || opened.Session == "" {
		b.Fatalf("session_open: %v, %v", answer, err)
	}
	f.handle = opened.Session
	client.ToolModern(b, "session_set", `{"key":"color","value":"`+value+`","session":"`+f.handle+`"}`)
	bare = f
	unobserved := http.NewServeMux()
	unobserved.Handle("/mcp", server.Endpoint)
	bare.Handler = lambdaOf(unobserved)
	return f, bare
}

// BenchmarkObserved is a call with its summary line and the metrics in it, beside the same
// call without; sampled is one whose line has the metrics alone. Of untraced, a collector gets
// the metrics and no spans; of traced it gets both. What is sent, is sent beside the calls, in
// batches, as on a server: Lambda sends behind each answer (tests/coldstart).
func BenchmarkObserved(b *testing.B) {
	whole, bare := newFunctions(b, nil)
	sampled, _ := newFunctions(b, map[string]string{config.EnvLogSample: "0"})
	collector := discarding(b)
	untraced, _ := newFunctions(b, map[string]string{config.EnvOTLPEndpoint: collector, config.EnvTraceSample: "0"})
	traced, _ := newFunctions(b, map[string]string{config.EnvOTLPEndpoint: collector})
	for _, o := range []struct {
		name string
		function
	}{{"none", bare}, {"line", whole}, {"sampled", sampled}, {"untraced", untraced}, {"traced", traced}} {
		c := newCall("math", `{"a":2,"b":3}`, apptest.Modern, `\"sum\":5`)
		b.Run(c.name+"/observed="+o.name, func(b *testing.B) { o.bench(b, c) })
		c = newCall("session_get", get(o.handle), apptest.Modern, `\"value\":\"blue\"`)
		b.Run(c.name+"/observed="+o.name, func(b *testing.B) { o.bench(b, c) })
	}
}

// discarding is a collector that keeps nothing.
func discarding(b *testing.B) (url string) {
	b.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // whatever it is
	}))
	b.Cleanup(server.Close)
	return server.URL
}

// invocation is the time that Lambda gives one event.
const invocation = 30 * time.Second

func (f function) bench(b *testing.B, c call) {
	b.Helper()
	event := event(b, c.with("Authorization", "Bearer "+f.token))
	invoke := func() []byte {
		ctx, cancel := context.WithTimeout(context.Background(), invocation)
		defer cancel()
		out, err := f.Invoke(ctx, event)
		if err != nil {
			b.Fatal(err)
		}
		return out
	}
	if out := invoke(); !strings.Contains(string(out), `{"statusCode":200,`) || !strings.Contains(string(out), c.want) {
		b.Fatalf("%s: %s", c.name, out)
	}
	b.ReportAllocs()
	for b.Loop() {
		invoke()
	}
}

// event is API Gateway's example of a REST API's event around c.
func event(b *testing.B, c call) []byte {
	b.Helper()
	src, err := os.ReadFile("../../../../libs/lambdahttp/testdata/rest.json")
	if err != nil {
		b.Fatal(err)
	}
	var e map[string]any
	if err := json.Unmarshal(src, &e); err != nil {
		b.Fatal(err)
	}
	single := map[string]string{"Host": "mcp.example", "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https"}
	multi := map[string][]string{}
	for name, v := range c.header {
		single[name] = v
	}
	for name, v := range single {
		multi[name] = []string{v}
	}
	e["path"], e["headers"], e["multiValueHeaders"], e["body"] = "/mcp", single, multi, c.body
	delete(e, "queryStringParameters")
	delete(e, "multiValueQueryStringParameters")
	out, err := json.Marshal(e)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// bench calls a peer with as little around it as can be.
func bench(b *testing.B, h http.Handler, c call) {
	b.Helper()
	header := http.Header{"Content-Length": {strconv.Itoa(len(c.body))}}
	for name, v := range c.header {
		header.Set(name, v)
	}
	serve := func() *httptest.ResponseRecorder {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "https://mcp.example/mcp", strings.NewReader(c.body))
		if err != nil {
			b.Fatal(err)
		}
		r.Header = header
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	if w := serve(); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), c.want) {
		b.Fatalf("%s: %d %s", c.name, w.Code, w.Body)
	}
	b.ReportAllocs()
	for b.Loop() {
		serve()
	}
}
