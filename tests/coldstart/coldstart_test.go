package coldstart

import (
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"leasehold.example/apps/mcp/config"
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

// BenchmarkColdStartTraced is the start of the function with a collector on loopback that it
// sends to, beside the same without. The collector is asked behind the answer.
func BenchmarkColdStartTraced(b *testing.B) {
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // whatever it is
	}))
	b.Cleanup(collector.Close)
	off := ours(b)
	on := off
	on.Env = deployed.Environment(config.EnvOTLPEndpoint + "=" + collector.URL)
	c := Comparison{A: off, B: on, Event: []byte(event)}
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
