// Package identity says who is calling: it turns a bearer token into a
// Principal and names the Owner that a session is bound to.
package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"slices"
	"time"
)

// Principal is a caller whose token has been verified.
type Principal struct {
	// Tenant is the tenant that the issuer vouches for; it matches
	// [A-Za-z0-9][A-Za-z0-9._-]{0,63} and is never empty.
	Tenant string
	// Issuer is the exact `iss` of the token.
	Issuer string
	// Subject is the `sub` of the token, 1 to 255 bytes, unique only within Issuer.
	Subject string
	// ClientID is the OAuth client that the token was issued to (`client_id`, else
	// `azp`, else `cid`); empty when the token names none.
	ClientID string
	// Scopes are the scopes of the present token, sorted, without duplicates, after
	// the issuer's scope prefix has been removed. They are judged per request and
	// never stored.
	Scopes []string
	// ScopePrefix is the issuer's prefix, which a client puts before a scope when it asks for
	// one; usually empty.
	ScopePrefix string
	// Debug is true when the token asks for the log level debug, by a claim that its issuer is
	// trusted to set for that.
	Debug bool
	// ExpiresAt is the token's `exp`.
	ExpiresAt time.Time
}

// HasScope reports whether the present token carries scope.
func (p Principal) HasScope(scope string) bool {
	_, ok := slices.BinarySearch(p.Scopes, scope)
	return ok
}

// Owner is what sessions are bound to. It leaves out the token and the client, so
// that a refreshed token keeps its sessions.
func (p Principal) Owner() Owner {
	return Owner{Tenant: p.Tenant, Issuer: p.Issuer, Subject: p.Subject}
}

// Owner is the binding key of sessions: the same subject at another issuer, or in
// another tenant, is somebody else.
type Owner struct {
	Tenant, Issuer, Subject string
}

// ownerDomain separates owner hashes from every other use of SHA-256 here.
const ownerDomain = "leasehold/owner/v1"

// Hash encodes issuer and subject, each behind its length, so that no two pairs
// concatenate to the same input. The tenant is not part of it: it stands beside the
// hash in a key. It is an encoding, not a pseudonym; logs use a keyed hash.
// 43 characters of unpadded base64url.
func (o Owner) Hash() string {
	h := sha256.New()
	for _, part := range []string{ownerDomain, o.Issuer, o.Subject} {
		writeFramed(h, part)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func writeFramed(h hash.Hash, part string) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(part)))
	h.Write(length[:])
	h.Write([]byte(part))
}
