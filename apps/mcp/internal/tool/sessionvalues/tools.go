package sessionvalues

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/scopes"
	"leasehold.example/libs/session"
)

type openOut struct {
	Session string `json:"session" jsonschema:"the handle, for session_get and session_set"`
}

type getIn struct {
	Key     string `json:"key" jsonschema:"the name of the value" length:"1,128"`
	Session string `json:"session,omitzero" jsonschema:"the handle that session_open gave; needed from protocol version 2026-07-28 on, before that the connection has a session"`
}

type getOut struct {
	Value jsontext.Value `json:"value" jsonschema:"the value as it was stored, any JSON"`
}

type setIn struct {
	Key     string         `json:"key" jsonschema:"the name of the value" length:"1,128"`
	Value   jsontext.Value `json:"value" jsonschema:"any JSON, at most 8192 bytes"`
	Session string         `json:"session,omitzero" jsonschema:"the handle that session_open gave; needed from protocol version 2026-07-28 on, before that the connection has a session"`
}

type setOut struct {
	Version int64 `json:"version" jsonschema:"the version of the session's values, which grows with every write"`
}

// New returns the tools, which keep values in the sessions of r.
func New(r Registry) []tool.Entry {
	v := values{registry: r}
	return []tool.Entry{v.openTool(), v.getTool(), v.setTool()}
}

func (v values) openTool() tool.Tool {
	return tool.New(tool.Spec{
		Name: "session_open", Title: "Open a session",
		Description: "Opens an empty session, for values that outlive this call, and gives its handle. A session belongs to you alone and is gone when it has not been used for some time.",
		Scope:       scopes.Of(scopes.Tool, "session_open"),
	}, func(ctx context.Context, c *tool.Call, _ struct{}) (openOut, error) {
		handle, _, err := v.registry.Create(ctx, c.Principal, session.New{Kind: session.KindSession, Protocol: c.Protocol})
		return openOut{Session: handle}, err
	})
}

func (v values) getTool() tool.Tool {
	return tool.New(tool.Spec{
		Name: "session_get", Title: "Read a value of a session",
		Description: "Gives the value that session_set stored under a key.",
		Scope:       scopes.Of(scopes.Tool, "session_get"), ReadOnly: true, Idempotent: true,
	}, func(ctx context.Context, c *tool.Call, in getIn) (getOut, error) {
		rec, err := v.carrier(ctx, c, in.Session)
		if err != nil {
			return getOut{}, err
		}
		value, err := v.get(ctx, rec, in.Key)
		return getOut{Value: value}, err
	})
}

func (v values) setTool() tool.Tool {
	return tool.New(tool.Spec{
		Name: "session_set", Title: "Store a value in a session",
		Description: "Stores a value under a key of a session, in place of what was there. Other keys are not touched, even when they are written at the same time.",
		Scope:       scopes.Of(scopes.Tool, "session_set"), Destructive: true, Idempotent: true,
	}, func(ctx context.Context, c *tool.Call, in setIn) (setOut, error) {
		rec, err := v.carrier(ctx, c, in.Session)
		if err != nil {
			return setOut{}, err
		}
		version, err := v.set(ctx, rec, in.Key, in.Value)
		return setOut{Version: version}, err
	})
}
