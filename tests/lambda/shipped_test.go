// Package lambda tests the Lambda binaries as processes under a Runtime API.
package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/tests/internal/deployed"
	"leasehold.example/tests/runtimeapi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { os.Exit(deployed.Main(m)) }

const metadataURL = "https://mcp.example/.well-known/oauth-protected-resource/mcp"

// TestStartRefused starts the shipped binary with what an operator can get wrong: it ends
// at once, with one message that lists all of it.
func TestStartRefused(t *testing.T) {
	t.Parallel()
	bootstrap := deployed.Build(t, deployed.Shipped)
	tests := []struct {
		name string
		env  []string
	}{
		{"nothing-set", nil},
		{"all-wrong", []string{
			config.EnvPublicURL + "=http://api.example.com/mcp",
			config.EnvIssuers + `=[{"issuer":"http://127.0.0.1:1","InsecureLoopback":true}]`,
			config.EnvTable + "=!",
			config.EnvSealSecretARN + "=b2ggbm8sIGl0IGlzIHRoZSBrZXkgaXRzZWxmISEhISE=",
			config.EnvSessionIdle + "=1m",
			config.EnvResponseMode + "=fast",
			"LEASEHOLD_SESSION_IDEL=1h",
		}},
		{"loopback-issuer", deployed.Environment(config.EnvIssuers + `=[{"issuer":"http://127.0.0.1:1","tenant":"acme"}]`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), bootstrap)
			cmd.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:1", "AWS_REGION=eu-west-1"}, tt.env...)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			var exit *exec.ExitError
			if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() < 1 {
				t.Errorf("ended with %v, want an exit code above 0", err)
			}
			if stdout.Len() > 0 {
				t.Errorf("standard output has %q", stdout.String())
			}
			golden(t, tt.name, stderr.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant:\n%s", file, got, want)
	}
}

// edges are all the ways to a function.
var edges = []struct {
	name      string
	kind      runtimeapi.Kind
	streaming bool
}{
	{"REST API", runtimeapi.RESTAPI, false},
	{"HTTP API", runtimeapi.HTTPAPI, false},
	{"Function URL", runtimeapi.FunctionURL, false},
	{"REST API streaming", runtimeapi.RESTAPI, true},
	{"Function URL streaming", runtimeapi.FunctionURL, true},
}

// printed is what a process prints, for a test that reads it when it has ended.
type printed struct {
	mu sync.Mutex
	bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Buffer.Write(b)
}

// TestShipped asks the shipped binary for what needs no token, and presents bad ones.
// Then SIGTERM ends it in time, and its log has none of the tokens, but the version that ran.
func TestShipped(t *testing.T) {
	t.Parallel()
	bootstrap := deployed.Build(t, deployed.Shipped)
	// Signed well, by an issuer that is not trusted and by one that only claims to be.
	stranger := identitytest.NewIssuer(t, "https://stranger.example").Token()
	for _, e := range edges {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			var log printed
			cfg := runtimeapi.Config{Bootstrap: bootstrap, Env: deployed.Environment(), Output: &log, Grace: time.Minute, Version: "7"}
			if e.streaming {
				cfg.Env = append(cfg.Env, config.EnvResponseMode+"=streaming")
			}
			f, err := runtimeapi.Start(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close() // for the failures before the end
			server := httptest.NewServer(&runtimeapi.Edge{Function: f, Kind: e.kind, Streaming: e.streaming})
			defer server.Close()
			for _, tt := range requests(stranger) {
				tt.check(t, server.URL)
			}
			if err := f.Close(); err != nil {
				t.Errorf("SIGTERM: %v", err)
			}
			if strings.Contains(log.String(), stranger) || t.Failed() {
				t.Errorf("the log has a token, or else the test failed:\n%s", log.String())
			}
			if all := strings.Count(log.String(), "\n"); all == 0 || strings.Count(log.String(), `"version":"7"`) != all {
				t.Errorf("not every line has the version:\n%s", log.String())
			}
		})
	}
}

// exchange is a request and what is expected of its answer.
type exchange struct {
	name, method, path, body string
	header                   map[string]string
	status                   int
	wantHeader               map[string]string
	wantBody                 string
}

func requests(token string) []exchange {
	return []exchange{
		{name: "healthz", method: "GET", path: "/healthz", status: 200, wantBody: "ok\n"},
		{
			name: "metadata", method: "GET", path: "/.well-known/oauth-protected-resource", status: 200,
			wantHeader: map[string]string{"Access-Control-Allow-Origin": "*"},
			wantBody:   `"resource":"` + identitytest.Audience + `"`,
		},
		{
			name: "metadata of the path", method: "GET", path: "/.well-known/oauth-protected-resource/mcp", status: 200,
			wantBody: `"resource":"` + identitytest.Audience + `"`,
		},
		{
			name: "no token", method: "POST", path: "/mcp", body: "{", status: 401,
			wantHeader: map[string]string{"WWW-Authenticate": `Bearer scope="mcp:basic", resource_metadata="` + metadataURL + `"`},
		},
		{
			name: "a token of a stranger", method: "POST", path: "/mcp", body: "{", status: 401,
			header:     map[string]string{"Authorization": "Bearer " + token},
			wantHeader: map[string]string{"WWW-Authenticate": `Bearer error="invalid_token", error_description=`},
		},
		{
			name: "GET", method: "GET", path: "/mcp", status: 405,
			wantHeader: map[string]string{"Allow": "POST, DELETE, OPTIONS"},
		},
		{name: "another path", method: "GET", path: "/", status: 404},
	}
}

// check sends the request to the server at base.
func (e exchange) check(t *testing.T, base string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), e.method, base+e.path, strings.NewReader(e.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range e.header {
		r.Header.Set(name, v)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("%s: %v", e.name, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != e.status || !strings.Contains(string(body), e.wantBody) {
		t.Errorf("%s: %d %q (%v), want %d with %q", e.name, res.StatusCode, body, err, e.status, e.wantBody)
	}
	for name, want := range e.wantHeader {
		if got := res.Header.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s %q, want %q", e.name, name, got, want)
		}
	}
}

// TestMalformedEvents: what is no event is a function error, and no reason to end.
func TestMalformedEvents(t *testing.T) {
	t.Parallel()
	f, err := runtimeapi.Start(runtimeapi.Config{Bootstrap: deployed.Build(t, deployed.Shipped), Env: deployed.Environment()})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, event := range []string{``, `null`, `[]`, `{}`, `{"version":"2.0"`, `{"Records":[{"eventSource":"aws:sqs"}]}`, "\x00"} {
		var failure *runtimeapi.FunctionError
		_, err := f.Invoke(t.Context(), []byte(event))
		if !errors.As(err, &failure) || failure.Type == "Runtime.ExitError" {
			t.Errorf("event %q: %v, want an error of the function", event, err)
		}
	}
	out, err := f.Invoke(t.Context(), []byte(`{"version":"2.0","rawPath":"/healthz","requestContext":{"requestId":"1","stage":"$default","http":{"method":"GET"}}}`))
	var res struct {
		StatusCode int    `json:"statusCode"`
		Body       string `json:"body"`
	}
	if err := errors.Join(err, json.Unmarshal(out, &res)); err != nil || res.StatusCode != http.StatusOK || res.Body != "ok\n" {
		t.Errorf("afterwards: %s, %v", out, err)
	}
}
