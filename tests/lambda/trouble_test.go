package lambda

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/tests/internal/deployed"
	"leasehold.example/tests/runtimeapi"
)

// progress is a member of _meta that asks for progress, which begins a stream.
const progress = `"progressToken":"p",`

// post calls a fixture in the modern era, which needs no session. The answer's body is the
// caller's to close.
func post(t *testing.T, f *deployed.Function, address, tool, arguments, meta string) *http.Response {
	t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s,"_meta":{%s`+
		`"io.modelcontextprotocol/protocolVersion":%q,"io.modelcontextprotocol/clientCapabilities":{}}}}`,
		tool, arguments, meta, modern)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]string{
		"Authorization": "Bearer " + f.Token(), "Content-Type": "application/json",
		"Accept":               "application/json, text/event-stream",
		"Mcp-Protocol-Version": modern, "Mcp-Method": "tools/call", "Mcp-Name": tool,
	} {
		r.Header.Set(name, v)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// wanted is what an answer has.
type wanted struct {
	status int
	body   string
}

func (w wanted) check(t *testing.T, res *http.Response) {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != w.status || !strings.Contains(string(body), w.body) {
		t.Errorf("%d %.500q (%v), want %d with %q", res.StatusCode, body, err, w.status, w.body)
	}
}

// checkAlive calls a fixture that has no trouble.
func checkAlive(t *testing.T, f *deployed.Function, address string) {
	t.Helper()
	wanted{http.StatusOK, `"text":"xxx"`}.check(t, post(t, f, address, "test_large", `{"times":3,"text":"x"}`, ""))
}

// TestProgress: through an edge that streams, a notification is there before the result.
// The call goes on only when the client has it.
func TestProgress(t *testing.T) {
	t.Parallel()
	for _, e := range edges {
		if !e.streaming {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			f := deployed.Start(t, deployed.Everything, deployed.Options{Streaming: true})
			until := filepath.Join(t.TempDir(), "go-on")
			res := post(t, f, f.Serve(t, e.kind), "test_wait", fmt.Sprintf(`{"until":%q}`, until), progress)
			defer res.Body.Close()
			if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
				t.Fatalf("content type %q", got)
			}
			events := bufio.NewScanner(res.Body)
			if got := next(events); !strings.Contains(got, `"notifications/progress"`) {
				t.Fatalf("first event %q", got)
			}
			if err := os.WriteFile(until, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := next(events); !strings.Contains(got, `"waited"`) {
				t.Errorf("second event %q", got)
			}
			if got := next(events); got != "" || events.Err() != nil {
				t.Errorf("then %q, %v", got, events.Err())
			}
		})
	}
}

// next returns the data of the next event; empty at the end.
func next(events *bufio.Scanner) string {
	for events.Scan() {
		if data, ok := strings.CutPrefix(events.Text(), "data: "); ok {
			return data
		}
	}
	return ""
}

// TestTrouble: what goes wrong in a tool is one failed request, and the next one is
// answered by the same process.
func TestTrouble(t *testing.T) {
	t.Parallel()
	for _, e := range edges {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			f := deployed.Start(t, deployed.Everything, deployed.Options{
				Streaming: e.streaming, Env: []string{config.EnvResponseLimit + "=65536"},
			})
			address := f.Serve(t, e.kind)
			wanted{http.StatusOK, `"code":-32603`}.check(t, post(t, f, address, "test_panic", `{}`, ""))
			// RULES 11
			tooLarge := wanted{http.StatusOK, `{"code":-32603,"message":"the result is larger than this endpoint can carry"}`}
			tooLarge.check(t, post(t, f, address, "test_large", `{"times":70000,"text":"x"}`, ""))
			checkAlive(t, f, address)
			if !strings.Contains(f.Log(), "panic in a handler") {
				t.Error("the log does not tell of the panic")
			}
		})
	}
}

// TestEscapes: what a result takes counts as Lambda carries it, as JSON within JSON, where
// a quote in a text is four bytes (RULES 11).
func TestEscapes(t *testing.T) {
	t.Parallel()
	f := deployed.Start(t, deployed.Everything, deployed.Options{})
	address := f.Serve(t, runtimeapi.RESTAPI)
	wanted{http.StatusOK, "larger than this endpoint can carry"}.check(t, post(t, f, address, "test_large", `{"times":2000000,"text":"\""}`, ""))
	checkAlive(t, f, address)
}

// TestDeadline: a request ends by itself, whether by its own deadline or short of
// Lambda's, which would kill the process. Once a stream has begun, its status cannot tell
// (RULES 10).
func TestDeadline(t *testing.T) {
	t.Parallel()
	own := []string{config.EnvRequestTimeout + "=5s"}
	tests := []struct {
		name      string
		streaming bool
		env       []string
		timeout   time.Duration
		meta      string
		status    int
	}{
		{"its own", false, own, 0, "", http.StatusGatewayTimeout},
		{"its own, after an event", true, own, 0, progress, http.StatusOK},
		{"Lambda's", false, nil, 8 * time.Second, "", http.StatusGatewayTimeout},
		{"Lambda's, streaming", true, nil, 8 * time.Second, "", http.StatusGatewayTimeout},
		{"Lambda's, after an event", true, nil, 8 * time.Second, progress, http.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := deployed.Start(t, deployed.Everything, deployed.Options{Streaming: tt.streaming, Env: tt.env, Timeout: tt.timeout})
			address := f.Serve(t, runtimeapi.RESTAPI)
			never := fmt.Sprintf(`{"until":%q}`, filepath.Join(t.TempDir(), "never"))
			timedOut := wanted{tt.status, `"message":"deadline exceeded"`}
			timedOut.check(t, post(t, f, address, "test_wait", never, tt.meta))
			checkAlive(t, f, address)
		})
	}
}
