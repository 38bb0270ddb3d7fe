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
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/apps/mcp/internal/devidp"
	"leasehold.example/libs/session/boltstore"
)

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func newServer(t *testing.T, o Options) *fx.App {
	t.Helper()
	c, err := config.LoadLocal(nil, o.Addr)
	if err != nil {
		t.Fatal(err)
	}
	return fx.New(Server(c, o, app.Shipped, io.Discard))
}

// TestGraph: nothing is missing from what the local server wires.
func TestGraph(t *testing.T) {
	t.Parallel()
	c, err := config.LoadLocal(nil, devidp.DefaultAddr)
	if err != nil {
		t.Fatal(err)
	}
	if err := fx.ValidateApp(Server(c, Options{Addr: devidp.DefaultAddr}, app.Shipped, io.Discard)); err != nil {
		t.Error(err)
	}
}

// TestStartStop: a started server answers to tokens of its own issuer, and a stopped one
// has let go of its port and of its store, so that it can be started again at once.
func TestStartStop(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	o := Options{Addr: freeAddr(t), Data: t.TempDir(), Out: &out}
	var session, handle string
	for run := range 2 {
		s := newServer(t, o)
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		me := client(t, o)
		if run == 0 {
			session = me.Open(t, "client")
			handle = me.ToolModern(t, "session_open", "{}").Member(t, "session")
			me.Tool(t, session, "session_set", `{"key":"k","value":"kept"}`)
			me.ToolModern(t, "session_set", `{"key":"k","value":"kept","session":"`+handle+`"}`)
		}
		for _, a := range []apptest.Answer{
			me.Tool(t, session, "session_get", `{"key":"k"}`),
			me.ToolModern(t, "session_get", `{"key":"k","session":"`+handle+`"}`),
		} {
			if got := a.Member(t, "value"); got != "kept" {
				t.Errorf("run %d: the session holds %q", run, got)
			}
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		store, err := boltstore.Open(filepath.Join(o.Data, "sessions.db"))
		if err != nil {
			t.Fatalf("the store of a stopped server: %v", err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

func client(t *testing.T, o Options) apptest.Client {
	t.Helper()
	c, err := config.LoadLocal(nil, o.Addr)
	if err != nil {
		t.Fatal(err)
	}
	scopes, err := app.Scopes(c)
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := devidp.Last(devidp.Options{Dir: o.Data, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	token, err := issuer.Mint("acme", "user-1", nil, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return apptest.Client{URL: issuer.Audience(), Token: token, Transport: transport}
}

// TestRefuses: what must not be served does not start, says why in words that a person can
// act on, and leaves what runs alone.
func TestRefuses(t *testing.T) {
	t.Parallel()
	taken, err := app.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	running := Options{Addr: freeAddr(t), Data: t.TempDir(), Out: io.Discard}
	s := newServer(t, running)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop(context.Background()) }()
	remembered, err := os.ReadFile(filepath.Join(running.Data, "server.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		o    Options
		says string
	}{
		"every interface":    {Options{Addr: "0.0.0.0:8080", Data: t.TempDir()}, "loopback only"},
		"no host":            {Options{Addr: ":8080", Data: t.TempDir()}, "loopback only"},
		"a public address":   {Options{Addr: "192.0.2.1:8080", Data: t.TempDir()}, "loopback only"},
		"a taken port":       {Options{Addr: taken.Addr().String(), Data: t.TempDir()}, "address already in use"},
		"the data of others": {Options{Addr: freeAddr(t), Data: running.Data}, "is another server using it?"},
	} {
		tt.o.Out = io.Discard
		err := newServer(t, tt.o).Start(t.Context())
		if err == nil {
			t.Fatalf("%s: it started", name)
		}
		var said bytes.Buffer
		app.Fail(&said, err)
		if !strings.Contains(said.String(), tt.says) || strings.Count(said.String(), "\n") != 1 {
			t.Errorf("%s: it says %q, want %q", name, said.String(), tt.says)
		}
	}
	if after, err := os.ReadFile(filepath.Join(running.Data, "server.json")); err != nil || !bytes.Equal(after, remembered) {
		t.Errorf("tokens would be for %s (%v), want %s", after, err, remembered)
	}
}

// TestWelcome: what a newcomer is told to export keeps no server from starting, and a
// data directory with any name can be pasted.
func TestWelcome(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	o := Options{Addr: freeAddr(t), Data: filepath.Join(t.TempDir(), "it's mine"), Out: &said}
	s := newServer(t, o)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop(context.Background()) }()
	exported := map[string]string{}
	for _, m := range regexp.MustCompile(`export (\w+)=`).FindAllStringSubmatch(said.String(), -1) {
		exported[m[1]] = "eyJ"
	}
	if _, err := config.LoadLocal(exported, o.Addr); err != nil || len(exported) == 0 {
		t.Errorf("with %v exported: %v", exported, err)
	}
	quoted := regexp.MustCompile(`DATA=(\S.*)\n`).FindStringSubmatch(said.String())
	if quoted == nil {
		t.Fatalf("no DATA in %s", said.String())
	}
	got, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", "printf %s "+quoted[1]).Output()
	if err != nil || string(got) != o.Data {
		t.Errorf("a shell reads %q (%v), want %q", got, err, o.Data)
	}
}

// TestRun: wrong arguments are told apart from a failed start by the exit code.
func TestRun(t *testing.T) {
	t.Parallel()
	exposed := t.TempDir()
	if err := os.WriteFile(filepath.Join(exposed, "issuer-key.pem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		code int
	}{
		{[]string{"-h"}, 0},
		{[]string{"-nonsense"}, 2},
		{[]string{"-local", "extra"}, 2},
		{[]string{"-rotate-key", "-data", t.TempDir()}, 0},
		{[]string{"-rotate-key", "-data", exposed}, 1},
		{[]string{"-local", "-addr", "0.0.0.0:1", "-data", t.TempDir()}, 1},
		{nil, 1}, // nothing is configured
	} {
		if got := Run(tt.args, app.Shipped); got != tt.code {
			t.Errorf("server %q: exit code %d, want %d", tt.args, got, tt.code)
		}
	}
}
