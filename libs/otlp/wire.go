package otlp

import (
	"encoding/binary"
	"math"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
)

// message is a protobuf message as it is written, field by field. Fields with the value
// zero are left out, as proto3 has it.
// https://protobuf.dev/programming-guides/encoding/
type message []byte

// The wire types in use.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

func (m *message) tag(field, wire uint64) { *m = binary.AppendUvarint(*m, field<<3|wire) }

func (m *message) varint(field, v uint64) {
	if v != 0 {
		m.tag(field, wireVarint)
		*m = binary.AppendUvarint(*m, v)
	}
}

func (m *message) fixed64(field, v uint64) {
	if v != 0 {
		m.tag(field, wireFixed64)
		*m = binary.LittleEndian.AppendUint64(*m, v)
	}
}

func (m *message) fixed32(field uint64, v uint32) {
	if v != 0 {
		m.tag(field, wireFixed32)
		*m = binary.LittleEndian.AppendUint32(*m, v)
	}
}

func (m *message) double(field uint64, v float64) { m.fixed64(field, math.Float64bits(v)) }

// raw is one element of a field, empty or not: a oneof and an element of a list are there
// even when they are zero.
func (m *message) raw(field uint64, b []byte) {
	m.tag(field, wireBytes)
	*m = binary.AppendUvarint(*m, uint64(len(b)))
	*m = append(*m, b...)
}

func (m *message) text(field uint64, s string) {
	if s != "" {
		m.raw(field, []byte(s))
	}
}

// nested is a message within m.
func (m *message) nested(field uint64, write func(*message)) {
	var inner message
	write(&inner)
	m.raw(field, inner)
}

// attributes are KeyValues of
// https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto
func (m *message) attributes(field uint64, all []attribute.KeyValue) {
	for _, kv := range all {
		m.nested(field, func(m *message) {
			m.text(1, string(kv.Key))
			m.nested(2, func(m *message) { m.value(kv.Value) })
		})
	}
}

// value is an AnyValue. Lists are written as text: no attribute here is one.
func (m *message) value(v attribute.Value) {
	switch v.Type() {
	case attribute.BOOL:
		m.tag(2, wireVarint)
		if v.AsBool() {
			*m = append(*m, 1)
		} else {
			*m = append(*m, 0)
		}
	case attribute.INT64:
		m.tag(3, wireVarint)
		*m = binary.AppendUvarint(*m, uint64(v.AsInt64())) //nolint:gosec // two's complement is what int64 is on the wire
	case attribute.FLOAT64:
		m.tag(4, wireFixed64)
		*m = binary.LittleEndian.AppendUint64(*m, math.Float64bits(v.AsFloat64()))
	default:
		m.raw(1, []byte(v.Emit()))
	}
}

// about is what ResourceSpans and ResourceMetrics begin with.
func (m *message) about(r *resource.Resource) {
	m.nested(1, func(m *message) { m.attributes(1, r.Attributes()) })
}

// scope is what ScopeSpans and ScopeMetrics begin with.
func (m *message) scope(s instrumentation.Scope) {
	m.nested(1, func(m *message) {
		m.text(1, s.Name)
		m.text(2, s.Version)
	})
}
