package runtimeapi

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// api is the HTTP interface between Lambda and the process: the Runtime API, and as much
// of the Extensions API as a runtime needs to be told of a shutdown by SIGTERM
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html).
func (in *instance) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", in.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", in.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", in.invocationError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", in.initError)
	mux.HandleFunc("POST /2020-01-01/extension/register", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Lambda-Extension-Identifier", newID())
		_, _ = io.WriteString(w, `{"functionName":"`+in.function.cfg.Name+`","functionVersion":"`+in.function.cfg.Version+`","handler":"bootstrap"}`)
	})
	mux.HandleFunc("GET /2020-01-01/extension/event/next", func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // an extension without events waits for ever
	})
	return mux
}

// next hands out an event when there is one, and starts its clock.
func (in *instance) next(w http.ResponseWriter, r *http.Request) {
	in.begin(nil)
	in.function.released(in)
	in.freeze()
	var inv *invocation
	select {
	case inv = <-in.function.queue:
	case <-r.Context().Done():
		return
	}
	in.function.taken(in)
	in.thaw()
	deadline := time.Now().Add(in.function.cfg.Timeout)
	in.begin(inv)
	time.AfterFunc(time.Until(deadline), func() { in.timeOut(inv) })
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", in.function.cfg.ARN)
	h.Set("Lambda-Runtime-Trace-Id", traceID())
	_, _ = w.Write(inv.event) // a process that died meanwhile is supervise's business
}

// begin makes inv, nil while the process waits, the event in work. One before it that has
// no answer yet went to a process that is gone.
func (in *instance) begin(inv *invocation) {
	in.mu.Lock()
	before := in.current
	in.asked, in.current = true, inv
	if inv != nil {
		inv.cold, in.served = !in.served, true
	}
	in.mu.Unlock()
	if before != nil {
		before.fail("Runtime.ExitError", "the process ended before it had the event")
	}
}

func (in *instance) freeze() {
	if in.function.cfg.Freeze {
		in.signal(syscall.SIGSTOP)
	}
}

func (in *instance) thaw() {
	if in.function.cfg.Freeze {
		in.signal(syscall.SIGCONT)
	}
}

// traceID returns a trace header in X-Ray's form, not sampled.
func traceID() string {
	id := strings.ReplaceAll(newID(), "-", "")
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", time.Now().Unix(), id[:24], id[16:])
}

// timeOut kills the process that still works on inv.
func (in *instance) timeOut(inv *invocation) {
	in.mu.Lock()
	current := in.current
	in.mu.Unlock()
	if current == inv {
		in.function.released(in)
		inv.fail("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", inv.id, in.function.cfg.Timeout.Seconds()))
		in.signal(syscall.SIGKILL)
	}
}

// take returns the event that the process works on if it is the one named in the path.
func (in *instance) take(w http.ResponseWriter, r *http.Request) (*invocation, bool) {
	in.mu.Lock()
	inv := in.current
	in.mu.Unlock()
	if inv == nil || inv.id != r.PathValue("id") {
		reply(w, http.StatusBadRequest, "InvalidRequestID")
		return nil, false
	}
	return inv, true
}

// response passes an answer on. Whether it streams is the caller's choice, as on Lambda;
// aws-lambda-go sends the same bytes for both, chunked and with trailers.
func (in *instance) response(w http.ResponseWriter, r *http.Request) {
	inv, ok := in.take(w, r)
	if !ok {
		return
	}
	if inv.buffered && !in.fits(inv, r) {
		reply(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge")
		return
	}
	pr, pw := io.Pipe()
	if !inv.deliver(&Stream{ContentType: r.Header.Get("Content-Type"), body: pr}) {
		_ = pr.Close() // timed out, or the caller gave up
	}
	_, err := io.Copy(pw, r.Body)
	switch {
	case errors.Is(err, io.ErrClosedPipe):
		_, _ = io.Copy(io.Discard, r.Body) // the client left; the function is not to know
	case err != nil:
		_ = pw.CloseWithError(&FunctionError{Type: "Runtime.TruncatedResponse", Message: err.Error()}) // never fails
	default:
		in.function.released(in)
		_ = pw.CloseWithError(trailerError(r.Trailer)) // never fails; nil is the end
	}
	reply(w, http.StatusAccepted, "")
}

// fits reads a buffered answer whole and puts it back; one that is too large fails.
func (in *instance) fits(inv *invocation, r *http.Request) bool {
	limited := http.MaxBytesReader(nil, r.Body, MaxBuffered)
	b, err := io.ReadAll(limited)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		in.function.released(in)
		inv.fail("Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes).")
		return false
	}
	if err != nil {
		inv.fail("Runtime.TruncatedResponse", err.Error())
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return true
}

// trailerError reads the error of a function that failed after its first byte.
func trailerError(t http.Header) error {
	typ := t.Get("Lambda-Runtime-Function-Error-Type")
	if typ == "" {
		return nil
	}
	e := &FunctionError{Type: typ}
	if b, err := base64.StdEncoding.DecodeString(t.Get("Lambda-Runtime-Function-Error-Body")); err == nil {
		_ = json.Unmarshal(b, e) // the type alone says enough
	}
	return e
}

func (in *instance) invocationError(w http.ResponseWriter, r *http.Request) {
	inv, ok := in.take(w, r)
	if !ok {
		return
	}
	failure := readError(r)
	in.function.released(in)
	inv.deliver(&Stream{err: failure})
	reply(w, http.StatusAccepted, "")
}

func (in *instance) initError(w http.ResponseWriter, r *http.Request) {
	e := readError(r)
	in.mu.Lock()
	in.initErr = e
	in.mu.Unlock()
	reply(w, http.StatusAccepted, "")
}

func readError(r *http.Request) *FunctionError {
	e := new(FunctionError)
	if err := json.NewDecoder(r.Body).Decode(e); err != nil {
		e.Message = "unreadable error: " + err.Error()
	}
	e.Type = cmp.Or(e.Type, r.Header.Get("Lambda-Runtime-Function-Error-Type"), "Runtime.Unknown")
	return e
}

// reply answers as the Runtime API does: a status, and for errors a type.
func reply(w http.ResponseWriter, status int, errorType string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if errorType == "" {
		_, _ = io.WriteString(w, `{"status":"OK"}`)
		return
	}
	_, _ = io.WriteString(w, `{"errorType":"`+errorType+`"}`)
}
