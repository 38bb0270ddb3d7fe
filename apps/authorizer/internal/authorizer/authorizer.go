// Package authorizer answers API Gateway before it calls the MCP server: a Lambda authorizer
// of type REQUEST for a REST API. It exists for its refusals. API Gateway renames the
// server's own WWW-Authenticate, and clients then find no way to sign in; the gateway's
// responses to a refusal here are not renamed (RULES 33). It may therefore only refuse
// early: what it lets through, the server checks again by itself and decides.
//
// What it answers, and what becomes of that:
//
//   - A good token: a policy that allows /mcp.
//   - No token, several, another scheme, or one that is not good: the error "Unauthorized",
//     which the gateway answers with 401 and one static challenge.
//   - A good token without a tenant, or, in protocol version 2026-07-28, without a scope that
//     the headers ask for: a policy that denies /mcp, which the gateway answers with 403. What
//     the response shall say is in the policy's context.
//   - A token that cannot be checked, because its issuer's keys cannot be had: any other
//     error, which the gateway answers with its response AUTHORIZER_FAILURE: 500 unless the
//     stack says 503. A 401 would have the client sign in again, which cannot help (RULES 16).
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
package authorizer

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"leasehold.example/libs/bearer"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/scopes"
)

// Verifier is what a bearer token is checked with; *identity.Verifier is one.
type Verifier interface {
	// Verify returns the token's principal, or an *identity.Error.
	Verify(ctx context.Context, token string) (identity.Principal, error)
	// Grantable reports whether tokens of issuer can ever carry scope.
	Grantable(issuer, scope string) bool
}

// Config is what an Authorizer needs; all of it is required.
type Config struct {
	Verifier   Verifier
	Challenges *bearer.Challenger
	// Cached is true when API Gateway reuses answers for the same token. Scopes are then left
	// to the server: the key of that cache has no room for what the token is used for.
	Cached bool
	// Logger gets what a summary line has no room for.
	Logger *slog.Logger
	// Signals get a summary of each event.
	Signals *observe.Signals
}

// Authorizer answers events of API Gateway. It is safe for concurrent use.
type Authorizer struct{ Config }

// New returns an authorizer.
func New(c Config) *Authorizer { return &Authorizer{c} }

// event is what API Gateway sends to an authorizer of type REQUEST.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
type event = events.APIGatewayCustomAuthorizerRequestTypeRequest

var (
	// ErrUnauthorized has the one text that makes API Gateway answer 401.
	ErrUnauthorized = errors.New("Unauthorized")
	// ErrUnavailable says that a token is neither good nor bad. What is behind it is logged
	// here, because API Gateway could log what it is told.
	ErrUnavailable = errors.New("the token cannot be checked at the moment")
	// ErrResource is an event about anything but this API's /mcp.
	ErrResource = errors.New("the authorizer is attached to something other than /mcp")
)

// Authorize answers an event, as the package's doc says. Nothing of the token is in the
// answer, in an error or in the log.
func (a *Authorizer) Authorize(ctx context.Context, e event) (events.APIGatewayCustomAuthorizerResponse, error) {
	ctx, o := a.Signals.Begin(ctx)
	defer a.Signals.End(ctx)
	o.EdgeID(e.RequestContext.RequestID)
	return a.authorize(ctx, e, o)
}

func (a *Authorizer) authorize(ctx context.Context, e event, o *observe.Request) (events.APIGatewayCustomAuthorizerResponse, error) {
	resource, err := endpoint(e.MethodArn)
	if err != nil {
		o.Outcome("misplaced")
		return events.APIGatewayCustomAuthorizerResponse{}, err
	}
	token := bearer.Token(only(e, "Authorization"))
	if token == "" {
		o.Refused(nil)
		return events.APIGatewayCustomAuthorizerResponse{}, ErrUnauthorized
	}
	p, err := a.Verifier.Verify(ctx, token)
	if err == nil {
		o.Caller(ctx, p)
		return a.judge(e, resource, p, o), nil
	}
	switch problem(err) {
	case identity.InvalidToken:
		o.Refused(err)
		return events.APIGatewayCustomAuthorizerResponse{}, ErrUnauthorized
	case identity.NoTenant:
		o.Refused(err)
		o.Count(metric.TokensWithoutTenant) // what is denied is no error of the function's, for the alarm that subtracts refusals
		return policy("Deny", resource, noPrincipal, map[string]any{
			keyCode: bearer.CodeNoTenant, keyDescription: bearer.TextNoTenant,
		}), nil
	default:
		o.Count(metric.Unavailable)
		a.Logger.ErrorContext(ctx, "a token could not be checked", slog.Any("error", err))
		return events.APIGatewayCustomAuthorizerResponse{}, ErrUnavailable
	}
}

// problem is what kind of error err is. One that the verifier does not know of is our
// trouble, not the token's.
func problem(err error) identity.Problem {
	if failed, ok := errors.AsType[*identity.Error](err); ok {
		return failed.Problem
	}
	return identity.Unavailable
}

// judge allows p's request, unless its headers say already that a scope is missing.
func (a *Authorizer) judge(e event, resource string, p identity.Principal, o *observe.Request) events.APIGatewayCustomAuthorizerResponse {
	about := map[string]any{
		keyTenant: p.Tenant, keyClient: p.ClientID, keyScopes: strings.Join(a.Challenges.Recognised(p), " "),
	}
	if scope := a.missing(p, e); scope != "" {
		o.Count(metric.InsufficientScope)
		about[keyCode], about[keyDescription] = bearer.CodeInsufficientScope, bearer.TextInsufficientScope
		about[keyScope], about[keyChallenge] = strings.Join(bearer.Missing(p, scope), " "), a.Challenges.InsufficientScope(p, scope)
		return policy("Deny", resource, p.Owner().Hash(), about)
	}
	return policy("Allow", resource, p.Owner().Hash(), about)
}

// modern are the protocol versions whose headers mirror the body, so that they may be
// judged. A newer one that is missing here loses the early answer and nothing else.
// https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#server-validation
var modern = map[string]bool{"2026-07-28": true}

// missing is the scope that p lacks for what the headers say; empty when it has it, and
// whenever the server has to look at the body to know: for older versions, for headers that
// are missing, repeated or encoded, for names that it may not know, and for scopes that the
// issuer can never grant, whose tools do not exist for p (RULES 19).
func (a *Authorizer) missing(p identity.Principal, e event) string {
	if a.Cached || !modern[only(e, "MCP-Protocol-Version")] {
		return ""
	}
	scope, ok := scopes.Lookup(only(e, "Mcp-Method"), only(e, "Mcp-Name"))
	if !ok || p.HasScope(scope) || !a.Verifier.Grantable(p.Issuer, scope) {
		return ""
	}
	return scope
}

// only is the value of a header that the event has exactly once; else empty. API Gateway
// keeps names as the client wrote them, so those that differ by case are one.
func only(e event, name string) string {
	var values []string
	for written, several := range e.MultiValueHeaders {
		if strings.EqualFold(written, name) {
			values = append(values, several...)
		}
	}
	if len(values) != 1 {
		return ""
	}
	return values[0]
}
