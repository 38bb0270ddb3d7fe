package identity

import "fmt"

// Problem is a kind of refusal. Each has one answer on the wire.
type Problem int

const (
	// InvalidToken is a token that is not one of ours: 401 with `invalid_token`.
	InvalidToken Problem = iota + 1
	// NoTenant is a good token that names no tenant, a malformed one, or one that its
	// issuer may not name: 403 with a fixed text, never `insufficient_scope`.
	NoTenant
	// Unavailable means that the issuer's keys cannot be had: 503, the token is
	// neither good nor bad.
	Unavailable
)

// Error says why a token was refused. Reason is for the log only and holds neither
// the token nor a part of it; clients get a fixed text per Problem.
type Error struct {
	Problem Problem
	Reason  string
	Err     error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("identity: %s: %v", e.Reason, e.Err)
	}
	return "identity: " + e.Reason
}

func (e *Error) Unwrap() error { return e.Err }
