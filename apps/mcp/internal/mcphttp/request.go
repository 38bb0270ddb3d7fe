package mcphttp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/authn"
	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/bearer"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// request is one authenticated POST.
type request struct {
	*Handler
	w         http.ResponseWriter
	r         *http.Request
	principal identity.Principal
	version   string // the header MCP-Protocol-Version, empty when absent
}

// serve answers one message in the era that it belongs to.
func (q *request) serve(m *message) {
	claimed, members, err := m.metaVersion()
	defer q.trace(m, members, q.observed().Began())()
	if err != nil {
		writeRPC(q.r.Context(), q.w, m.id, &rpcError{
			status: http.StatusBadRequest, code: jsonrpc.CodeInvalidParams,
			message: "invalid _meta: " + err.Error(),
		})
		return
	}
	modern := isModern(q.version, claimed)
	q.notice(m, modern)
	if modern {
		q.serveModern(m, claimed, members)
		return
	}
	q.serveLegacy(m)
}

// serveModern answers a request that stands alone. `Mcp-Session-Id` and `Last-Event-ID`
// are not looked at. The core protocol has no notifications from clients here; one is
// accepted and has no effect.
// https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#sending-messages
func (q *request) serveModern(m *message, claimed string, members object) {
	if !m.isCall() {
		if e := q.checkNotification(m, claimed); e != nil {
			writeRPC(q.r.Context(), q.w, nil, e)
			return
		}
		q.valid()
		q.w.WriteHeader(http.StatusAccepted)
		return
	}
	about, e := checkModern(q.version, claimed, members)
	if e == nil {
		e = q.checkMirrors(m)
	}
	if e == nil && !operations[m.method].modern {
		e = errMethod(true)
	}
	if e != nil {
		writeRPC(q.r.Context(), q.w, m.id, e)
		return
	}
	call := &tool.Call{
		Principal: q.principal, Protocol: about.version, Modern: true, Elicitation: elicitsForms(about.features),
		Exchange: q.onBehalf(),
	}
	if !q.permit(m) {
		return
	}
	if m.method == methodListen {
		q.acknowledge(m)
		return
	}
	state := &mcp.ServerSessionState{
		InitializeParams: &mcp.InitializeParams{
			ProtocolVersion: about.version, Capabilities: about.features, ClientInfo: about.client,
		},
		InitializedParams: &mcp.InitializedParams{},
		LogLevel:          about.logLevel,
	}
	q.runModern(m, call, state, modernParams(m))
}

// onBehalf is what a tool gets in place of the caller's token; nil where nothing is exchanged.
// The token is held by a closure, which nothing can print.
func (q *request) onBehalf() tool.Exchange {
	if q.trade == nil {
		return nil
	}
	token := bearer.Token(q.r.Header.Get("Authorization")) // one value, and it has been verified
	return func(ctx context.Context, audience string, scopes ...string) (func(*http.Request), error) {
		return q.trade(ctx, q.principal, token, audience, scopes...)
	}
}

// modernParams are the params for the SDK, in the modern era.
func modernParams(m *message) json.RawMessage {
	op := operations[m.method]
	return m.params.encode(func(name string) bool {
		return op.passes(name) || twoRound(m.method) && slices.Contains(roundParams, name)
	})
}

// checkNotification compares the headers of a notification with its body. It needs no
// `_meta`, but what it says there must be right.
func (q *request) checkNotification(m *message, claimed string) *rpcError {
	switch {
	case q.version == "" || (claimed != "" && claimed != q.version):
		return mismatch("MCP-Protocol-Version is missing or differs from _meta")
	case !slices.Contains(modernVersions, q.version):
		return unsupportedVersion(q.version)
	}
	return q.checkMirrors(m)
}

// checkMirrors compares the headers that mirror the body with the body.
// https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#server-validation
func (q *request) checkMirrors(m *message) *rpcError {
	if q.r.Header.Get("Mcp-Method") != m.method {
		return mismatch("Mcp-Method is missing or differs from the body")
	}
	if !twoRound(m.method) { // the methods that Mcp-Name mirrors are the same three
		return nil
	}
	name, _ := m.target()
	mirrored, ok := decodeMirror(q.r.Header.Get("Mcp-Name"))
	if !ok || mirrored == "" || mirrored != name {
		return mismatch("Mcp-Name is missing, malformed or differs from the body")
	}
	return nil
}

// decodeMirror decodes a header value that may be in the Base64 sentinel format.
// https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#value-encoding
func decodeMirror(value string) (string, bool) {
	encoded, ok := strings.CutPrefix(value, "=?base64?")
	if !ok {
		return value, printable(value)
	}
	if encoded, ok = strings.CutSuffix(encoded, "?="); !ok {
		return value, printable(value)
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(encoded)
	return string(decoded), err == nil
}

// printable reports whether value is what a header may hold unencoded.
func printable(value string) bool {
	for i := range len(value) {
		if c := value[i]; (c < 0x20 || c > 0x7e) && c != '\t' {
			return false
		}
	}
	return true
}

// permit judges the scope of what m acts on, and answers when it may not go on. What the
// caller could never be granted does not exist for them.
func (q *request) permit(m *message) bool {
	e, refusal := q.judge(m)
	switch {
	case refusal != nil:
		q.lacksScope(refusal)
	case e != nil:
		writeRPC(q.r.Context(), q.w, m.id, e)
	default:
		return true
	}
	return false
}

func (q *request) judge(m *message) (*rpcError, *authn.Refusal) {
	name, named := m.target()
	if m.method == methodComplete {
		if !m.completes() {
			return invalidParam("argument", "an object with the string name"), nil
		}
		name, named = m.reference(), true
	}
	if !named {
		return nil, nil
	}
	scope, ok := q.access.Lookup(m.method, name)
	if !ok || !q.exists(q.principal, scope) {
		return errUnknown(m.method, name), nil
	}
	q.acts(m.method, name)
	if !q.principal.HasScope(scope) {
		return nil, q.auth.InsufficientScope(q.principal, scope)
	}
	return nil, nil
}

// reference is the prompt's name or the resource's URI that completion/complete is about;
// empty when it is about neither. The type decides which of the two is read, as it will for
// whoever completes.
func (m *message) reference() string {
	raw, _ := m.params.get("ref")
	ref, err := parseObject(raw, []string{"type", "name", "uri"})
	if err != nil {
		return ""
	}
	read := func(name string) string {
		v, _ := ref.get(name)
		s, _ := stringOf(v)
		return s
	}
	switch read("type") {
	case "ref/prompt":
		return read("name")
	case "ref/resource":
		return read("uri")
	}
	return ""
}

// completes reports whether completion/complete says which argument it is about. The SDK
// would say so too, in an error that cannot be told from one of ours.
func (m *message) completes() bool {
	raw, _ := m.params.get("argument")
	argument, err := parseObject(raw, []string{"name", "value"})
	if err != nil {
		return false
	}
	v, _ := argument.get("name")
	name, _ := stringOf(v)
	return name != ""
}

// acknowledge answers subscriptions/listen: no change notification can be sent by an
// instance that lives for a request, so the filter that is agreed on is empty, and the
// subscription completes at once.
// https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/subscriptions
func (q *request) acknowledge(m *message) {
	if raw, ok := m.params.get("notifications"); !ok || raw.Kind() != '{' {
		writeRPC(q.r.Context(), q.w, m.id, invalidParam("notifications", "an object"))
		return
	}
	about := `"_meta":{"` + mcp.MetaKeySubscriptionID + `":` + string(m.id) + `}`
	q.valid()
	stream := &eventStream{w: q.w, limit: q.limit}
	stream.send([]byte(`{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":{},` + about + `}}`))
	stream.send(appendResult(nil, m.id, []byte(`{"resultType":"complete",`+about+`}`)))
}

// runModern hands m to the SDK and writes the answer.
func (q *request) runModern(m *message, call *tool.Call, state *mcp.ServerSessionState, params json.RawMessage) {
	lifetime, cancel := q.lifetime(q.r.Context())
	defer cancel()
	x := newExchange(lifetime, call)
	x.stream = &eventStream{w: q.w, limit: q.limit}
	result, e := q.execute(x, m, state, params)
	q.write(x.stream, m, result, e)
}

// write sends the one response to m, as JSON or as the last event of a stream. What was
// cancelled gets none.
func (q *request) write(stream *eventStream, m *message, result []byte, e *rpcError) {
	if e == nil {
		q.valid()
	}
	switch {
	case e == errCancelled && stream.open:
		note(q.r.Context(), e)
	case e == errCancelled:
		note(q.r.Context(), e)
		q.w.WriteHeader(e.status)
	case stream.open && e != nil:
		note(q.r.Context(), e)
		stream.send(appendError(nil, m.id, e))
	case stream.open:
		stream.send(appendResult(nil, m.id, result))
	case e != nil:
		writeRPC(q.r.Context(), q.w, m.id, e)
	default:
		size := len(result) + len(m.id) + 40
		writeJSON(q.w, http.StatusOK, appendResult(make([]byte, 0, size), m.id, result))
	}
}

// execute runs m through the SDK and returns its result or what to answer instead.
func (q *request) execute(x *exchange, m *message, state *mcp.ServerSessionState, params json.RawMessage) ([]byte, *rpcError) {
	extra := x.call.Extra(q.r.Header)
	extra.TokenInfo.Extra[exchangeKey] = x
	request := &jsonrpc.Request{ID: requestID, Method: m.method, Params: params, Extra: extra}
	if x.params = decodeCall(m, x.modern); x.params != nil {
		request.Method, request.Params = methodPing, nil
	}
	x.queue = []jsonrpc.Message{request}
	response, err := x.run(q.server, state)
	ended := x.lifetime.Err()
	switch failed := response == nil || response.Error != nil; {
	case failed && errors.Is(ended, context.Canceled):
		return nil, errCancelled
	case failed && ended != nil: // a handler that looks at its context fails at this moment too
		return nil, errDeadline
	case x.call.Unavailable():
		return nil, errUnavailable
	case response == nil:
		return nil, q.unexpected(err)
	case response.Error != nil:
		if e, known := fromSDK(response.Error, x.modern); known {
			return nil, e
		}
		return nil, q.unexpected(response.Error)
	case x.stream != nil && carried(response.Result)+x.stream.written+finalReserve > q.limit:
		return nil, errResultTooLarge
	}
	return response.Result, nil
}

// unexpected logs an error that is nobody's answer and returns the one to give.
func (q *request) unexpected(err error) *rpcError {
	e, id := internalError()
	q.log.ErrorContext(q.r.Context(), "request failed", "error", err, "errorId", id)
	return e
}

// lifetime is ctx until the deadline of the request, the end of the token, or the deadline
// of the invocation, whichever comes first.
func (q *request) lifetime(ctx context.Context) (context.Context, context.CancelFunc) {
	left := min(q.timeout, max(q.principal.ExpiresAt.Sub(q.now()), time.Second))
	if deadline, ok := q.r.Context().Deadline(); ok {
		left = min(left, time.Until(deadline))
	}
	return context.WithTimeout(ctx, left)
}

// legacyState is what the SDK would remember of a session.
func legacyState(rec session.Record) *mcp.ServerSessionState {
	return &mcp.ServerSessionState{
		InitializeParams: &mcp.InitializeParams{
			ProtocolVersion: rec.Protocol, Capabilities: &mcp.ClientCapabilities{},
			ClientInfo: &mcp.Implementation{Name: rec.Client},
		},
		InitializedParams: &mcp.InitializedParams{},
		LogLevel:          mcp.LoggingLevel(rec.LogLevel),
	}
}

// decodeCall decodes the params of tools/call. The call then travels through the SDK as a
// ping, which may be without params, and guard makes it a call again: the SDK would decode
// params twice, through a buffer of 32 KiB each time. It is nil for every other method, and
// for params that are the SDK's to refuse.
func decodeCall(m *message, modern bool) *mcp.CallToolParamsRaw {
	if m.method != methodCallTool {
		return nil
	}
	p := &mcp.CallToolParamsRaw{Name: m.stringParam("name")}
	var err error
	for _, member := range m.params {
		switch {
		case err != nil:
			return nil
		case member.name == "arguments":
			p.Arguments = json.RawMessage(member.value)
		case member.name == "_meta":
			err = jsonv2.Unmarshal(member.value, &p.Meta)
		case member.name == "inputResponses" && modern:
			err = p.InputResponses.UnmarshalJSON(member.value)
		case member.name == "requestState" && modern:
			err = jsonv2.Unmarshal(member.value, &p.RequestState)
		}
	}
	if err != nil {
		return nil
	}
	return p
}
