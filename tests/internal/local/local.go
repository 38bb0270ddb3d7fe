// Package local runs a server of apps/mcp as a process, the way `make run` does.
package local

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"leasehold.example/tests/internal/repo"
)

// The servers that can be started: main packages, relative to the repository's root.
const (
	Shipped    = "./apps/mcp/cmd/server"
	Everything = "./apps/mcp/internal/everything/cmd/server" // with the conformance suite's fixtures
)

const (
	startTime = 30 * time.Second
	stopTime  = 10 * time.Second
)

// Server is a process with a local issuer and a data directory of its own.
type Server struct {
	URL  string // the base, without a path
	root string
	data string
}

// MCP returns the address of the MCP endpoint.
func (s *Server) MCP() string { return s.URL + "/mcp" }

// Start builds the main package, runs it on a free loopback port and returns when
// /healthz answers. The end of the test stops it with SIGTERM; an exit that is not
// clean fails the test, and a failed test logs what the server printed.
func Start(t testing.TB, pkg string) *Server {
	t.Helper()
	addr := freeAddr(t)
	s := &Server{URL: "http://" + addr, root: repo.Root(t), data: t.TempDir()}
	bin := filepath.Join(t.TempDir(), "server")
	build := exec.Command("go", "build", "-o", bin, pkg)
	build.Dir = s.root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}

	var log bytes.Buffer
	cmd := exec.Command(bin, "-local", "-addr", addr, "-data", s.data)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", pkg, err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		stop(t, cmd.Process, done)
		if t.Failed() {
			t.Logf("%s printed:\n%s", pkg, log.String())
		}
	})
	s.await(t, done)
	return s
}

// Token returns a token of the server's own issuer. Without scopes it has every scope.
func (s *Server) Token(t testing.TB, tenant, subject string, scopes ...string) string {
	t.Helper()
	cmd := exec.Command("go", "run", "./apps/mcp/cmd/token", "-data", s.data,
		"-tenant", tenant, "-subject", subject, "-scopes", strings.Join(scopes, " "))
	cmd.Dir = s.root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("cmd/token: %v\n%s", err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// await polls /healthz: a process that is not ours to instrument says in no other way
// that it is ready.
func (s *Server) await(t testing.TB, done <-chan error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTime)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if s.healthy(ctx) {
			return
		}
		select {
		case err := <-done:
			t.Fatalf("the server ended before it was ready: %v", err)
		case <-ctx.Done():
			t.Fatalf("the server was not ready within %v", startTime)
		case <-tick.C:
		}
	}
}

func (s *Server) healthy(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/healthz", http.NoBody)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return res.Body.Close() == nil && res.StatusCode == http.StatusOK
}

func stop(t testing.TB, p *os.Process, done <-chan error) {
	t.Helper()
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("the server had ended before the test did: %v", err)
		return
	}
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("the server did not stop cleanly: %v", err)
		}
	case <-time.After(stopTime):
		_ = p.Kill()
		t.Errorf("the server did not stop within %v of SIGTERM (killed: %v)", stopTime, <-done)
	}
}

// freeAddr asks the kernel for a port. Another process could take it before the server
// does; the server then fails to start, which the test says.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("free port: %v", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
