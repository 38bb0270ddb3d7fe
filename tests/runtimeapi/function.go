package runtimeapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"
)

// MaxBuffered is the size in bytes beyond which Lambda refuses a buffered answer.
const MaxBuffered = 6291556

var (
	// ErrThrottled is returned when as many instances as may be are busy: Lambda's
	// TooManyRequestsException.
	// https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
	ErrThrottled = errors.New("runtimeapi: TooManyRequestsException: all instances are busy")
	// ErrClosed is returned by invocations of a function that was closed.
	ErrClosed = errors.New("runtimeapi: function closed")
	// ErrKilled is returned by Close if a process outlived its grace after SIGTERM.
	ErrKilled = errors.New("runtimeapi: process did not end on SIGTERM and was killed")
)

// Config says what runs and how.
type Config struct {
	// Bootstrap is the executable. Its directory is the function's working directory.
	Bootstrap string
	// Env is the function's own environment, as KEY=value. The process has this, what
	// Lambda sets, and nothing else; Env wins where both name a variable.
	Env []string
	// Timeout is the function's; zero means 30 s.
	Timeout time.Duration
	// Grace is the time between SIGTERM and SIGKILL; zero means Lambda's 500 ms.
	Grace time.Duration
	// Instances is the number of processes that Start starts, hence of events at the same
	// time; further ones wait. Zero means one, unless there is MaxInstances.
	Instances int
	// MaxInstances lets an event that finds all processes busy start another one, up to
	// this number; beyond it, the event is refused with ErrThrottled. Zero starts none.
	MaxInstances int
	// Freeze stops a process while it has no event, as Lambda does: nothing that it left in
	// the background makes progress, and its clock has jumped when it goes on.
	// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
	Freeze bool
	// Name, ARN (with the qualifier that is invoked), Version, Region and LogGroup are what
	// the process is told of itself, and MemoryMB what it may believe to have; when empty,
	// values of this package's own.
	Name, ARN, Version, Region, LogGroup string
	MemoryMB                             int
	// Output gets what the processes print, both streams; nil discards it. It is
	// written to from several goroutines if there are several instances.
	Output io.Writer
}

// FunctionError is an invocation that failed in the function or by it.
type FunctionError struct {
	// Type is the runtime's name for the error, such as Runtime.ExitError.
	Type string `json:"errorType"`
	// Message is the function's own, or what Lambda says.
	Message string `json:"errorMessage"`
}

// Error returns type and message.
func (e *FunctionError) Error() string { return "runtimeapi: " + e.Type + ": " + e.Message }

// Function is a deployed function: one or more processes and the queue that feeds them.
type Function struct {
	cfg      Config
	queue    chan *invocation
	closed   chan struct{}
	close    sync.Once
	closeErr error

	mu        sync.Mutex
	instances []*instance
	waiting   int // invocations that no process has taken yet
}

// invocation is one event on its way. Whoever answers it first wins.
type invocation struct {
	id       string
	event    []byte
	buffered bool
	cold     bool         // set by who takes it
	answer   chan *Stream // buffered by one
	once     sync.Once
}

func (i *invocation) deliver(s *Stream) (first bool) {
	i.once.Do(func() {
		first = true
		s.RequestID, s.Cold = i.id, i.cold
		i.answer <- s
	})
	return first
}

func (i *invocation) fail(typ, message string) {
	i.deliver(&Stream{err: &FunctionError{Type: typ, Message: message}})
}

// Stream is an answer as it comes from the function. It must be read to its end or closed.
type Stream struct {
	// RequestID is the invocation's id, as the function knows it.
	RequestID string
	// ContentType is what the runtime said about the bytes.
	ContentType string
	// Cold is true for the first event of a process.
	Cold bool
	body io.ReadCloser
	err  error
}

// Read reads from the answer. A function that failed after its first byte ends it with a
// *FunctionError.
func (s *Stream) Read(p []byte) (int, error) { return s.body.Read(p) }

// Close gives up the rest of the answer; the function runs on, as on Lambda.
func (s *Stream) Close() error { return s.body.Close() }

// Start starts the processes and does not wait for them: an init that fails shows at the
// first invocation, as on Lambda. The caller closes the function.
func Start(cfg Config) (*Function, error) {
	var err error
	if cfg.Bootstrap, err = filepath.Abs(cfg.Bootstrap); err != nil {
		return nil, fmt.Errorf("runtimeapi: bootstrap: %w", err)
	}
	cfg.Timeout = cmp.Or(cfg.Timeout, 30*time.Second)
	cfg.Grace = cmp.Or(cfg.Grace, 500*time.Millisecond)
	cfg.Name, cfg.ARN, cfg.Region = cmp.Or(cfg.Name, name), cmp.Or(cfg.ARN, arn), cmp.Or(cfg.Region, region)
	cfg.Version, cfg.LogGroup = cmp.Or(cfg.Version, "$LATEST"), cmp.Or(cfg.LogGroup, "/aws/lambda/"+cfg.Name)
	cfg.MemoryMB = cmp.Or(cfg.MemoryMB, 512)
	if cfg.MaxInstances == 0 {
		cfg.Instances = max(cfg.Instances, 1)
	}
	f := &Function{cfg: cfg, queue: make(chan *invocation), closed: make(chan struct{})}
	for range cfg.Instances {
		in, err := startInstance(f)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		f.instances = append(f.instances, in)
	}
	return f, nil
}

// Invoke sends an event and returns the whole answer; a *FunctionError if the function
// failed. It waits for a free process for as long as ctx lives. Safe for concurrent use.
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	s, err := f.Send(ctx, event, true)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(s)
}

// InvokeStream is Invoke for a function that streams: it returns with the first bytes.
func (f *Function) InvokeStream(ctx context.Context, event []byte) (*Stream, error) {
	return f.Send(ctx, event, false)
}

// Send is Invoke or InvokeStream: a buffered answer is there as a whole when Send returns,
// and fails if it is too large.
func (f *Function) Send(ctx context.Context, event []byte, buffered bool) (*Stream, error) {
	if err := f.admit(); err != nil {
		return nil, err
	}
	inv := &invocation{id: newID(), event: bytes.Clone(event), buffered: buffered, answer: make(chan *Stream, 1)}
	select {
	case f.queue <- inv:
	case <-f.closed:
		return nil, ErrClosed
	case <-ctx.Done():
		f.withdraw()
		return nil, fmt.Errorf("runtimeapi: no free instance: %w", ctx.Err())
	}
	select {
	case s := <-inv.answer:
		return s, s.err
	case <-f.closed:
		return nil, ErrClosed
	case <-ctx.Done():
		inv.fail("Client.Gone", "the caller gave up") // so that a late answer is drained
		return nil, fmt.Errorf("runtimeapi: invocation: %w", ctx.Err())
	}
}

// admit counts an invocation that is about to wait, and starts an instance for it if there
// are not as many free ones, an instance that starts being one.
func (f *Function) admit() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	free := 0
	for _, in := range f.instances {
		if in.free {
			free++
		}
	}
	if f.cfg.MaxInstances > 0 && f.waiting >= free {
		if len(f.instances) >= f.cfg.MaxInstances {
			return ErrThrottled
		}
		in, err := startInstance(f)
		if err != nil {
			return err
		}
		f.instances = append(f.instances, in)
	}
	f.waiting++
	return nil
}

func (f *Function) withdraw() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting--
}

// taken notes that in works on what was waiting.
func (f *Function) taken(in *instance) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting--
	in.free = false
}

// released notes that in can have the next event. It comes before the answer is passed on,
// so that who has it finds the instance free.
func (f *Function) released(in *instance) {
	f.mu.Lock()
	defer f.mu.Unlock()
	in.free = true
}

// Running is the number of instances.
func (f *Function) Running() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.instances)
}

// Close ends every process, by SIGTERM and, after the grace, SIGKILL, and waits for them.
// Later calls return the same error.
func (f *Function) Close() error {
	f.close.Do(func() {
		f.mu.Lock()
		close(f.closed) // under the lock: no instance starts after it
		instances := f.instances
		f.mu.Unlock()
		errs := make([]error, len(instances))
		var wg sync.WaitGroup
		for i, in := range instances {
			wg.Go(func() { errs[i] = in.stop() })
		}
		wg.Wait()
		f.closeErr = errors.Join(errs...)
	})
	return f.closeErr
}

// newID returns a random id in the shape of a UUID, which is what Lambda uses.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
