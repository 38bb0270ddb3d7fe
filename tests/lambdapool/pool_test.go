package lambdapool

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leasehold.example/tests/deployment"
	"leasehold.example/tests/internal/deployed"
	"leasehold.example/tests/runtimeapi"
)

const (
	echo       = "./tests/runtimeapi/internal/echo"
	webServer  = "./tests/lambdapool/internal/server"
	webAdapter = "./tests/lambdapool/internal/webadapter"

	functionARN = "arn:aws:lambda:eu-central-1:111122223333:function:mcp"
	aliasARN    = functionARN + ":live"
)

func TestMain(m *testing.M) { os.Exit(deployed.Main(m)) }

// archive is a zip with an executable under a name.
func archive(t *testing.T, executable, name string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "function.zip")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(out)
	header := &zip.FileHeader{Name: name, Method: zip.Store}
	header.SetMode(mode)
	entry, err := z.CreateHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(executable)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := io.Copy(entry, in); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(z.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func state(archive string, change func(*deployment.Function)) *deployment.Deployment {
	f := &deployment.Function{
		URN: "urn:mcp-function", Name: "mcp", ARN: functionARN, Archive: archive, Handler: "bootstrap", MemoryMB: 256,
		Timeout: 20 * time.Second, Version: "1", LogGroup: "/aws/lambda/dev-mcp", ReservedConcurrency: -1,
		Environment: map[string]string{"LEASEHOLD_GIVEN": "state", "TEST_ENDPOINT": "https://state.example"},
	}
	if change != nil {
		change(f)
	}
	return &deployment.Deployment{Functions: []*deployment.Function{f}, Aliases: []*deployment.Alias{{URN: "urn:mcp-live", ARN: aliasARN, Name: "live", Function: f}}}
}

func pool(t *testing.T, o Options, d *deployment.Deployment) *Pool {
	t.Helper()
	o.Grace = time.Minute
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := p.Deploy(d); err != nil {
		t.Fatal(err)
	}
	return p
}

// get is an event of a REST API.
func get(t *testing.T, target string) []byte {
	t.Helper()
	event := runtimeapi.RESTEvent(httptest.NewRequest(http.MethodGet, target, nil), nil, runtimeapi.Source{})
	b, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func invoke(ctx context.Context, p *Pool, event []byte) (body string, cold bool, err error) {
	a, err := p.Invoke(ctx, aliasARN, event, false)
	if err != nil {
		return "", false, err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	return string(b), a.Cold, err
}

// A function has what its state says and what the pool adds, is cold once, and is only to be
// had by its alias.
func TestPool(t *testing.T) {
	t.Parallel()
	p := pool(t, Options{Environment: func(f *deployment.Function) []string {
		return []string{"TEST_ENDPOINT=http://127.0.0.1:1", "AWS_ACCESS_KEY_ID=of-" + f.Name}
	}}, state(archive(t, deployed.Build(t, echo), "bootstrap", 0o755), nil))
	for i := range 2 {
		body, cold, err := invoke(t.Context(), p, get(t, "/env"))
		if err != nil || cold != (i == 0) {
			t.Fatalf("cold %v, %v", cold, err)
		}
		res, err := runtimeapi.ReadResponse([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		env := string(res.Body)
		for _, want := range []string{
			"LEASEHOLD_GIVEN=state", "TEST_ENDPOINT=http://127.0.0.1:1", "AWS_ACCESS_KEY_ID=of-mcp", "AWS_LAMBDA_FUNCTION_NAME=mcp",
			"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_REGION=eu-central-1", "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/dev-mcp",
		} {
			if !strings.Contains("\n"+env+"\n", "\n"+want+"\n") {
				t.Errorf("no %s in\n%s", want, env)
			}
		}
	}
	if _, err := p.Invoke(t.Context(), functionARN, get(t, "/echo"), false); err == nil || !strings.Contains(err.Error(), "ResourceNotFoundException") {
		t.Errorf("the function without its alias: %v", err)
	}
}

// The state's concurrency holds: reserved for a function, or none at all.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	zipped := archive(t, deployed.Build(t, echo), "bootstrap", 0o755)
	flag := filepath.Join(t.TempDir(), "flag")
	p := pool(t, Options{Concurrency: 50}, state(zipped, func(f *deployment.Function) {
		f.ReservedConcurrency, f.Environment = 1, map[string]string{"MODE": "streaming"}
	}))
	a, err := p.Invoke(t.Context(), aliasARN, get(t, "/stream?until="+flag), true)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := invoke(t.Context(), p, get(t, "/echo")); !errors.Is(err, runtimeapi.ErrThrottled) {
		t.Errorf("second at a time: %v", err)
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(a.Body); err != nil {
		t.Error(err)
	}
	_ = a.Body.Close()
	stopped := pool(t, Options{}, state(zipped, func(f *deployment.Function) { f.ReservedConcurrency = 0 }))
	if _, _, err := invoke(t.Context(), stopped, get(t, "/echo")); !errors.Is(err, runtimeapi.ErrThrottled) {
		t.Errorf("reserved 0: %v", err)
	}
	warm := pool(t, Options{}, state(zipped, func(f *deployment.Function) { f.ProvisionedConcurrency = 2 }))
	if n := warm.functions[aliasARN].Running(); n != 2 {
		t.Errorf("provisioned 2, running %d", n)
	}
}

// The timeout is the state's.
func TestTimeout(t *testing.T) {
	t.Parallel()
	p := pool(t, Options{}, state(archive(t, deployed.Build(t, echo), "bootstrap", 0o755), func(f *deployment.Function) { f.Timeout = 500 * time.Millisecond }))
	if _, _, err := invoke(t.Context(), p, get(t, "/hang")); err == nil || !strings.Contains(err.Error(), "timed out after 0.50 seconds") {
		t.Errorf("%v", err)
	}
}

// A second deployment during load fails no request, and all that begins after it is new.
func TestRollingUpdate(t *testing.T) {
	t.Parallel()
	zipped := archive(t, deployed.Build(t, echo), "bootstrap", 0o755)
	version := func(v string) *deployment.Deployment {
		return state(zipped, func(f *deployment.Function) { f.Version = v })
	}
	p := pool(t, Options{}, version("1"))
	var answered atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	event := get(t, "/env")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, _, err := invoke(t.Context(), p, event); err != nil {
					t.Error(err)
					return
				}
				answered.Add(1)
			}
		})
	}
	for answered.Load() < 20 && !t.Failed() {
		time.Sleep(time.Millisecond)
	}
	if err := p.Deploy(version("2")); err != nil {
		t.Fatal(err)
	}
	cancel()
	wg.Wait()
	if body, _, err := invoke(t.Context(), p, event); err != nil || !strings.Contains(body, "AWS_LAMBDA_FUNCTION_VERSION=2") {
		t.Errorf("%v in %s", err, body)
	}
}

// What Lambda would only say at the first invocation is said before.
func TestArchive(t *testing.T) {
	t.Parallel()
	binary := deployed.Build(t, echo)
	for name, tt := range map[string]struct{ path, want string }{
		"another name":   {archive(t, binary, "main", 0o755), "Runtime.InvalidEntrypoint: it has no bootstrap"},
		"in a directory": {archive(t, binary, "bin/bootstrap", 0o755), "no bootstrap"},
		"not executable": {archive(t, binary, "bootstrap", 0o644), "not executable"},
		"outside":        {archive(t, binary, "../bootstrap", 0o755), "outside"},
		"no zip":         {binary, "archive"},
		"no file":        {"nothing.zip", "nothing.zip"},
	} {
		p, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Deploy(state(tt.path, nil)); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "urn:mcp-function") {
			t.Errorf("%s: %v", name, err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

// RULES 46: behind the adapter's layer a plain web server answers an HTTP API's events.
func TestRule46WebAdapter(t *testing.T) {
	t.Parallel()
	zipped := archive(t, deployed.Build(t, webServer), "bootstrap", 0o755)
	adapted := func(change map[string]string) *deployment.Deployment {
		return state(zipped, func(f *deployment.Function) {
			f.Layers = []string{"arn:aws:lambda:eu-central-1:753240598075:layer:LambdaAdapterLayerArm64:27"}
			f.Environment = map[string]string{
				"AWS_LWA_PORT": "8080", "AWS_LWA_READINESS_CHECK_PATH": "/healthz", "AWS_LWA_READINESS_CHECK_HEALTHY_STATUS": "200", "AWS_LWA_INVOKE_MODE": "buffered",
			}
			for name, value := range change {
				f.Environment[name] = value
			}
		})
	}
	r := httptest.NewRequest(http.MethodPost, "http://tools.example.com/mcp?a=1", strings.NewReader(""))
	r.Header.Set("Content-Type", "text/plain")
	event, err := json.Marshal(runtimeapi.HTTPEvent(r, []byte("é"), runtimeapi.Source{}))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{WebAdapter: deployed.Build(t, webAdapter)}
	p := pool(t, o, adapted(nil))
	for range 2 {
		body, _, err := invoke(t.Context(), p, event)
		if err != nil {
			t.Fatal(err)
		}
		res, err := runtimeapi.ReadResponse([]byte(body))
		if err != nil || res.Status != http.StatusAccepted || string(res.Body) != "é" || res.Header.Get("X-Host") != "tools.example.com" ||
			res.Header.Get("X-Query") != "a=1" || res.Header.Get("Set-Cookie") != "a=1" {
			t.Errorf("%v %s", err, body)
		}
	}
	for name, change := range map[string]map[string]string{
		"another port": {"AWS_LWA_PORT": "3000"}, "streaming": {"AWS_LWA_INVOKE_MODE": "response_stream"},
	} {
		if _, _, err := invoke(t.Context(), pool(t, o, adapted(change)), event); err == nil || !strings.Contains(err.Error(), "Runtime.ExitError") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
