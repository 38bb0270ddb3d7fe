package docs

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// How long a command may take. The longest builds a program with Pulumi's SDK for the first time.
const (
	commandTime = 8 * time.Minute
	stopTime    = 10 * time.Second
)

// Terminal is one bash, which keeps its variables and its directory from command to command.
type Terminal struct {
	sandbox *Sandbox
	in      io.Writer
	lines   chan string // what is printed; closed when bash has ended
	mark    string
	Limit   time.Duration // of each command
}

// Terminal starts bash. The end of the test ends it.
func (s *Sandbox) Terminal(t testing.TB) *Terminal {
	t.Helper()
	cmd := s.command(t.Context(), "bash", "--noprofile", "--norc")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	read, write := io.Pipe()
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		t.Fatalf("bash: %v", err)
	}
	term := &Terminal{sandbox: s, in: in, lines: make(chan string, 64), mark: rand.Text(), Limit: commandTime}
	go func() {
		defer close(term.lines)
		for r := bufio.NewReader(read); ; {
			line, err := r.ReadString('\n')
			if line != "" {
				term.lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { // the test's context is done, which ends bash
		for range term.lines { // what is left must be read, or bash's output has nowhere to go
		}
	})
	go func() { _ = write.CloseWithError(cmd.Wait()) }()
	return term
}

// typed is a command with the mark behind it, and the status: that of the last part of it that failed, as a
// script of several lines must not end well only because its last line does.
const typed = "failed=0; trap 'failed=$?' ERR\n{ %s\n} </dev/null\nlast=$?; trap - ERR\nprintf '\\n%%s %%d\\n' %s $((last ? last : failed))\n"

// Run types a command and returns what it printed and its status.
func (t *Terminal) Run(command string) (printed string, status int, err error) {
	command = t.sandbox.addresses.Replace(command)
	if _, err := fmt.Fprintf(t.in, typed, strings.TrimSpace(command), t.mark); err != nil {
		return "", 0, err
	}
	deadline := time.NewTimer(t.Limit)
	defer deadline.Stop()
	var out strings.Builder
	for {
		select {
		case line, ok := <-t.lines:
			if !ok {
				return out.String(), 0, errors.New("the shell ended")
			}
			if rest, ok := strings.CutPrefix(line, t.mark+" "); ok {
				status, err := strconv.Atoi(strings.TrimSpace(rest))
				return out.String(), status, err
			}
			out.WriteString(line)
		case <-deadline.C:
			return out.String(), 0, fmt.Errorf("not done after %v", t.Limit)
		}
	}
}

// Stay starts a command that goes on, in a second terminal, and returns when it has printed what the
// page says and one of the sandbox's addresses answers. The end of the test ends it.
func (s *Sandbox) Stay(t testing.TB, c Command) {
	t.Helper()
	cmd := s.command(t.Context(), "bash", "--noprofile", "--norc", "-c", s.addresses.Replace(c.Text))
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	s.release()
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", c.Text, err)
	}
	var failed error // after ended
	ended := make(chan struct{})
	go func() {
		failed = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() { <-ended }) // the test's context is done, which ends the command
	want := s.addresses.Replace(c.Want)
	deadline, tick := time.NewTimer(commandTime), time.NewTicker(50*time.Millisecond)
	defer deadline.Stop()
	defer tick.Stop()
	for !s.answers() || !MatchSoFar(want, out.String()) {
		select {
		case <-ended:
			t.Fatalf("%s: ended, %v:\n%s", c.Text, failed, out.String())
		case <-deadline.C:
			t.Fatalf("%s: not ready after %v, or %v", c.Text, commandTime, Match(want, out.String()))
		case <-tick.C:
		}
	}
}

func (s *Sandbox) answers() bool {
	for _, address := range s.listens {
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			_ = c.Close()
			return true
		}
	}
	return false
}

// output collects what a process prints while it is read.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// OwnGroup has the end of the command's context ask the process and its children to end, and kill
// the process when they do not.
func OwnGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = stopTime
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}
