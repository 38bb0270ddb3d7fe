package tool

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// Call is what a request knows beside its input. The transport makes one per JSON-RPC
// request, never shares it between two, and keeps it to ask for Unavailable.
type Call struct {
	// Principal is the caller, already verified and allowed to use the tool's scope.
	Principal identity.Principal
	// Protocol is the negotiated protocol version.
	Protocol string
	// Modern is true for 2026-07-28, where sessions are handles in arguments.
	Modern bool
	// Session is the session of the Mcp-Session-Id header; nil in 2026-07-28.
	Session *session.Record
	// Elicitation is true when a client of 2026-07-28 declared form elicitation.
	Elicitation bool
	// Exchange gets tokens for upstream APIs; nil in a server that has none to get.
	Exchange Exchange

	unavailable atomic.Bool
	confirm     confirmation
}

// Exchange gets a token for the upstream API that the authorization server knows as audience,
// in place of the caller's own, which no tool sees. authorize puts it on a request to that
// upstream. The errors are those of libs/exchange.
type Exchange func(ctx context.Context, audience string, scopes ...string) (authorize func(*http.Request), err error)

// extraKey is where a Call travels in TokenInfo.Extra: the SDK hands RequestExtra, and
// no value of the request's context, to its handlers.
const extraKey = "leasehold.example/call"

// Extra packs c for the SDK, which carries it to the handler of the request. h may be nil.
func (c *Call) Extra(h http.Header) *mcp.RequestExtra {
	return &mcp.RequestExtra{
		TokenInfo: &auth.TokenInfo{
			Scopes:     c.Principal.Scopes,
			Expiration: c.Principal.ExpiresAt,
			Extra:      map[string]any{extraKey: c},
		},
		Header: h,
	}
}

// CallFrom returns what Extra packed; ok is false when e carries no Call, and the
// request is then nobody's.
func CallFrom(e *mcp.RequestExtra) (c *Call, ok bool) {
	if e == nil || e.TokenInfo == nil {
		return nil, false
	}
	c, ok = e.TokenInfo.Extra[extraKey].(*Call)
	return c, ok && c != nil
}

// Unavailable reports, once the request has been answered, whether it failed because a
// store or a key was out of reach. The SDK flattens errors to JSON-RPC and has no room
// for this; the transport answers 503 with Retry-After in place of what the SDK wrote.
func (c *Call) Unavailable() bool { return c.unavailable.Load() }
