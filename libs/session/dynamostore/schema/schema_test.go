package schema_test

import (
	"testing"

	"leasehold.example/libs/session"
	"leasehold.example/libs/session/dynamostore/schema"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	tenant, ownerHash, ok := schema.SplitPartition(schema.Partition("acme", "hash"))
	if tenant != "acme" || ownerHash != "hash" || !ok {
		t.Errorf("partition: %q %q %v", tenant, ownerHash, ok)
	}
	kind, hash, ok := schema.SplitHeaderSort(schema.HeaderSort("mcp", "hash"))
	if kind != "mcp" || hash != "hash" || !ok {
		t.Errorf("sort key: %q %q %v", kind, hash, ok)
	}
	for _, bad := range []string{"", "T#acme", schema.DataSort("mcp", "hash"), "S#mcp"} {
		if _, _, ok := schema.SplitPartition(bad); ok {
			t.Errorf("%q is a partition key", bad)
		}
		if _, _, ok := schema.SplitHeaderSort(bad); ok {
			t.Errorf("%q is the sort key of a header", bad)
		}
	}
}

// TestRule42Shards spreads the hashes of random ids over all shards, none with twice its share.
func TestRule42Shards(t *testing.T) {
	t.Parallel()
	var shards [schema.TenantShards]int
	const n = 8000
	for i := range n {
		shards[schema.ShardOf(string(session.HashID(session.KindMCP, string(rune(i)))))]++
	}
	for shard, got := range shards {
		if got < n/schema.TenantShards/2 || got > n/schema.TenantShards*2 {
			t.Errorf("shard %d has %d of %d", shard, got, n)
		}
	}
}
