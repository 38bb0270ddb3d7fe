// Package schema names the keys, attributes and indexes of the session table, so that
// infrastructure and code cannot drift. It needs no AWS SDK.
//
// A session is two items: a header, small because it is read by every call and written
// once a minute, and its data, which may have 256 KiB.
package schema

import (
	"strconv"
	"strings"
)

// Keys of the table; both are strings. With the tenant in front of the partition key, a
// policy can bind a role to it by dynamodb:LeadingKeys.
const (
	PartitionKey = "pk" // T#<tenant>#U#<hash of issuer and subject>
	SortKey      = "sk" // S#<kind>#<hash of id> the header, D#<kind>#<hash of id> the data
)

// Attributes of a header. Times are numbers, seconds since 1970.
const (
	Version   = "ver"     // number: the updates of the data, from 1; both items have it
	Expires   = "exp"     // number: when the record is gone; of the data: when the session is in any case
	Absolute  = "abs"     // number, never changes
	Created   = "created" // number, never changes; sort key of IndexByTenant
	Seen      = "seen"    // number
	Confirmed = "conf"    // boolean
	Protocol  = "proto"   // string, never changes
	Client    = "client"  // string, never changes
	ClientID  = "cid"     // string, never changes
	LogLevel  = "log"     // string
	Size      = "size"    // number: bytes of data
	Tenant    = "tenant"  // string, T#<tenant>#<shard>: partition key of IndexByTenant; nonces have none
)

// Data is the one attribute, binary, that only the data item has, besides Version and
// Expires.
const Data = "data"

// TTL is the attribute by which DynamoDB deletes expired items, within days.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
const TTL = Expires

// Global secondary indexes.
const (
	// IndexByHandle has SortKey as its partition key and PartitionKey as its sort key,
	// and projects keys only. It classifies misses.
	IndexByHandle = "by-handle"
	// IndexByTenant has Tenant as its partition key and Created as its sort key, and
	// projects TenantProjection: nothing that changes, so that touches do not write it.
	IndexByTenant = "by-tenant"
)

// TenantShards is over how many partition keys of IndexByTenant a tenant is spread: with
// one, a busy tenant's index would throttle the table. Changing it orphans what is there.
const TenantShards = 8

// TenantProjection returns the attributes besides keys that IndexByTenant projects.
func TenantProjection() []string { return []string{Absolute, Protocol, Client} }

// Partition returns the partition key of an owner.
func Partition(tenant, ownerHash string) string { return tenantPrefix(tenant) + "U#" + ownerHash }

// SplitPartition takes a partition key of the table apart; ok is false when it is none.
func SplitPartition(key string) (tenant, ownerHash string, ok bool) {
	tenant, ownerHash, ok = strings.Cut(strings.TrimPrefix(key, "T#"), "#U#")
	return tenant, ownerHash, ok
}

// HeaderPrefix begins the sort keys of headers.
const HeaderPrefix = "S#"

// HeaderSort returns the sort key of a header.
func HeaderSort(kind, hash string) string { return HeaderPrefix + kind + "#" + hash }

// DataSort returns the sort key of a data item.
func DataSort(kind, hash string) string { return "D#" + kind + "#" + hash }

// SplitHeaderSort takes the sort key of a header apart; ok is false when it is none.
func SplitHeaderSort(key string) (kind, hash string, ok bool) {
	rest, ok := strings.CutPrefix(key, HeaderPrefix)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, "#")
}

// TenantShard returns the partition key of IndexByTenant for one shard of a tenant.
func TenantShard(tenant string, shard int) string {
	return tenantPrefix(tenant) + strconv.Itoa(shard)
}

// ShardOf spreads the records of a tenant evenly: hash is one of a random id.
func ShardOf(hash string) int {
	if hash == "" {
		return 0
	}
	return int(hash[len(hash)/2]) % TenantShards
}

func tenantPrefix(tenant string) string { return "T#" + tenant + "#" }
