package mcphttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/tool"
)

// exchange is the connection of one request: the SDK reads that request from it, writes
// notifications and one response to it, and sees the end. It is an mcp.Transport and its
// mcp.Connection at once.
type exchange struct {
	// lifetime ends with the deadline of the request, with its token and, in the modern
	// era, with the client. The SDK gives handlers a context without any of these;
	// middleware puts it back.
	lifetime context.Context
	call     *tool.Call
	// params are those of a tools/call that the SDK is not to decode; nil for all else.
	params *mcp.CallToolParamsRaw
	modern bool
	// stream writes notifications as server-sent events; nil drops them, as in a batch.
	stream *eventStream

	// queue is what the SDK has yet to read.
	queue []jsonrpc.Message

	mu       sync.Mutex
	ended    bool
	response *jsonrpc.Response
	// opened is what `initialize` negotiated, set by middleware.
	opened *opening
	// result is that of a handler, encoded by middleware; it takes the place of what the
	// SDK encodes.
	result json.RawMessage

	answered  chan struct{}
	closed    chan struct{}
	closeOnce sync.Once
}

// opening is what a session remembers of its `initialize`.
type opening struct {
	protocol string
	client   string
}

// requestID stands for every id inside the SDK. The client's own id never enters it: the
// SDK keeps ids as float64, and would answer a large one as another.
var requestID = mustID("request")

func mustID(s string) jsonrpc.ID {
	id, err := jsonrpc.MakeID(s)
	if err != nil {
		panic(err) // a string is always an id
	}
	return id
}

func newExchange(lifetime context.Context, call *tool.Call) *exchange {
	return &exchange{
		lifetime: lifetime, call: call, modern: call.Modern,
		answered: make(chan struct{}), closed: make(chan struct{}),
	}
}

// Connect implements mcp.Transport.
func (e *exchange) Connect(context.Context) (mcp.Connection, error) { return e, nil }

// SessionID implements mcp.Connection. The SDK would log it.
func (e *exchange) SessionID() string { return "" }

// Read implements mcp.Connection; one goroutine of the SDK calls it.
func (e *exchange) Read(ctx context.Context) (jsonrpc.Message, error) {
	if len(e.queue) > 0 {
		m := e.queue[0]
		e.queue = e.queue[1:]
		return m, nil
	}
	select {
	case <-e.closed:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Write implements mcp.Connection. What comes after the end of the exchange is dropped:
// a client must not hear of a request that it cancelled or that timed out.
func (e *exchange) Write(_ context.Context, m jsonrpc.Message) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return nil
	}
	switch m := m.(type) {
	case *jsonrpc.Response:
		if e.result != nil {
			m.Result = e.result
		}
		e.response, e.ended = m, true
		close(e.answered)
	case *jsonrpc.Request:
		if e.stream != nil && !m.IsCall() {
			e.stream.notify(m)
		}
	}
	return nil
}

// keep encodes the result of a handler. The SDK would do so where nothing recovers from a
// panic, and would send no response at all when it fails.
func (e *exchange) keep(res mcp.Result) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(res); err != nil {
		return err
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if string(text) == "null" {
		return errors.New("mcphttp: a handler returned neither a result nor an error")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.result = text
	return nil
}

// end stops all writing, whether or not an answer has come, and returns what has.
func (e *exchange) end() *jsonrpc.Response {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	return e.response
}

// Close implements mcp.Connection.
func (e *exchange) Close() error {
	e.closeOnce.Do(func() { close(e.closed) })
	return nil
}

// run hands the queue to server and waits for the response to the request. It returns the
// error of the lifetime when that ends first; the handler may then still run, but nobody
// hears it. After the end nothing is begun.
func (e *exchange) run(server *mcp.Server, state *mcp.ServerSessionState) (*jsonrpc.Response, error) {
	if err := e.lifetime.Err(); err != nil {
		return nil, err
	}
	session, err := server.Connect(e.lifetime, e, &mcp.ServerSessionOptions{State: state})
	if err != nil {
		return nil, err
	}
	var keepAlive <-chan time.Time
	if e.stream != nil {
		ticker := time.NewTicker(keepAliveEvery)
		defer ticker.Stop()
		keepAlive = ticker.C
	}
	for {
		select {
		case <-e.answered:
			response := e.end()
			// Waits for the goroutines of the SDK, so that none is frozen with a Lambda.
			return response, session.Close()
		case <-e.lifetime.Done():
			if response := e.end(); response != nil {
				return response, session.Close()
			}
			// Close waits for the handler, which may not look at its context.
			go func() { _ = session.Close() }()
			return nil, e.lifetime.Err()
		case <-keepAlive:
			e.keepAlive()
		}
	}
}

func (e *exchange) keepAlive() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ended {
		e.stream.comment()
	}
}

// handlerContext carries the values of the SDK's context and ends with the lifetime of
// the request.
type handlerContext struct {
	context.Context // the lifetime
	values          context.Context
}

func (c handlerContext) Value(key any) any {
	if v := c.values.Value(key); v != nil {
		return v
	}
	return c.Context.Value(key)
}
