package mcphttp

import (
	"bytes"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

const (
	// keepAliveEvery is how often a comment is sent on an open stream: well within the
	// 30 s after which an edge-optimised API closes an idle one.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
	keepAliveEvery = 15 * time.Second
	// maxNotifications caps the notifications of one request (RULES 11).
	maxNotifications = 1000
	// finalReserve is kept free for the final message of a stream.
	finalReserve = 4 << 10
)

// eventStream answers a request as server-sent events. It begins with the first
// notification; until then the answer can still be an ordinary JSON one.
// https://html.spec.whatwg.org/multipage/server-sent-events.html
//
// It is not safe for concurrent use; exchange serialises it.
type eventStream struct {
	w       http.ResponseWriter
	limit   int // bytes that the edge can carry
	open    bool
	sent    int
	written int
}

// notify sends a notification, unless the request has used up its share.
func (s *eventStream) notify(m *jsonrpc.Request) {
	if s.sent >= maxNotifications {
		return
	}
	data, err := jsonrpc.EncodeMessage(m)
	if err != nil || s.written+carried(data)+finalReserve > s.limit {
		return
	}
	s.sent++
	s.send(data)
}

// send writes one event. data is JSON on a single line.
func (s *eventStream) send(data []byte) {
	s.begin()
	b := make([]byte, 0, len(data)+24)
	b = append(b, "event: message\ndata: "...)
	b = append(b, data...)
	s.write(append(b, "\n\n"...))
}

// comment keeps an open stream from being closed as idle.
func (s *eventStream) comment() {
	if s.open {
		s.write([]byte(":\n\n"))
	}
}

func (s *eventStream) begin() {
	if s.open {
		return
	}
	s.open = true
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	// Tells reverse proxies not to hold events back.
	h.Set("X-Accel-Buffering", "no")
	s.w.WriteHeader(http.StatusOK)
}

func (s *eventStream) write(b []byte) {
	s.written += carried(b)
	// A client that is gone ends the lifetime of a modern request; an older one runs on.
	if _, err := s.w.Write(b); err == nil {
		_ = http.NewResponseController(s.w).Flush() // a writer that buffers has nothing to flush
	}
}

// carried is how many bytes b takes on an edge that carries it inside a JSON string, as
// Lambda's buffered answers are.
func carried(b []byte) int {
	return len(b) + bytes.Count(b, []byte{'"'}) + bytes.Count(b, []byte{'\\'})
}
