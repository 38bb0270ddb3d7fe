package mcphttp

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

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
	if q.version != "" && q.version != version20250326 {
		writeRPC(q.w, nil, errBatch)
		return
	}
	batch, err := parseBatch(body)
	if err != nil {
		writeRPC(q.w, nil, unreadable("invalid batch: ", err))
		return
	}
	rec, ok := q.resolve(&message{})
	if !ok {
		return
	}
	if rec.Protocol != version20250326 {
		writeRPC(q.w, nil, errBatch)
		return
	}
	verdicts := make([]*rpcError, len(batch))
	for i, m := range batch {
		e, refusal := q.judgeElement(m)
		if refusal != nil {
			refusal.WriteTo(q.w)
			return
		}
		verdicts[i] = e
	}
	q.runBatch(batch, verdicts, rec)
}

var errBatch = badRequest("a batch is possible in protocol version 2025-03-26 only")

func parseBatch(body []byte) ([]*message, error) {
	if depth(body) > maxDepth+1 {
		return nil, fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	if _, err := dec.ReadToken(); err != nil {
		return nil, errSyntax
	}
	var batch []*message
	for dec.PeekKind() != ']' {
		value, err := dec.ReadValue()
		if err != nil {
			return nil, errSyntax
		}
		if len(batch) == maxBatch {
			return nil, fmt.Errorf("more than %d messages", maxBatch)
		}
		m, err := parse(bytes.Clone(value))
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", len(batch), err)
		}
		if claimed, _, err := m.metaVersion(); err != nil || isModern("", claimed) {
			return nil, fmt.Errorf("message %d: its _meta does not belong to 2025-03-26", len(batch))
		}
		if m.method == methodInitialize {
			return nil, errors.New("initialize cannot be part of a batch")
		}
		batch = append(batch, m)
	}
	if _, err := dec.ReadToken(); err != nil || len(batch) == 0 {
		return nil, errSyntax
	}
	if len(bytes.TrimLeft(body[dec.InputOffset():], " \t\r\n")) > 0 {
		return nil, errSyntax
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

// runBatch answers the calls of a batch, in order.
func (q *request) runBatch(batch []*message, verdicts []*rpcError, rec session.Record) {
	lifetime, cancel := q.lifetime(false)
	defer cancel()
	answers := []byte{'['}
	for i, m := range batch {
		if !m.isCall() {
			if e := q.act(m, rec); e != nil {
				writeRPC(q.w, nil, e)
				return
			}
			continue
		}
		result, e := []byte(nil), verdicts[i]
		if e == nil {
			result, e = q.answer(newExchange(lifetime, q.legacyCall(rec)), m, rec)
		}
		if e == nil && carried(answers)+carried(result)+finalReserve > q.limit {
			e = errResultTooLarge
		}
		if len(answers) > 1 {
			answers = append(answers, ',')
		}
		if e != nil {
			answers = appendError(answers, m.id, e)
		} else {
			answers = appendResult(answers, m.id, result)
		}
	}
	if len(answers) == 1 {
		q.w.WriteHeader(http.StatusAccepted)
		return
	}
	writeJSON(q.w, http.StatusOK, append(answers, ']'))
}
