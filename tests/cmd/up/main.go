// Command up runs a stack on this machine as it is deployed, until it is told to end:
//
//	tests/dynamodb/start build/local/up -stack dev
//	build/local/up -down
//
// It runs in the root of the repository; `make up` builds what it needs. The local sign-in is
// the issuer. A line is printed for each request, and for what goes wrong behind it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"leasehold.example/libs/session/dynamostore/dynamotest"
	"leasehold.example/tests/e2e"
)

const (
	// home has the lock and the sign-in's data.
	home = "build/up"
	// issuerTime is what the sign-in may take to start.
	issuerTime = 30 * time.Second
)

func main() {
	stack := flag.String("stack", "", "whose Pulumi.<stack>.yaml; required")
	addr := flag.String("addr", "127.0.0.1:8090", "the `address` to listen on")
	edge := flag.String("edge", "", "rest or http, in place of the stack's")
	down := flag.Bool("down", false, "end the one that runs")
	flag.Parse()
	run := func() error { return up(*stack, *addr, *edge) }
	if *down {
		run = end
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "up:", err)
		os.Exit(1)
	}
}

func up(stack, addr, edge string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if stack == "" {
		return errors.New("-stack: say which, such as dev")
	}
	endpoint := os.Getenv(dynamotest.EndpointVariable)
	if endpoint == "" {
		return errors.New("there is no DynamoDB Local: run this behind tests/dynamodb/start")
	}
	unlock, err := lock()
	if err != nil {
		return err
	}
	defer unlock()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr) // at once: what follows takes minutes the first time
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }() // the stack has closed it, if there was one
	o, err := build(ctx, stack, edge)
	if err != nil {
		return err
	}
	o.Listener, o.DynamoDB = l, endpoint
	audience, err := e2e.MCPURL(o.State, l.Addr().String())
	if err != nil {
		return err
	}
	issuer, err := signIn(ctx, audience)
	if err != nil {
		return err
	}
	defer issuer.stop()
	o.Issuer = issuer.url
	s, err := e2e.Up(ctx, o)
	if err != nil {
		return err
	}
	token, err := mint(ctx)
	if err == nil {
		fmt.Printf(welcome, stack, s.MCPURL, issuer.url, token, data, heading)
		<-ctx.Done()
	}
	if errClose := s.Close(); ctx.Err() == nil {
		err = errors.Join(err, errClose) // after an interrupt DynamoDB Local has ended as well
	}
	return err
}

const welcome = `
The stack %[1]s runs on this machine.

  MCP URL  %[2]s
  Sign-in  %[3]s/
  A token  %[4]s
           (of somebody else: make -s token TENANT=globex SUBJECT=carol DATA=%[5]s)

Ctrl-C or make down ends it.

%[6]s
`

// build makes what the stack consists of; what happens to it later is printed.
func build(ctx context.Context, stack, edge string) (e2e.Options, error) {
	fmt.Println("building the functions and the stack's state")
	var b e2e.Builder
	if err := errors.Join(b.Engine(ctx), b.Archives(ctx)); err != nil {
		return e2e.Options{}, err
	}
	adapter, err := b.WebAdapter(ctx)
	if err != nil {
		return e2e.Options{}, err
	}
	var settings []string
	if edge != "" {
		settings = []string{"leasehold:edge=" + edge}
	}
	state, err := b.State(ctx, stack, settings...)
	return e2e.Options{
		State: state, WebAdapter: adapter,
		Served:  func(r served) { fmt.Println(line(r)) },
		Trouble: func(line string) { fmt.Println("    ", line) },
	}, err
}

// data is the sign-in's data directory.
var data = filepath.Join(home, "data")

// issuer is the local sign-in as a process.
type issuer struct {
	url  string
	stop func()
}

// signIn starts it, for tokens of an audience, and returns when it answers.
func signIn(ctx context.Context, audience string) (*issuer, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil { // for the process to take
		return nil, err
	}
	cmd := exec.Command("build/local/server", "-local", "-addr", addr, "-data", data, "-audience", audience)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var how error // once it has ended
	ended := make(chan struct{})
	go func() {
		how = cmd.Wait()
		close(ended)
	}()
	i := &issuer{url: "http://" + addr, stop: func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have had the interrupt as well
		<-ended
	}}
	deadline := time.After(issuerTime)
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		select {
		case <-ended:
			return nil, fmt.Errorf("the sign-in ended: %w", how)
		case <-deadline:
			i.stop()
			return nil, errors.New("the sign-in did not start")
		case <-tick.C:
			var dialer net.Dialer
			if c, err := dialer.DialContext(ctx, "tcp", addr); err == nil {
				tick.Stop()
				return i, c.Close()
			}
		}
	}
}

// mint returns a token, as make token does.
func mint(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "run", "./apps/mcp/cmd/token", "-data", data, "-tenant", "acme", "-subject", "alice", "-ttl", "8h")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}
