package session

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"leasehold.example/libs/identity"
)

// Kind separates ids of different use: a notebook handle presented as a session id
// is unknown, because the kind is part of what is hashed. It is a lower-case word.
type Kind string

const (
	// KindMCP is the `Mcp-Session-Id` of protocol versions 2025-11-25 and older.
	KindMCP Kind = "mcp"
	// KindSession is the handle that the tool session_open gives, for 2026-07-28.
	KindSession Kind = "session"
	// KindNotebook is the handle of a notebook.
	KindNotebook Kind = "notebook"
	// KindNonce is a one-time value that leaves nothing but the fact that it was used.
	// It does not count as a session and is never listed.
	KindNonce Kind = "nonce"
)

// Hash is what is stored of an id: SHA-256 over a domain, the kind, and the string
// exactly as presented, 43 characters of unpadded base64url.
type Hash string

const hashDomain = "leasehold/handle/v1"

// HashID hashes id, an arbitrary string from a client, as an id of kind.
func HashID(kind Kind, id string) Hash {
	h := sha256.New()
	for _, part := range []string{hashDomain, string(kind), id} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return Hash(base64.RawURLEncoding.EncodeToString(h.Sum(nil)))
}

// Key addresses one record. The owner is part of it, so that a record of somebody
// else cannot even be asked for.
type Key struct {
	Owner identity.Owner
	Kind  Kind
	Hash  Hash
}

// Record is the header of a session; its data lives in an item of its own. Times have
// a resolution of one second.
type Record struct {
	Key Key
	// Version counts the updates of the data, from 1. A touch does not change it.
	Version int64
	// Created, Seen (written at most once a minute), Expires (min(last touch + idle,
	// Absolute)) and Absolute. A record is gone from Expires on, deleted or not.
	Created, Seen, Expires, Absolute time.Time
	// Confirmed is false until `notifications/initialized` arrived; an unconfirmed
	// record is not extended by touches. Handles are confirmed from the start.
	Confirmed bool
	// Protocol is the negotiated protocol version, at most 32 bytes.
	Protocol string
	// Client is the name and version that the MCP client gives itself, at most 128
	// bytes, unverified.
	Client string
	// ClientID is the OAuth client that created the session; others of the same
	// principal may use it (a setting binds it). One of more than 128 bytes (a client id
	// may be a URL) stands here as "sha256:" and its digest.
	ClientID string
	// LogLevel is what `logging/setLevel` asked for, at most 16 bytes; empty means no
	// log messages.
	LogLevel string
	// Size is the length of the data in bytes.
	Size int
}

// Truncated returns r with its times in UTC at the resolution that stores keep: seconds,
// rounded down.
func (r Record) Truncated() Record {
	r.Created, r.Seen = seconds(r.Created), seconds(r.Seen)
	r.Expires, r.Absolute = seconds(r.Expires), seconds(r.Absolute)
	return r
}

// TenantEntry returns the part of r that stands in a tenant's list.
func (r Record) TenantEntry() TenantEntry {
	return TenantEntry{
		Tenant: r.Key.Owner.Tenant, OwnerHash: r.Key.Owner.Hash(), Kind: r.Key.Kind, Hash: r.Key.Hash,
		Created: r.Created, Absolute: r.Absolute, Protocol: r.Protocol, Client: r.Client,
	}
}

func seconds(t time.Time) time.Time { return time.Unix(t.Unix(), 0).UTC() }

// Live reports whether the record is there at now.
func (r Record) Live(now time.Time) bool { return now.Before(r.Expires) }
