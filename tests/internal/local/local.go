// Package local runs a server of apps/mcp as a process, the way `make run` does.
package local

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"leasehold.example/apps/mcp/config"
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
	pid  *os.Process
	once sync.Once
	done chan struct{} // closed when the process has ended
	err  error         // how; after done
}

// MCP returns the address of the MCP endpoint.
func (s *Server) MCP() string { return s.URL + "/mcp" }

// Start builds the main package, runs it on a free loopback port and returns when
// /healthz answers. The end of the test stops it with SIGTERM; an exit that is not
// clean fails the test, and a failed test logs what the server printed.
func Start(t testing.TB, pkg string) *Server {
	t.Helper()
	return StartAt(t, Build(t, pkg), FreeAddr(t), t.TempDir())
}

// StartAt is Start for a program that has been built, an address and a data directory.
func StartAt(t testing.TB, bin, addr, data string) *Server {
	t.Helper()
	s := Launch(t, addr, exec.Command(bin, "-local", "-addr", addr, "-data", data))
	s.data = data
	return s
}

// Launch is Start for a command that listens on addr. It sets what the command prints to,
// and adds the environment of the test.
func Launch(t testing.TB, addr string, cmd *exec.Cmd) *Server {
	t.Helper()
	s := &Server{URL: "http://" + addr, root: repo.Root(t), done: make(chan struct{})}
	var log bytes.Buffer
	// The variables of the tests themselves are unknown to the server, which refuses them.
	inherited := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, config.Prefix) })
	cmd.Env = append(inherited, cmd.Env...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	s.pid = cmd.Process
	go func() {
		s.err = cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(func() {
		s.Stop(t)
		if t.Failed() {
			t.Logf("%s printed:\n%s", cmd.Path, log.String())
		}
	})
	s.await(t)
	return s
}

// Build compiles a main package.
func Build(t testing.TB, pkg string) (bin string) {
	t.Helper()
	bin = filepath.Join(t.TempDir(), "server")
	cmd := exec.Command("go", "build", "-o", bin, pkg)
	cmd.Dir = repo.Root(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return bin
}

// Signal sends SIGTERM and does not wait.
func (s *Server) Signal(t testing.TB) {
	t.Helper()
	if err := s.pid.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("the server had ended before the test did: %v", err)
	}
}

// Stop sends SIGTERM and waits for a clean exit, which is an error of the test if it does
// not come. The second call does nothing.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.once.Do(func() {
		s.Signal(t)
		s.wait(t)
	})
}

// Stopped waits for a clean exit after Signal.
func (s *Server) Stopped(t testing.TB) {
	t.Helper()
	s.once.Do(func() { s.wait(t) })
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
func (s *Server) await(t testing.TB) {
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
		case <-s.done:
			t.Fatalf("the server ended before it was ready: %v", s.err)
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

func (s *Server) wait(t testing.TB) {
	t.Helper()
	select {
	case <-s.done:
		if s.err != nil {
			t.Errorf("the server did not stop cleanly: %v", s.err)
		}
	case <-time.After(stopTime):
		_ = s.pid.Kill()
		<-s.done
		t.Errorf("the server did not stop within %v of SIGTERM (killed: %v)", stopTime, s.err)
	}
}

// FreeAddr asks the kernel for a port that a process is to listen on, and gets it out of the kernel's choice for the
// next minute (less on some systems): a connection that the port's side closed first stays in TIME-WAIT, where a server
// that names the port may listen on it, but nobody is given it who asks for any (RFC 9293, 3.6.1). So choose it last,
// after what takes long.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("free port: %v", err)
	}
	defer func() { _ = l.Close() }()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatalf("free port: %v", err)
	}
	defer func() { _ = client.Close() }()
	side, err := l.Accept()
	if err == nil {
		err = side.Close()
	}
	if err == nil {
		_, err = io.Copy(io.Discard, client) // until the end has come: the client's is the second
	}
	if err != nil {
		t.Fatalf("free port: %v", err)
	}
	return l.Addr().String()
}
