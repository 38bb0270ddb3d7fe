package boltstore

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// separator stands in no part of a key: a tenant, a kind and a base64url hash have none.
const separator = "/"

// tenantPrefix begins the keys of a tenant's records. The '#' behind the tenant keeps
// "acme" apart from "acme2".
func tenantPrefix(tenant string) []byte { return []byte("T#" + tenant + "#U#") }

func ownerKey(o identity.Owner) []byte { return append(tenantPrefix(o.Tenant), o.Hash()...) }

func handleKey(kind session.Kind, h session.Hash) []byte {
	return []byte(string(kind) + "#" + string(h))
}

func itemKey(k session.Key) []byte {
	return append(append(ownerKey(k.Owner), separator...), handleKey(k.Kind, k.Hash)...)
}

func splitKey(key []byte) (owner, handle []byte) {
	o, h, _ := strings.Cut(string(key), separator)
	return []byte(o), []byte(h)
}

func splitOwner(owner []byte) (tenant, ownerHash string) {
	tenant, ownerHash, _ = strings.Cut(strings.TrimPrefix(string(owner), "T#"), "#U#")
	return tenant, ownerHash
}

func splitHandle(handle []byte) (session.Kind, session.Hash) {
	kind, hash, _ := strings.Cut(string(handle), "#")
	return session.Kind(kind), session.Hash(hash)
}

// header is a record on disk. Times are seconds since 1970; issuer and subject are not
// stored.
type header struct {
	Version   int64  `json:"ver"`
	Created   int64  `json:"created"`
	Seen      int64  `json:"seen"`
	Expires   int64  `json:"exp"`
	Absolute  int64  `json:"abs"`
	Confirmed bool   `json:"confirmed"`
	Protocol  string `json:"proto"`
	Client    string `json:"client"`
	ClientID  string `json:"client_id"`
	LogLevel  string `json:"log"`
	Size      int    `json:"size"`
}

func decode(value []byte) (header, error) {
	var h header
	if err := json.Unmarshal(value, &h); err != nil {
		return header{}, fmt.Errorf("boltstore: a record cannot be read: %w", err)
	}
	return h, nil
}

func getHeader(tx *bbolt.Tx, k session.Key) (session.Record, error) {
	value := tx.Bucket(headers).Get(itemKey(k))
	if value == nil {
		return session.Record{}, session.ErrNotFound
	}
	h, err := decode(value)
	if err != nil {
		return session.Record{}, err
	}
	return h.record(k), nil
}

func putHeader(tx *bbolt.Tx, key []byte, r session.Record) error {
	value, err := json.Marshal(header{
		Version: r.Version, Created: r.Created.Unix(), Seen: r.Seen.Unix(), Expires: r.Expires.Unix(),
		Absolute: r.Absolute.Unix(), Confirmed: r.Confirmed, Protocol: r.Protocol, Client: r.Client,
		ClientID: r.ClientID, LogLevel: r.LogLevel, Size: r.Size,
	})
	if err != nil {
		return fmt.Errorf("boltstore: a record cannot be written: %w", err)
	}
	return tx.Bucket(headers).Put(key, value)
}

func (h header) record(k session.Key) session.Record {
	return session.Record{
		Key: k, Version: h.Version, Created: date(h.Created), Seen: date(h.Seen), Expires: date(h.Expires),
		Absolute: date(h.Absolute), Confirmed: h.Confirmed, Protocol: h.Protocol, Client: h.Client,
		ClientID: h.ClientID, LogLevel: h.LogLevel, Size: h.Size,
	}
}

func (h header) entry(key []byte) session.TenantEntry {
	owner, handle := splitKey(key)
	tenant, ownerHash := splitOwner(owner)
	kind, hash := splitHandle(handle)
	return session.TenantEntry{
		Tenant: tenant, OwnerHash: ownerHash, Kind: kind, Hash: hash,
		Created: date(h.Created), Absolute: date(h.Absolute), Protocol: h.Protocol, Client: h.Client,
	}
}

func date(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
