package coldstart

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/tests/internal/deployed"
	"leasehold.example/tests/runtimeapi"
)

var bootstrap = flag.String("bootstrap", "", "the function to measure; empty: apps/mcp/cmd/lambda is built")

const helloWorld = "./tests/coldstart/internal/hello"

func TestMain(m *testing.M) { os.Exit(deployed.Main(m)) }

// event asks for something that needs neither a token nor a store.
const event = `{"resource":"/{proxy+}","path":"/.well-known/oauth-protected-resource","httpMethod":"GET","headers":{"Host":"api.example.com"},"multiValueHeaders":{"Host":["api.example.com"]},` +
	`"requestContext":{"requestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef","stage":"prod","path":"/prod/.well-known/oauth-protected-resource","httpMethod":"GET","protocol":"HTTP/1.1","domainName":"api.example.com","identity":{"sourceIp":"203.0.113.7"}},"body":null,"isBase64Encoded":false}`

// ours is the function to measure and its environment.
func ours(tb testing.TB) runtimeapi.Config {
	tb.Helper()
	cfg := runtimeapi.Config{Bootstrap: *bootstrap, Env: deployed.Environment(), Output: os.Stderr}
	if cfg.Bootstrap == "" {
		cfg.Bootstrap = deployed.Build(tb, deployed.Shipped)
	}
	return cfg
}

// BenchmarkColdStart reports the medians in milliseconds and their ratio. One operation
// is one start of each: -benchtime 20x is enough.
func BenchmarkColdStart(b *testing.B) {
	hello := runtimeapi.Config{Bootstrap: deployed.Build(b, helloWorld)}
	c := Comparison{A: hello, B: ours(b), Event: []byte(event)}
	for b.Loop() {
		if err := c.Round(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	h, o := c.Medians()
	b.ReportMetric(0, "ns/op") // the sum of both and of the killing
	b.ReportMetric(float64(h)/1e6, "hello-ms")
	b.ReportMetric(float64(o)/1e6, "ours-ms")
	b.ReportMetric(float64(o)/float64(h), "x-hello")
}

// BenchmarkColdStartTraced is the start of the function with a collector on loopback, to which it
// sends the call's spans behind the answer, beside the same without.
func BenchmarkColdStartTraced(b *testing.B) {
	t := newTraced(b)
	c := Comparison{A: t.off, B: t.on, Event: t.call}
	for b.Loop() {
		if err := c.Round(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	without, with := c.Medians()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(without)/1e6, "off-ms")
	b.ReportMetric(float64(with)/1e6, "on-ms")
	b.ReportMetric(float64(with)/float64(without), "x-off")
}

// traced is one function without a collector and with one, and a call of a tool. The function
// has what such a call needs: an issuer and the secret.
type traced struct {
	off, on runtimeapi.Config
	call    []byte
	asked   atomic.Int64 // how often the collector was
}

func newTraced(tb testing.TB) *traced {
	tb.Helper()
	t := &traced{}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // whatever it is
		t.asked.Add(1)
	}))
	tb.Cleanup(collector.Close)
	issuer, secrets := identitytest.Serve(tb), deployed.ServeSecrets(tb)
	env := []string{"TEST_ISSUER=" + issuer.URL(), "AWS_ENDPOINT_URL_SECRETS_MANAGER=" + secrets.URL, config.EnvTraceSample + "=1"}
	t.off = runtimeapi.Config{Bootstrap: deployed.Build(tb, deployed.Tools), Env: deployed.Environment(env...)}
	t.on = t.off
	t.on.Env = deployed.Environment(append(env, config.EnvOTLPEndpoint+"="+collector.URL)...)
	t.call = toolCall(tb, issuer.Token(identitytest.Scopes("mcp:basic")))
	return t
}

func toolCall(tb testing.TB, token string) []byte {
	tb.Helper()
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"math","arguments":{"a":2,"b":3},` +
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
	r := httptest.NewRequest(http.MethodPost, "https://api.example.com/mcp", nil)
	for name, value := range map[string]string{
		"Authorization": "Bearer " + token, "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "math",
	} {
		r.Header.Set(name, value)
	}
	event, err := json.Marshal(runtimeapi.RESTEvent(r, []byte(body), runtimeapi.Source{}))
	if err != nil {
		tb.Fatal(err)
	}
	return event
}

// What is measured as traced is, and what is not is not; the call does what it should.
func TestTraced(t *testing.T) {
	t.Parallel()
	what := newTraced(t)
	for _, test := range []struct {
		cfg   runtimeapi.Config
		asked bool
	}{{what.off, false}, {what.on, true}} {
		test.cfg.Grace = time.Minute
		f, err := runtimeapi.Start(test.cfg)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := f.Invoke(t.Context(), what.call)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := runtimeapi.ReadResponse(answer); err != nil || res.Status != http.StatusOK || !strings.Contains(string(res.Body), `"sum":5`) {
			t.Errorf("%v %s", err, answer)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if asked := what.asked.Load() > 0; asked != test.asked {
			t.Errorf("the collector was asked: %v, want %v", asked, test.asked)
		}
	}
}

// The harness itself works, whatever the times are.
func TestRound(t *testing.T) {
	t.Parallel()
	hello := runtimeapi.Config{Bootstrap: deployed.Build(t, helloWorld)}
	c := Comparison{A: hello, B: hello, Event: []byte(event)}
	for range 2 {
		if err := c.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := c.Medians(); a <= 0 || b <= 0 || len(c.times[0]) != 2 || len(c.times[1]) != 2 {
		t.Errorf("%v", c.times)
	}
	c.B.Bootstrap = filepath.Join(t.TempDir(), "bootstrap")
	if err := c.Round(t.Context()); err == nil {
		t.Error("measured what is not there")
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for want, of := range map[time.Duration][]time.Duration{0: nil, 5: {5}, 2: {9, 2, 1}, 3: {4, 3, 9, 1}} {
		if got := median(of); got != want {
			t.Errorf("median of %v is %v", of, got)
		}
	}
}
