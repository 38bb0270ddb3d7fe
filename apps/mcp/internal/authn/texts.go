package authn

// Everything that a client may read of a refusal stands here. The texts are fixed: what
// exactly was wrong goes to the log, where it helps no attacker.
const (
	codeUnauthenticated   = "unauthenticated"
	codeInvalidToken      = "invalid_token"
	codeInvalidRequest    = "invalid_request"
	codeNoTenant          = "no_tenant"
	codeInsufficientScope = "insufficient_scope"
	codeUnavailable       = "temporarily_unavailable"
	codeOrigin            = "origin_not_allowed"

	textUnauthenticated   = "a bearer token is required"
	textInvalidToken      = "the access token is not valid here"
	textSeveralValues     = "exactly one Authorization header is allowed"
	textSeveralOrigins    = "at most one Origin header is allowed"
	textNoTenant          = "the access token names no tenant that is known here"
	textInsufficientScope = "the access token lacks a scope that this needs"
	textUnavailable       = "the token cannot be checked at the moment; try again later"
	textOrigin            = "this origin may not call this server"
)
