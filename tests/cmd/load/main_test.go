package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	token  = "a-token-that-nobody-may-see"
	answer = `{"jsonrpc":"2.0","id":1,"result":{"structuredContent":{}}}`
)

// server answers as an MCP server does, and calls of the tool with status and body.
type server struct {
	*httptest.Server
	status int
	body   string

	mu    sync.Mutex
	calls map[string]int // of the tool, by protocol and session
	ids   map[string]bool
	ended []string
}

func newServer(t *testing.T, status int, body string) *server {
	t.Helper()
	s := &server{status: status, body: body, calls: map[string]int{}, ids: map[string]bool{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	session := r.Header.Get("Mcp-Session-Id")
	switch {
	case r.Header.Get("Authorization") != "Bearer "+token:
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method == http.MethodDelete:
		s.ended = append(s.ended, session)
	case strings.Contains(string(body), `"initialize"`):
		w.Header().Set("Mcp-Session-Id", "session-1")
	case strings.Contains(string(body), `notifications/initialized`):
		w.WriteHeader(http.StatusAccepted)
	default:
		version := r.Header.Get("Mcp-Protocol-Version")
		s.calls[version+" "+session+r.Header.Get("Mcp-Name")]++
		s.ids[version+string(body)] = true
		w.Header().Set("Location", "http://127.0.0.1:1/") // followed, it would be no answer
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, s.body)
	}
}

func TestAttack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int
		body   string
		change func(*plan)
		want   string // of the error; empty: none
		says   string // in the output
	}{
		{"all well", 200, answer, nil, "", "both"},
		{"every call fails", 503, "", nil, "100.00 % of the calls failed, more than MAX_ERRORS=0", "503 Service Unavailable"},
		{"which is allowed", 503, "", func(p *plan) { p.maxErrors = 100 }, "", "503 Service Unavailable"},
		{"a redirect is not followed", 307, "", nil, "failed", "307 Temporary Redirect"},
		{"an error of the protocol", 200, `{"jsonrpc":"2.0","id":1,"error":{}}`, nil, "failed", "200 without a result"},
		{"an error of the tool", 200, strings.Replace(answer, `{"structuredContent"`, `{"isError":true,"structuredContent"`, 1), nil, "failed", "200 without a result"},
		{"too slow", 200, answer, func(p *plan) { p.maxP99 = 1 }, "more than MAX_P99=1ns", "both"},
		{"a token of somebody else", 200, answer, func(p *plan) { p.token = "other" }, "initialize was answered with 401", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, tt.status, tt.body)
			p := plan{url: s.URL + "/mcp", token: token, rate: 200, duration: 50 * time.Millisecond}
			if tt.change != nil {
				tt.change(&p)
			}
			var out strings.Builder
			m, err := p.attack(t.Context())
			if err == nil {
				err = m.judge(&out, p)
			}
			if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) || !strings.Contains(out.String(), tt.says) {
				t.Errorf("%v\n%s", err, out.String())
			}
			if p.token != token {
				return
			}
			// 50 ms of 200 calls a second, however long they took.
			if want := map[string]int{"2026-07-28 whoami": 5, "2025-11-25 session-1": 5}; !maps.Equal(s.calls, want) {
				t.Errorf("calls: %v, want %v", s.calls, want)
			}
			if len(s.ids) != 10 {
				t.Errorf("%d different messages in 10 calls", len(s.ids))
			}
			if len(s.ended) != 1 || s.ended[0] != "session-1" {
				t.Errorf("sessions ended: %q", s.ended)
			}
		})
	}
}

// TestRun: a bad request is a usage error that names the variable, and nothing prints the token.
func TestRun(t *testing.T) {
	t.Parallel()
	const own = "http://127.0.0.1:1/mcp"
	for _, tt := range []struct {
		name, args, token, host string
		status                  int
		says                    string
	}{
		{"nobody there", "-url " + own, token, "", 1, "connection refused"},
		{"too fast", "-rate 201 -url " + own, token, "", 2, "RATE is 201; expected 2 to 200"},
		{"too slow", "-rate 1 -url " + own, token, "", 2, "RATE is 1"},
		{"too long", "-duration 11m -url " + own, token, "", 2, "DURATION is 11m0s; expected 1s to 10m0s"},
		{"for ever", "-duration 0 -url " + own, token, "", 2, "DURATION is 0s"},
		{"no percentage", "-max-errors NaN -url " + own, token, "", 2, "MAX_ERRORS is NaN"},
		{"no token", "-url " + own, "", "", 2, "no TOKEN"},
		{"no URL", "", token, "", 2, "URL is not"},
		{"a file", "-url file:///mcp", token, "", 2, "URL is not"},
		{"with a password", "-url http://a:b@127.0.0.1:1/mcp", token, "", 2, "URL is not"},
		{"a stranger", "-url https://mcp.invalid/mcp", token, "", 2, "LOAD_HOST=mcp.invalid"},
		{"another host is allowed", "-url https://mcp.invalid/mcp", token, "invalid", 2, "LOAD_HOST=mcp.invalid"},
		{"another port is allowed", "-url https://mcp.invalid:8443/mcp", token, "mcp.invalid", 2, "LOAD_HOST=mcp.invalid:8443"},
		{"a name that looks local", "-url https://127.0.0.1.mcp.invalid/mcp", token, "", 2, "LOAD_HOST="},
		{"in the clear", "-url http://mcp.invalid/mcp", token, "mcp.invalid", 2, "expected https"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr strings.Builder
			environ := map[string]string{"TOKEN": tt.token, "LOAD_HOST": tt.host}
			status := run(t.Context(), strings.Fields(tt.args), func(name string) string { return environ[name] }, &stdout, &stderr)
			if status != tt.status || !strings.Contains(stderr.String(), tt.says) || strings.Contains(stderr.String()+stdout.String(), token) {
				t.Errorf("status %d, want %d with %q:\n%s%s", status, tt.status, tt.says, stdout.String(), stderr.String())
			}
		})
	}
	// Without TOKEN, the token is a pipeline's own.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	environ := map[string]string{"VERIFY_KEY": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}
	getenv := func(name string) string { return environ[name] }
	if _, err := parse([]string{"-url", own}, getenv, io.Discard); err == nil || !strings.Contains(err.Error(), "VERIFY_ISSUER: want both") {
		t.Errorf("a key without an issuer: %v", err)
	}
	environ["VERIFY_ISSUER"] = "https://pipeline.example"
	if p, err := parse([]string{"-url", own}, getenv, io.Discard); err != nil || strings.Count(p.token, ".") != 2 {
		t.Errorf("the token is %q, %v", p.token, err)
	}
	// The host that was named twice is accepted. It is not called: it has no address (RFC 2606).
	p := plan{url: "https://mcp.invalid/mcp", token: token, rate: 20, duration: time.Second}
	if err := p.check("mcp.invalid"); err != nil {
		t.Error(err)
	}
}
