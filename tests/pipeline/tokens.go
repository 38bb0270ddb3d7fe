package pipeline

import (
	"errors"
	"time"
)

// The tenants whose tokens a pipeline makes. An issuer of the server names them in `tenants`, and no other.
const (
	TenantA = "verify-a"
	TenantB = "verify-b"
)

// ttl outlasts every client and both revisions of the conformance suite, and not much more.
const ttl = 30 * time.Minute

// Tokens returns tokens of two tenants for the server at url: TOKEN_A and TOKEN_B of the environment, or such as
// VERIFY_KEY signs in the name of VERIFY_ISSUER. They are empty, without an error, when it has neither.
func Tokens(getenv func(string) string, url string, now time.Time) (a, b string, err error) {
	a, b = getenv("TOKEN_A"), getenv("TOKEN_B")
	switch key, issuer := getenv("VERIFY_KEY"), getenv("VERIFY_ISSUER"); {
	case a != "" && a == b:
		return "", "", errors.New("TOKEN_A and TOKEN_B: want tokens of two tenants, got the same one twice")
	case a != "" && b != "":
		return a, b, nil
	case a != "" || b != "":
		return "", "", errors.New("TOKEN_A and TOKEN_B: want both, got one")
	case key == "" && issuer == "":
		return "", "", nil
	case key == "" || issuer == "":
		return "", "", errors.New("VERIFY_KEY and VERIFY_ISSUER: want both, got one")
	default:
		return signed(key, issuer, url, now)
	}
}

func signed(key, issuer, url string, now time.Time) (a, b string, err error) {
	i, err := NewIssuer(issuer, key)
	if err != nil {
		return "", "", err
	}
	a, errA := i.Token(url, TenantA, "pipeline", now, ttl)
	b, errB := i.Token(url, TenantB, "pipeline", now, ttl)
	return a, b, errors.Join(errA, errB)
}
