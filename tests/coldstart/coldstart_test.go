package coldstart

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/tests/internal/repo"
	"leasehold.example/tests/runtimeapi"
)

var bootstrap = flag.String("bootstrap", "", "the function to measure; empty: apps/mcp/cmd/lambda is built")

// environment is a deployment's. Nothing of it is reached before a token is presented.
var environment = []string{
	config.EnvPublicURL + "=https://api.example.com/mcp",
	config.EnvIssuers + `=[{"issuer":"https://issuer.example.com","jwks_url":"https://issuer.example.com/jwks","tenant":"acme"}]`,
	config.EnvTable + "=leasehold-sessions",
	config.EnvSealSecretARN + "=arn:aws:secretsmanager:eu-west-1:111122223333:secret:leasehold/seal-AbCdEf",
	"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
	"AWS_SECRET_ACCESS_KEY=example",
	"AWS_SESSION_TOKEN=example",
}

// event asks for something that needs neither a token nor a store.
const event = `{"resource":"/{proxy+}","path":"/.well-known/oauth-protected-resource","httpMethod":"GET","headers":{"Host":"api.example.com"},"multiValueHeaders":{"Host":["api.example.com"]},` +
	`"requestContext":{"requestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef","stage":"prod","path":"/prod/.well-known/oauth-protected-resource","httpMethod":"GET","protocol":"HTTP/1.1","domainName":"api.example.com","identity":{"sourceIp":"203.0.113.7"}},"body":null,"isBase64Encoded":false}`

// build compiles a package as the Makefile does, but for this machine.
func build(tb testing.TB, pkg string) string {
	tb.Helper()
	out := filepath.Join(tb.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", out, pkg)
	cmd.Dir = repo.Root(tb)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if msg, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("build %s: %v\n%s", pkg, err, msg)
	}
	return out
}

// ours is the function to measure and its environment.
func ours(tb testing.TB) runtimeapi.Config {
	tb.Helper()
	cfg := runtimeapi.Config{Bootstrap: *bootstrap, Env: environment, Output: os.Stderr}
	if cfg.Bootstrap == "" {
		cfg.Bootstrap = build(tb, "./apps/mcp/cmd/lambda")
	}
	return cfg
}

// BenchmarkColdStart reports the medians in milliseconds and their ratio. One operation
// is one start of each: -benchtime 20x is enough.
func BenchmarkColdStart(b *testing.B) {
	hello := runtimeapi.Config{Bootstrap: build(b, "./tests/coldstart/internal/hello")}
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

// The harness itself works, whatever the times are.
func TestRound(t *testing.T) {
	t.Parallel()
	hello := runtimeapi.Config{Bootstrap: build(t, "./tests/coldstart/internal/hello")}
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
