package runtimeapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold.example/tests/internal/repo"
)

var bootstrap string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "runtimeapi")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		bootstrap = filepath.Join(dir, "bootstrap")
		cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", bootstrap, "./internal/echo")
		if out, err := cmd.CombinedOutput(); err != nil {
			panic(string(out))
		}
		return m.Run()
	}())
}

// start runs the echo function until the test is over.
func start(t *testing.T, cfg Config) *Function {
	t.Helper()
	cfg.Bootstrap = bootstrap
	f, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// serve puts an edge with a URL before the echo function.
func serve(t *testing.T, e Edge, cfg Config) string {
	t.Helper()
	if e.Streaming {
		cfg.Env = append(cfg.Env, "MODE=streaming")
	}
	e.Function = start(t, cfg)
	srv := httptest.NewServer(&e)
	t.Cleanup(srv.Close)
	return srv.URL
}

func do(t *testing.T, method, url, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

var edges = map[string]Edge{
	"REST":                    {Kind: RESTAPI},
	"REST, base path":         {Kind: RESTAPI, BasePath: "/tools", Domain: "api.example.com"},
	"REST, streaming":         {Kind: RESTAPI, Streaming: true},
	"HTTP":                    {Kind: HTTPAPI},
	"HTTP, stage":             {Kind: HTTPAPI, Stage: "staging"},
	"function URL":            {Kind: FunctionURL},
	"function URL, streaming": {Kind: FunctionURL, Streaming: true},
}

// A request arrives whole through every edge and process, and its answer too.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, e := range edges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, e, Config{})
			body := "{\"a\":\"é\u2028\\\"\"}"
			res, text := do(t, "POST", url+"/echo?tag=a&tag=b&q=1%262", body, http.Header{
				"Content-Type": {"application/json"}, "X-Answer-Type": {"application/json"}, "Cookie": {"c=1; d=2"}, "X-Two": {"1", "2"},
			})
			var got struct {
				Method, Path, Host, Remote, Body string
				Query, Header                    map[string][]string
				Error, Known, Timed              bool
			}
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatalf("%v: %d %s", err, res.StatusCode, text)
			}
			two := []string{"1", "2"}
			if e.Kind != RESTAPI {
				two = []string{"1,2"}
			}
			if res.StatusCode != http.StatusAccepted || got.Method != http.MethodPost || got.Path != "/echo" || got.Body != body || got.Error || !got.Known || !got.Timed ||
				!strings.HasPrefix(got.Remote, "127.0.0.1:") || !reflect.DeepEqual(got.Query, map[string][]string{"tag": {"a", "b"}, "q": {"1&2"}}) ||
				!reflect.DeepEqual(got.Header["X-Two"], two) || !reflect.DeepEqual(got.Header["Cookie"], []string{"c=1; d=2"}) {
				t.Errorf("%d %+v", res.StatusCode, got)
			}
			if c := res.Header["Set-Cookie"]; !reflect.DeepEqual(c, []string{"a=1", "b=2"}) {
				t.Errorf("cookies %q", c)
			}
			if e.Domain != "" && got.Host != e.Domain {
				t.Errorf("host %q", got.Host)
			}
			binary := "\x00\xff\xfe"
			if _, text := do(t, "POST", url+"/echo", binary, http.Header{"X-Answer-Type": {"application/octet-stream"}}); text != binary {
				t.Errorf("binary %q", text)
			}
		})
	}
}

// An escaped slash survives where AWS keeps it.
func TestEncodedPath(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"REST": "/echo/a%2Fb", "HTTP": "/echo/a/b", "function URL, streaming": "/echo/a%2Fb"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, text := do(t, "GET", serve(t, edges[name], Config{})+"/echo/a%2Fb", "", http.Header{"X-Answer-Type": {"application/json"}})
			if !strings.Contains(text, `"escaped":"`+want+`"`) {
				t.Errorf("want %s in %s", want, text)
			}
		})
	}
}

func TestStreamArrivesBeforeItsEnd(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"REST, streaming", "function URL, streaming"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flag := filepath.Join(t.TempDir(), "flag")
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, serve(t, edges[name], Config{})+"/stream?until="+flag, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			first := make([]byte, len("data: first\n\n"))
			if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "data: first\n\n" || res.Header.Get("Content-Type") != "text/event-stream" {
				t.Fatalf("%q %v %v", first, err, res.Header)
			}
			if err := os.WriteFile(flag, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "data: last\n\n" {
				t.Errorf("%q %v", rest, err)
			}
		})
	}
}

// A stream that the function broke off is broken off for the client too.
func TestCutStream(t *testing.T) {
	t.Parallel()
	f := start(t, Config{Env: []string{"MODE=streaming"}})
	s, err := f.InvokeStream(t.Context(), eventFor(t, "/cut"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(s)
	var fe *FunctionError
	if !bytes.HasSuffix(b, []byte("half")) || !errors.As(err, &fe) || !strings.Contains(fe.Message, "handler ended") {
		t.Errorf("%q %v", b, err)
	}
	srv := httptest.NewServer(&Edge{Function: f, Streaming: true})
	defer srv.Close()
	res, err := http.Get(srv.URL + "/cut")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); string(b) != "half" || err == nil {
		t.Errorf("%q %v", b, err)
	}
}

// A client that leaves is not the function's concern: its writes go on, and it lives.
func TestClientLeaves(t *testing.T) {
	t.Parallel()
	f := start(t, Config{Env: []string{"MODE=streaming"}})
	report := filepath.Join(t.TempDir(), "report")
	s, err := f.InvokeStream(t.Context(), eventFor(t, "/left?report="+report))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Invoke(t.Context(), eventFor(t, "/echo")); err != nil {
		t.Errorf("after it: %v", err)
	}
	if b, err := os.ReadFile(report); string(b) != "no" {
		t.Errorf("write failed: %s %v", b, err)
	}
}

// eventFor is a REST API's event for a GET of target.
func eventFor(t *testing.T, target string) []byte {
	t.Helper()
	b, err := new(Edge).event(httptest.NewRequest(http.MethodGet, target, nil))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The process has what Lambda sets and what it was given, and nothing of this one.
func TestEnvironment(t *testing.T) {
	t.Setenv("LEASEHOLD_OF_THE_TEST", "leaked")
	url := serve(t, Edge{}, Config{Env: []string{"LEASEHOLD_GIVEN=1", "AWS_REGION=us-east-1"}})
	_, env := do(t, "GET", url+"/env", "", nil)
	for _, want := range []string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:", "AWS_LAMBDA_FUNCTION_NAME=", "_HANDLER=", "LAMBDA_TASK_ROOT=" + filepath.Dir(bootstrap), "LEASEHOLD_GIVEN=1", "AWS_REGION=us-east-1"} {
		if !strings.Contains("\n"+env, "\n"+want) {
			t.Errorf("no %s in\n%s", want, env)
		}
	}
	for _, not := range []string{"leaked", "AWS_REGION=eu-west-1", "HOME=", "GO"} {
		if strings.Contains("\n"+env, "\n"+not) || strings.Contains(env, "leaked") {
			t.Errorf("%s in\n%s", not, env)
		}
	}
}

func TestFunctionErrors(t *testing.T) {
	t.Parallel()
	t.Run("not an event", func(t *testing.T) {
		t.Parallel()
		f := start(t, Config{})
		wantError(t, f, []byte(`{"secret":"s3cr3t"}`), "errorString", "no API Gateway")
		if _, err := f.Invoke(t.Context(), eventFor(t, "/echo")); err != nil {
			t.Errorf("after it: %v", err)
		}
	})
	t.Run("exit, and another process", func(t *testing.T) {
		t.Parallel()
		f := start(t, Config{})
		wantError(t, f, eventFor(t, "/exit"), "Runtime.ExitError", "exit status 7")
		if _, err := f.Invoke(t.Context(), eventFor(t, "/echo")); err != nil {
			t.Errorf("after it: %v", err)
		}
	})
	t.Run("init", func(t *testing.T) {
		t.Parallel()
		f := start(t, Config{Env: []string{"FAIL_INIT=1"}})
		for range 2 {
			wantError(t, f, eventFor(t, "/echo"), "Runtime.ExitError", "during init: exit status 3")
		}
	})
	t.Run("timeout, and another process", func(t *testing.T) {
		t.Parallel()
		f := start(t, Config{Timeout: 5 * time.Second})
		wantError(t, f, eventFor(t, "/hang"), "Sandbox.Timedout", "timed out after 5.00 seconds")
		if _, err := f.Invoke(t.Context(), eventFor(t, "/echo")); err != nil {
			t.Errorf("after it: %v", err)
		}
	})
	t.Run("too large", func(t *testing.T) {
		t.Parallel()
		wantError(t, start(t, Config{}), eventFor(t, "/big"), "Function.ResponseSizeTooLarge", "6291556")
	})
	t.Run("as seen by a client", func(t *testing.T) {
		t.Parallel()
		if res, _ := do(t, "GET", serve(t, Edge{}, Config{})+"/exit", "", nil); res.StatusCode != http.StatusBadGateway {
			t.Errorf("%d", res.StatusCode)
		}
	})
}

func wantError(t *testing.T, f *Function, event []byte, typ, message string) {
	t.Helper()
	out, err := f.Invoke(t.Context(), event)
	var fe *FunctionError
	if !errors.As(err, &fe) || fe.Type != typ || !strings.Contains(fe.Message, message) || strings.Contains(fe.Message, "s3cr3t") {
		t.Errorf("%.100q %v", out, err)
	}
}

// A handler has its margin before Lambda's deadline to say that it ran out of time.
func TestDeadline(t *testing.T) {
	t.Parallel()
	res, _ := do(t, "GET", serve(t, Edge{}, Config{Timeout: 5 * time.Second})+"/late", "", nil)
	if res.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("%d", res.StatusCode)
	}
}

// Two instances work at the same time; one works through its queue.
func TestInstances(t *testing.T) {
	t.Parallel()
	f := start(t, Config{Instances: 2, Env: []string{"MODE=streaming"}})
	flag := filepath.Join(t.TempDir(), "flag")
	s, err := f.InvokeStream(t.Context(), eventFor(t, "/stream?until="+flag))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Invoke(t.Context(), eventFor(t, "/echo")); err != nil { // by the other one
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	one := start(t, Config{Env: []string{"MODE=streaming"}})
	if _, err := one.InvokeStream(t.Context(), eventFor(t, "/stream?until="+flag)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := one.Invoke(ctx, eventFor(t, "/echo")); !errors.Is(err, context.Canceled) {
		t.Errorf("a busy function: %v", err)
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(s); err != nil {
		t.Error(err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	var out lockedBuffer
	f := start(t, Config{Env: []string{"ON_SIGTERM=1"}, Output: &out, Grace: time.Minute})
	if _, err := f.Invoke(t.Context(), eventFor(t, "/echo")); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil || !strings.Contains(out.String(), "shut down") {
		t.Errorf("close: %v, output %q", err, out.String())
	}
	if _, err := f.Invoke(t.Context(), eventFor(t, "/echo")); !errors.Is(err, ErrClosed) {
		t.Errorf("invoke: %v", err)
	}
	deaf := start(t, Config{Env: []string{"DEAF=1"}, Grace: time.Millisecond})
	if _, err := deaf.Invoke(t.Context(), eventFor(t, "/echo")); err != nil { // it is deaf by now
		t.Fatal(err)
	}
	if err := deaf.Close(); !errors.Is(err, ErrKilled) {
		t.Errorf("close: %v", err)
	}
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	if _, err := Start(Config{Bootstrap: filepath.Join(repo.Root(t), "no-such-file")}); err == nil {
		t.Error("started what is not there")
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
