package authn

// What a client may read of a refusal stands here, and in package bearer where the
// authorizer says it too. The texts are fixed: what exactly was wrong goes to the log,
// where it helps no attacker.
const (
	codeUnauthenticated = "unauthenticated"
	codeInvalidRequest  = "invalid_request"
	codeUnavailable     = "temporarily_unavailable"
	codeOrigin          = "origin_not_allowed"

	textUnauthenticated = "a bearer token is required"
	textSeveralValues   = "exactly one Authorization header is allowed"
	textSeveralOrigins  = "at most one Origin header is allowed"
	textUnavailable     = "the token cannot be checked at the moment; try again later"
	textOrigin          = "this origin may not call this server"
)
