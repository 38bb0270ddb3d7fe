// Package sessionvalues keeps values in a session, under keys. The session is that of
// the Mcp-Session-Id header, or one that session_open has opened.
package sessionvalues

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// Registry is what the tools need of a *session.Registry.
type Registry interface {
	Create(ctx context.Context, p identity.Principal, n session.New) (id string, rec session.Record, err error)
	Resolve(ctx context.Context, p identity.Principal, kind session.Kind, id string) (session.Record, error)
	Data(ctx context.Context, rec session.Record) (data []byte, version int64, err error)
	Update(ctx context.Context, rec session.Record, fn func(data []byte) ([]byte, error)) (version int64, err error)
}

// maxValue is the largest value, in bytes of JSON.
const maxValue = 8 << 10

// values is the logic. The data of a session is an object with one member a key; values
// stay as they were written, with all digits of their numbers.
type values struct{ registry Registry }

// carrier returns the session that c is about: that of handle, else that of the header.
func (v values) carrier(ctx context.Context, c *tool.Call, handle string) (session.Record, error) {
	switch {
	case handle != "":
		return v.registry.Resolve(ctx, c.Principal, session.KindSession, handle)
	case c.Session != nil:
		return *c.Session, nil
	case c.Modern:
		return session.Record{}, tool.UserErrorf("no session is given: call session_open and pass the handle that it gives as session")
	}
	return session.Record{}, errors.New("sessionvalues: a call of an older protocol has no session")
}

func (v values) get(ctx context.Context, rec session.Record, key string) (jsontext.Value, error) {
	data, _, err := v.registry.Data(ctx, rec)
	if err != nil {
		return nil, err
	}
	all, err := decode(data)
	if err != nil {
		return nil, err
	}
	value, ok := all[key]
	if !ok {
		return nil, tool.UserErrorf("the session has no value under this key")
	}
	return value, nil
}

// set writes one key and leaves the others as they are when it is written, so that of
// two at the same time none is lost. It returns the version that it made.
func (v values) set(ctx context.Context, rec session.Record, key string, value jsontext.Value) (version int64, err error) {
	if len(value) > maxValue {
		return 0, tool.UserErrorf("the value has %d bytes of JSON; at most %d are allowed", len(value), maxValue)
	}
	return v.registry.Update(ctx, rec, func(data []byte) ([]byte, error) {
		all, err := decode(data)
		if err != nil {
			return nil, err
		}
		all[key] = value
		return json.Marshal(all, json.Deterministic(true))
	})
}

func decode(data []byte) (map[string]jsontext.Value, error) {
	all := map[string]jsontext.Value{}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("sessionvalues: decode: %w", err)
	}
	return all, nil
}
