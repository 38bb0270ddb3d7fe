package mcphttp

import (
	"context"
	"net/http"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/session"
)

// serveLegacy answers a message of 2025-11-25 or older: `initialize` opens a session, and
// everything else belongs to one.
func (q *request) serveLegacy(m *message) {
	if !knownLegacy(q.version) {
		writePlain(q.w, http.StatusBadRequest, "unsupported MCP-Protocol-Version")
		return
	}
	defer q.outlive()()
	if m.method == methodInitialize && m.isCall() {
		q.initialize(m)
		return
	}
	rec, ok := q.resolve(m)
	if !ok {
		return
	}
	if !m.isCall() {
		q.notified(m, rec)
		return
	}
	if !operations[m.method].legacy {
		writeRPC(q.r.Context(), q.w, m.id, errMethod(false))
		return
	}
	if !q.permit(m) {
		return
	}
	ctx, cancel := context.WithCancel(q.r.Context())
	defer cancel()
	defer q.running.add(rec.Key.Hash, m.id, cancel)()
	x := newExchange(ctx, q.legacyCall(rec))
	x.stream = &eventStream{w: q.w, limit: q.limit}
	result, e := q.answer(x, m, rec)
	q.write(x.stream, m, result, e)
}

// outlive gives the request a context of its own, which does not end when the client
// leaves: https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#sending-messages-to-the-server.
// The caller runs the result when it is done.
func (q *request) outlive() (done context.CancelFunc) {
	ctx, done := q.lifetime(context.WithoutCancel(q.r.Context()))
	q.r = q.r.WithContext(ctx)
	return done
}

// answer runs m, a call that has been judged, within the session rec.
func (q *request) answer(x *exchange, m *message, rec session.Record) ([]byte, *rpcError) {
	if m.method == methodSetLevel {
		return q.setLevel(m, rec)
	}
	return q.execute(x, m, legacyState(rec), q.legacyParams(m))
}

func (q *request) legacyCall(rec session.Record) *tool.Call {
	return &tool.Call{Principal: q.principal, Protocol: rec.Protocol, Session: &rec, Exchange: q.onBehalf()}
}

// resolve finds the session that the header names, if it is the caller's.
func (q *request) resolve(m *message) (session.Record, bool) {
	id, ok := sessionID(q.r.Header)
	if !ok {
		writeRPC(q.r.Context(), q.w, m.id, errSessionMissing)
		return session.Record{}, false
	}
	rec, err := q.sessions.Resolve(q.r.Context(), q.principal, session.KindMCP, id)
	if err != nil {
		writeRPC(q.r.Context(), q.w, m.id, q.storeError(q.r.Context(), err))
		return session.Record{}, false
	}
	q.within(rec)
	return rec, true
}

func (q *request) legacyParams(m *message) []byte {
	if !m.hasParams {
		return nil
	}
	return m.params.encode(operations[m.method].passes)
}

// initialize opens a session. It never takes up an id that the client presents: whoever
// planted one would share the session (RULES 23).
func (q *request) initialize(m *message) {
	if e := checkInitialize(m); e != nil {
		writeRPC(q.r.Context(), q.w, m.id, e)
		return
	}
	x := newExchange(q.r.Context(), &tool.Call{Principal: q.principal})
	result, e := q.execute(x, m, nil, q.legacyParams(m))
	if e == nil && x.opened == nil {
		e = q.unexpected(errNotOpened)
	}
	if e != nil {
		writeRPC(q.r.Context(), q.w, m.id, e)
		return
	}
	id, rec, err := q.sessions.Create(q.r.Context(), q.principal, session.New{
		Kind: session.KindMCP, Protocol: x.opened.protocol, Client: x.opened.client,
	})
	if err != nil {
		writeRPC(q.r.Context(), q.w, m.id, q.storeError(q.r.Context(), err))
		return
	}
	q.valid()
	q.within(rec)
	q.w.Header().Set("Mcp-Session-Id", id)
	writeJSON(q.w, http.StatusOK, appendResult(nil, m.id, result))
}

// checkInitialize judges the params of `initialize`; the SDK's own errors would quote them.
// https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle#initialization
func checkInitialize(m *message) *rpcError {
	if m.stringParam("protocolVersion") == "" {
		return invalidParam("protocolVersion", "a protocol version")
	}
	raw, _ := m.params.get("capabilities")
	if _, err := readCapabilities(raw); err != nil {
		return invalidParam("capabilities", "an object of objects")
	}
	raw, _ = m.params.get("clientInfo")
	if _, ok := readImplementation(raw); !ok {
		return invalidParam("clientInfo", "an object with the strings name and version")
	}
	return nil
}

// notified answers a notification: 202, once it has had its effect.
func (q *request) notified(m *message, rec session.Record) {
	if e := q.act(m, rec); e != nil {
		writeRPC(q.r.Context(), q.w, nil, e)
		return
	}
	q.valid()
	q.w.WriteHeader(http.StatusAccepted)
}

// act gives a notification its effect. The transport is all that acts: what the SDK would
// do with the others concerns connections that outlive a request.
func (q *request) act(m *message, rec session.Record) *rpcError {
	switch m.method {
	case notifyInitialized:
		if err := q.sessions.Confirm(q.r.Context(), rec); err != nil {
			return q.storeError(q.r.Context(), err)
		}
	case notifyCancelled:
		if id, ok := m.params.get("requestId"); ok {
			q.running.cancel(rec.Key.Hash, id)
		}
	}
	return nil
}

// setLevel keeps the level with the session; the next request may meet another instance.
func (q *request) setLevel(m *message, rec session.Record) ([]byte, *rpcError) {
	level := m.stringParam("level")
	if !validLevel(level) {
		return nil, errLevel
	}
	if err := q.sessions.SetLogLevel(q.r.Context(), rec, level); err != nil {
		return nil, q.storeError(q.r.Context(), err)
	}
	return []byte("{}"), nil
}
