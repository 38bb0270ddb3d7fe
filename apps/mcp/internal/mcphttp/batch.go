package mcphttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"leasehold.example/apps/mcp/internal/authn"
	"leasehold.example/libs/session"
)

// maxBatch caps the messages of one batch.
const maxBatch = 32

// isBatch reports whether body begins like a JSON array.
func isBatch(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && body[0] == '['
}

// serveBatch answers a batch, which 2025-03-26 alone has. Every message is judged before
// the first one runs; they run in order, and the answers come as one JSON array.
// https://modelcontextprotocol.io/specification/2025-03-26/basic#batching
func (q *request) serveBatch(body []byte) {
	q.observed().Method("batch")
	q.observed().Era(false)
	if q.version != "" && q.version != version20250326 {
		writeRPC(q.r.Context(), q.w, nil, errBatch)
		return
	}
	batch, err := parseBatch(body)
	if err != nil {
		writeRPC(q.r.Context(), q.w, nil, unreadable("invalid batch: ", err))
		return
	}
	defer q.outlive()()
	rec, ok := q.resolve(&message{})
	if !ok {
		return
	}
	if rec.Protocol != version20250326 {
		writeRPC(q.r.Context(), q.w, nil, errBatch)
		return
	}
	verdicts := make([]*rpcError, len(batch))
	for i, m := range batch {
		e, refusal := q.judgeElement(m)
		if refusal != nil {
			q.lacksScope(refusal)
			return
		}
		verdicts[i] = e
	}
	// Before the calls: a notification that fails must not take the answers with it of calls
	// that have run.
	if e := q.actAll(batch, rec); e != nil {
		writeRPC(q.r.Context(), q.w, nil, e)
		return
	}
	q.runBatch(batch, verdicts, rec)
}

var errBatch = badRequest("a batch is possible in protocol version 2025-03-26 only")

func parseBatch(body []byte) ([]*message, error) {
	items, err := parseArray(body, maxBatch)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, errors.New("it is empty")
	}
	batch := make([]*message, len(items))
	for i, item := range items {
		m, err := parse(item)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i, err)
		}
		if claimed, _, err := m.metaVersion(); err != nil || isModern("", claimed) {
			return nil, fmt.Errorf("message %d: its _meta does not belong to 2025-03-26", i)
		}
		if m.method == methodInitialize {
			return nil, errors.New("initialize cannot be part of a batch")
		}
		batch[i] = m
	}
	return batch, nil
}

// judgeElement is what stands against m before anything of its batch has run.
func (q *request) judgeElement(m *message) (*rpcError, *authn.Refusal) {
	if m.isCall() && !operations[m.method].legacy {
		return errMethod(false), nil
	}
	return q.judge(m)
}

// actAll gives the notifications of a batch their effect.
func (q *request) actAll(batch []*message, rec session.Record) *rpcError {
	for _, m := range batch {
		if m.isCall() {
			continue
		}
		if e := q.act(m, rec); e != nil {
			return e
		}
		q.valid()
	}
	return nil
}

// runBatch answers the calls of a batch, in order.
func (q *request) runBatch(batch []*message, verdicts []*rpcError, rec session.Record) {
	answers := []byte{'['}
	for i, m := range batch {
		if m.isCall() {
			alone := *q // each call has a span, and so a context, of its own
			answers = alone.appendAnswer(answers, m, verdicts[i], rec)
		}
	}
	if len(answers) == 1 {
		q.w.WriteHeader(http.StatusAccepted)
		return
	}
	writeJSON(q.w, http.StatusOK, append(answers, ']'))
}

// appendAnswer appends the answer to m, one of the calls of a batch; e is what stands
// against it.
func (q *request) appendAnswer(answers []byte, m *message, e *rpcError, rec session.Record) []byte {
	_, members, _ := m.metaVersion()        // parseBatch has looked at it
	defer q.trace(m, members, time.Now())() // behind the calls before it
	q.within(rec)
	var result []byte
	if e == nil {
		result, e = q.answerElement(m, rec)
	}
	if e == errCancelled {
		note(q.r.Context(), e)
		return answers
	}
	if e == nil && carried(answers)+carried(result)+finalReserve > q.limit {
		e = errResultTooLarge
	}
	if len(answers) > 1 {
		answers = append(answers, ',')
	}
	if e != nil {
		note(q.r.Context(), e)
		return appendError(answers, m.id, e)
	}
	q.valid()
	return appendResult(answers, m.id, result)
}

func (q *request) answerElement(m *message, rec session.Record) ([]byte, *rpcError) {
	if name, named := m.target(); named {
		q.acts(m.method, name)
	}
	ctx, cancel := context.WithCancel(q.r.Context())
	defer cancel()
	defer q.running.add(rec.Key.Hash, m.id, cancel)()
	return q.answer(newExchange(ctx, q.legacyCall(rec)), m, rec)
}
