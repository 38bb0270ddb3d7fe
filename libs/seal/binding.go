package seal

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Binding names everything that a sealed value belongs to. It opens only under an equal
// one. Scopes and the token's expiry are left out on purpose: a refreshed token
// continues the operation, and its scopes are checked again anyway.
type Binding struct {
	// Resource is the server's public URL, so that a value of a staging server is
	// nothing in production.
	Resource string
	// Protocol is the negotiated protocol version.
	Protocol string
	// Method and Tool are the operation, such as "tools/call" and a tool's name.
	Method, Tool string
	// Tenant, Issuer and Subject are the principal.
	Tenant, Issuer, Subject string
	// ClientID is the OAuth client; the only field that may be empty, for tokens that
	// name none.
	ClientID string
	// ArgsDigest is DigestArgs of the tool's decoded arguments.
	ArgsDigest [sha256.Size]byte
}

// DigestArgs returns the SHA-256 of args, a tool's decoded input, as canonical JSON. The
// digest is of what the tool reads and not of the request's text, which differs between
// a request and its retry. Integers keep their digits: RFC 8785 would round those
// above 2^53, and two different ones would then have one digest.
func DigestArgs(args any) ([sha256.Size]byte, error) {
	encoded, err := json.Marshal(args)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("seal: digest of arguments: %w", err)
	}
	value := jsontext.Value(encoded)
	if err := value.Canonicalize(jsontext.CanonicalizeRawInts(false)); err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("seal: digest of arguments: %w", err)
	}
	return sha256.Sum256(value), nil
}

// complete reports whether every field that must be there is, so that a caller who
// forgets one gets an error and not a value that is bound to less.
func (b Binding) complete() bool {
	required := []string{b.Resource, b.Protocol, b.Method, b.Tool, b.Tenant, b.Issuer, b.Subject}
	return !slices.Contains(required, "") && b.ArgsDigest != [sha256.Size]byte{}
}

// digest binds the operation to the format version and the key as well.
func (b Binding) digest(kid string) [sha256.Size]byte {
	return sha256.Sum256(frame(version, kid,
		b.Resource, b.Protocol, b.Method, b.Tool,
		b.Tenant, b.Issuer, b.Subject, b.ClientID, string(b.ArgsDigest[:])))
}

// frame writes each part behind its length, so that no two lists of parts give the
// same bytes.
func frame(parts ...string) []byte {
	var out []byte
	for _, part := range parts {
		out = binary.BigEndian.AppendUint64(out, uint64(len(part)))
		out = append(out, part...)
	}
	return out
}
