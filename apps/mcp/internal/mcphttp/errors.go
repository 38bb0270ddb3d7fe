package mcphttp

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/tool"
)

// rpcError is a JSON-RPC error and the HTTP status that it is answered with. Texts are
// fixed: whatever a client sent, or a store said, is not in them.
type rpcError struct {
	status  int
	code    int64
	message string
	data    json.RawMessage
	// plain is an answer to the HTTP request and not to the message: the status and a text.
	plain bool
}

func (e *rpcError) Error() string { return e.message }

// retrySeconds is the Retry-After of every 503.
const retrySeconds = 2

var (
	// errSessionGone is plain text: the go-sdk's client takes a 404 for the end of its session
	// only when the body is no JSON-RPC error.
	errSessionGone = &rpcError{
		status: http.StatusNotFound, plain: true,
		message: "session not found: send initialize to start a new one",
	}
	errSessionMissing = &rpcError{
		status: http.StatusBadRequest, code: jsonrpc.CodeInvalidRequest,
		message: "header Mcp-Session-Id is missing: send initialize first",
	}
	errUnavailable = &rpcError{
		status: http.StatusServiceUnavailable, code: jsonrpc.CodeInternalError,
		message: "temporarily unavailable, retry later",
	}
	errDeadline = &rpcError{
		status: http.StatusGatewayTimeout, code: jsonrpc.CodeInternalError,
		message: "deadline exceeded",
	}
	// errCancelled means that nobody waits for an answer: the client left, or took its
	// request back.
	errCancelled       = &rpcError{status: http.StatusAccepted}
	errTooManySessions = &rpcError{
		status: http.StatusTooManyRequests, code: jsonrpc.CodeInvalidRequest,
		message: "too many live sessions: end one first, or wait until one expires",
	}
	errResultTooLarge = &rpcError{
		status: http.StatusOK, code: jsonrpc.CodeInternalError,
		message: "the result is larger than this endpoint can carry",
	}
	errLevel     = invalidParam("level", "a log level of RFC 5424, like \"warning\"")
	errNotOpened = errors.New("initialize was answered without being handled")
	errCursor    = &rpcError{
		status: http.StatusOK, code: jsonrpc.CodeInvalidParams,
		message: "unknown cursor",
	}
)

// errMethod is an unknown or removed method: 404 in the modern era, an ordinary error
// response in the older ones.
// https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#protocol-version-header
func errMethod(modern bool) *rpcError {
	e := &rpcError{status: http.StatusOK, code: jsonrpc.CodeMethodNotFound, message: "method not found"}
	if modern {
		e.status = http.StatusNotFound
	}
	return e
}

// errUnknown is an operation on a thing that does not exist for the caller: not at all,
// or only in a plan that their issuer cannot grant.
func errUnknown(method, name string) *rpcError {
	e := &rpcError{status: http.StatusOK, code: jsonrpc.CodeInvalidParams, message: "unknown tool"}
	switch method {
	case methodGetPrompt:
		e.message = "unknown prompt"
	case methodReadResource:
		missing := tool.ResourceNotFound(name)
		e.message, e.data = missing.Message, missing.Data
	case methodComplete:
		e.message = "unknown reference"
	case methodSubscribe, methodUnsubscribe:
		return errMethod(false)
	}
	return e
}

func badRequest(message string) *rpcError {
	return &rpcError{status: http.StatusBadRequest, code: jsonrpc.CodeInvalidRequest, message: message}
}

// unreadable is the answer to a body that the strict parser refuses, with what it says.
func unreadable(what string, err error) *rpcError {
	e := badRequest(what + err.Error())
	if errors.Is(err, errSyntax) {
		e.code = jsonrpc.CodeParseError
	}
	return e
}

func mismatch(message string) *rpcError {
	return &rpcError{status: http.StatusBadRequest, code: mcp.CodeHeaderMismatch, message: "header mismatch: " + message}
}

func invalidMeta(key string) *rpcError {
	return &rpcError{
		status: http.StatusBadRequest, code: jsonrpc.CodeInvalidParams,
		message: "missing or invalid _meta field " + strconv.Quote(key),
	}
}

func invalidParam(name, want string) *rpcError {
	return &rpcError{
		status: http.StatusOK, code: jsonrpc.CodeInvalidParams,
		message: "invalid params: " + strconv.Quote(name) + " must be " + want,
	}
}

func unsupportedVersion(requested string) *rpcError {
	data, err := json.Marshal(mcp.UnsupportedProtocolVersionData{Supported: Versions, Requested: clip(requested, 32)})
	if err != nil {
		data = nil // strings only; cannot fail
	}
	return &rpcError{
		status: http.StatusBadRequest, code: mcp.CodeUnsupportedProtocolVersion,
		message: "unsupported protocol version", data: data,
	}
}

// internalError is an error whose reason is in the log, under the id that it quotes.
func internalError() (e *rpcError, id string) {
	id = rand.Text()
	return &rpcError{
		status: http.StatusOK, code: jsonrpc.CodeInternalError,
		message: "internal error", data: json.RawMessage(`{"errorId":"` + id + `"}`),
	}, id
}

// fromSDK turns an error that the SDK would put on the wire into one that may go there.
// An error that a handler made on purpose is a *jsonrpc.Error and keeps its text; all
// others are the SDK's or a mistake, quote their input, and get a fixed one.
func fromSDK(err error, modern bool) (e *rpcError, known bool) {
	var wire *jsonrpc.Error
	if !errors.As(err, &wire) {
		return nil, false
	}
	e = &rpcError{status: http.StatusOK, code: wire.Code, message: wire.Message, data: compact(wire.Data)}
	if plain, ok := err.(*jsonrpc.Error); !ok || plain != wire { //nolint:errorlint // wrapped or not is the question
		e.message, e.data = fixedText(wire.Code), nil
	}
	if !allowedCode(wire.Code, modern) {
		return nil, false
	}
	switch {
	case wire.Code == jsonrpc.CodeMethodNotFound:
		e.status = errMethod(modern).status
	case modern && wire.Code == mcp.CodeMissingRequiredClientCapabilities:
		e.status = http.StatusBadRequest
	}
	return e, true
}

// compact is data on one line, as an event of a stream needs it; nil when it is no JSON.
func compact(data json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		return nil
	}
	return b.Bytes()
}

func fixedText(code int64) string {
	switch code {
	case jsonrpc.CodeMethodNotFound:
		return "method not found"
	case jsonrpc.CodeInvalidRequest:
		return "invalid request"
	case jsonrpc.CodeInvalidParams:
		return "invalid params"
	}
	return "internal error"
}

// allowedCode keeps to the codes that the specification leaves to servers: none of the
// legacy range, of the reserved range only those defined, and not 0, which the SDK gives
// to errors it does not know. The defined ones came with 2026-07-28.
// https://modelcontextprotocol.io/specification/2026-07-28/basic#error-codes
func allowedCode(code int64, modern bool) bool {
	switch code {
	case 0:
		return false
	case mcp.CodeHeaderMismatch, mcp.CodeMissingRequiredClientCapabilities, mcp.CodeUnsupportedProtocolVersion:
		return modern
	}
	return code < -32099 || code > -32000
}

// appendError appends the JSON-RPC error response for the request id. A message whose id
// could not be read is answered without one.
func appendError(b []byte, id jsontext.Value, e *rpcError) []byte {
	b = appendEnvelope(b, id)
	b = append(b, `,"error":{"code":`...)
	b = strconv.AppendInt(b, e.code, 10)
	b = append(b, `,"message":`...)
	b = appendQuoted(b, e.message)
	if e.data != nil {
		b = append(b, `,"data":`...)
		b = append(b, e.data...)
	}
	return append(b, `}}`...)
}

// appendResult appends the JSON-RPC response that carries result.
func appendResult(b []byte, id jsontext.Value, result []byte) []byte {
	b = appendEnvelope(b, id)
	b = append(b, `,"result":`...)
	b = append(b, result...)
	return append(b, '}')
}

func appendEnvelope(b []byte, id jsontext.Value) []byte {
	b = append(b, `{"jsonrpc":"2.0"`...)
	if id == nil {
		return b
	}
	b = append(b, `,"id":`...)
	return append(b, id...)
}

// clip shortens s to at most n bytes, at a character's border.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
