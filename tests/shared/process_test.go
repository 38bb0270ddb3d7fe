package shared

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"leasehold.example/tests/internal/local"
	"leasehold.example/tests/internal/repo"
)

// TestRestart: what `make run` keeps in DATA survives the process: a session of 2025-11-25,
// handles, an open question, and tokens; and `make -s token` prints one JWT and nothing
// else, which is good at the restarted server.
func TestRestart(t *testing.T) {
	t.Parallel()
	bin, addr, data := local.Build(t, local.Shipped), local.FreeAddr(t), t.TempDir()
	s := local.StartAt(t, bin, addr, data)
	me := caller{s.Token(t, "acme", "user-1")}
	session := me.open(t, s.MCP(), s.MCP())
	good(t, me.toolOld(t, s.MCP(), session, "session_set", `{"key":"k","value":"kept"}`))
	arguments := `{"notebook":"` + me.tool(t, s.MCP(), "notebook_open", `{"title":"kept"}`).text(t, "notebook") + `"}`
	state := me.tool(t, s.MCP(), "notebook_delete", arguments).result(t).RequestState
	s.Stop(t)

	s = local.StartAt(t, bin, addr, data)
	cmd := exec.CommandContext(t.Context(), "make", "-s", "token", "TENANT=acme", "SUBJECT=user-1", "DATA="+data)
	cmd.Dir = repo.Root(t)
	out, err := cmd.Output()
	if err != nil || !regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+\n$`).Match(out) {
		t.Fatalf("make -s token: %v: %q", err, out)
	}
	for name, c := range map[string]caller{"the old token": me, "a new token": {strings.TrimSpace(string(out))}} {
		if got := c.toolOld(t, s.MCP(), session, "session_get", `{"key":"k"}`).text(t, "value"); got != "kept" {
			t.Errorf("with %s the session holds %q", name, got)
		}
		if got := c.tool(t, s.MCP(), "notebook_read", arguments).text(t, "title"); got != "kept" {
			t.Errorf("with %s the notebook is %q", name, got)
		}
	}
	if deleted := me.tool(t, s.MCP(), "notebook_delete", arguments, consent(state)...).result(t).StructuredContent["deleted"]; deleted != true {
		t.Errorf("a question of before the restart: deleted %v", deleted)
	}
}

// TestGracefulStop: after SIGTERM a server takes no new connections, finishes the request
// that it is reading, store and all, and exits with 0.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	s := local.Start(t, local.Shipped)
	me := caller{s.Token(t, "acme", "user-1")}
	session := me.open(t, s.MCP(), s.MCP())
	http.DefaultClient.CloseIdleConnections()

	addr := strings.TrimPrefix(s.URL, "http://")
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"session_set","arguments":{"key":"k","value":1}}}`
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nMcp-Session-Id: %s\r\nContent-Type: application/json\r\n"+
		"Accept: application/json, text/event-stream\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", addr, me.token, session, len(body))
	answers := bufio.NewReader(conn)
	// The server says 100 when the handler has accepted the token and begins to read.
	if line, err := answers.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	s.Signal(t)
	awaitClosed(t, addr)
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatalf("the request was not finished: %v", err)
	}
	defer func() { _ = res.Body.Close() }()
	said, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(said), `"version":2`) {
		t.Errorf("%d %s, %v", res.StatusCode, said, err)
	}
	s.Stopped(t)
}

// awaitClosed waits until nobody listens on addr: a process that is not ours to instrument
// says in no other way that it has heard the signal.
func awaitClosed(t testing.TB, addr string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-tick.C {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			return
		}
		_ = conn.Close()
	}
	t.Fatal("the server still listens after SIGTERM")
}

// TestOptionsOfTheServer: "OPTIONS *" has no path, and is judged by its host like the rest
// (rule 32).
func TestOptionsOfTheServer(t *testing.T) {
	t.Parallel()
	s := local.Start(t, local.Shipped)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprint(conn, "OPTIONS * HTTP/1.1\r\nHost: attacker.example\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("at a foreign host: %s", res.Status)
	}
}

// TestStopAtOnce: a server that has just said that it is ready stops as cleanly as any.
func TestStopAtOnce(t *testing.T) {
	t.Parallel()
	bin := local.Build(t, local.Shipped)
	cmd := exec.CommandContext(t.Context(), bin, "-local", "-addr", local.FreeAddr(t), "-data", t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "is ready") {
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}
