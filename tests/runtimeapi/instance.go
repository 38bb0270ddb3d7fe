package runtimeapi

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// The places where functions of this package live.
const (
	region    = "eu-west-1"
	accountID = "111122223333"
	apiID     = "a1b2c3d4e5"
	name      = "function-under-test"
	arn       = "arn:aws:lambda:" + region + ":" + accountID + ":function:" + name
)

// instance is an execution environment: a Runtime API of its own and the process that
// uses it, one after the other if they end.
type instance struct {
	function *Function
	server   *http.Server
	address  string
	done     chan struct{} // closed when no process runs and none will
	free     bool          // has no event, or has answered it; under the function's lock

	mu      sync.Mutex
	cmd     *exec.Cmd
	current *invocation
	asked   bool // the running process has asked for an event: its init is over
	served  bool // it has had one
	ended   bool // it is gone, and waited for
	initErr *FunctionError
}

func startInstance(f *Function) (*instance, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("runtimeapi: listen: %w", err)
	}
	in := &instance{function: f, address: l.Addr().String(), done: make(chan struct{}), free: true}
	in.server = &http.Server{Handler: in.api(), ReadHeaderTimeout: 10 * time.Second}
	if err := in.startProcess(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	go func() { _ = in.server.Serve(l) }() // ends with http.ErrServerClosed
	go in.supervise()
	return in, nil
}

func (in *instance) startProcess() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.isClosed() { // asked under the lock, so that stop's signal misses no process
		return ErrClosed
	}
	cfg := &in.function.cfg
	cmd := exec.Command(cfg.Bootstrap)
	cmd.Dir = filepath.Dir(cfg.Bootstrap)
	cmd.Env = append(in.environment(), cfg.Env...) // exec.Cmd takes the last of equal names
	cmd.Stdout, cmd.Stderr = cfg.Output, cfg.Output
	// A group of its own, so that all that runs in the environment is stopped and ended as one.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("runtimeapi: start: %w", err)
	}
	in.cmd, in.asked, in.served, in.ended, in.initErr = cmd, false, false, false, nil
	return nil
}

// environment is what Lambda sets, without credentials:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (in *instance) environment() []string {
	cfg := &in.function.cfg
	return []string{
		"AWS_LAMBDA_RUNTIME_API=" + in.address,
		"AWS_LAMBDA_FUNCTION_NAME=" + cfg.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=" + cfg.Version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(cfg.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=" + cfg.LogGroup,
		"AWS_LAMBDA_LOG_STREAM_NAME=2026/01/01/[" + cfg.Version + "]0123456789abcdef",
		"AWS_REGION=" + cfg.Region,
		"AWS_DEFAULT_REGION=" + cfg.Region,
		"LAMBDA_TASK_ROOT=" + filepath.Dir(cfg.Bootstrap),
		"LAMBDA_RUNTIME_DIR=/var/runtime",
		"_HANDLER=bootstrap",
		"LANG=en_US.UTF-8",
		"TZ=:UTC",
		"PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin",
	}
}

// supervise waits for the process, fails the event that it had, and starts the next one.
// A process that ended in its init is not started again before there is an event for it.
func (in *instance) supervise() {
	defer close(in.done)
	for {
		state := in.wait()
		in.mu.Lock()
		inv, asked, initErr := in.current, in.asked, in.initErr
		in.current = nil
		in.mu.Unlock()
		in.function.released(in)
		if inv != nil {
			inv.fail("Runtime.ExitError", "RequestId: "+inv.id+" Error: Runtime exited with error: "+state)
		}
		if initErr == nil && !asked {
			initErr = &FunctionError{Type: "Runtime.ExitError", Message: "Runtime exited during init: " + state}
		}
		if initErr != nil && !in.failNext(initErr) {
			return
		}
		if err := in.startProcess(); err != nil {
			return
		}
	}
}

// failNext answers the next event with the error of the init, and reports false when the
// function was closed instead.
func (in *instance) failNext(err *FunctionError) bool {
	select {
	case inv := <-in.function.queue:
		in.function.taken(in)
		in.function.released(in)
		inv.cold = true
		inv.deliver(&Stream{err: err})
		return true
	case <-in.function.closed:
		return false
	}
}

func (in *instance) isClosed() bool {
	select {
	case <-in.function.closed:
		return true
	default:
		return false
	}
}

// wait returns how the process ended.
func (in *instance) wait() string {
	in.mu.Lock()
	cmd := in.cmd
	in.mu.Unlock()
	_ = cmd.Wait()                                      // the state says more
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it started, if anything
	in.mu.Lock()
	in.ended = true
	in.mu.Unlock()
	return cmd.ProcessState.String()
}

// stop ends the process and the Runtime API.
func (in *instance) stop() error {
	defer in.server.Close()
	in.signal(syscall.SIGTERM)
	in.signal(syscall.SIGCONT) // one that is frozen has it now
	grace := time.NewTimer(in.function.cfg.Grace)
	defer grace.Stop()
	select {
	case <-in.done:
		return nil
	case <-grace.C:
	}
	in.signal(syscall.SIGKILL)
	<-in.done
	return ErrKilled
}

// signal fails when the processes have just ended, which is what it is for.
func (in *instance) signal(s syscall.Signal) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.ended || s == syscall.SIGSTOP && in.isClosed() {
		return // the number may be another's by now; who is to end has to run
	}
	_ = syscall.Kill(-in.cmd.Process.Pid, s)
}
