package dynamostore

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/dynamostore/schema"
)

// ListOwner implements session.Lister: a query of the owner's partition, headers only, a
// read unit per 4 KB of them.
func (s *Store) ListOwner(ctx context.Context, owner identity.Owner) (records []session.Record, err error) {
	pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
		TableName: &s.table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String(schema.PartitionKey + " = :pk AND begins_with(" + schema.SortKey + ", :headers)"),
		ExpressionAttributeValues: item{
			":pk":      text(schema.Partition(owner.Tenant, owner.Hash())),
			":headers": text(schema.HeaderPrefix),
		},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, unavailable(err)
		}
		for _, i := range page.Items {
			r, err := ownRecord(owner, i)
			if err != nil {
				return nil, unavailable(err)
			}
			records = append(records, r)
		}
	}
	slices.SortStableFunc(records, func(a, b session.Record) int { return a.Created.Compare(b.Created) })
	return records, nil
}

func ownRecord(owner identity.Owner, i item) (session.Record, error) {
	kind, hash, ok := schema.SplitHeaderSort(i.text(schema.SortKey))
	if !ok {
		return session.Record{}, fmt.Errorf("%w: sort key", errMalformed)
	}
	return record(session.Key{Owner: owner, Kind: session.Kind(kind), Hash: session.Hash(hash)}, i)
}

// ListTenant implements session.Lister: shard by shard of the index. The last page may be
// empty.
func (s *Store) ListTenant(ctx context.Context, tenant, cursor string, limit int) (entries []session.TenantEntry, next string, err error) {
	at, err := parsePosition(tenant, cursor)
	if err != nil {
		return nil, "", err
	}
	for at.Shard < schema.TenantShards && len(entries) < limit {
		page, err := s.client.Query(ctx, &dynamodb.QueryInput{
			TableName: &s.table, IndexName: aws.String(schema.IndexByTenant),
			Limit:                     aws.Int32(int32(limit - len(entries))), //nolint:gosec // at most 1000
			ExclusiveStartKey:         at.startKey(tenant),
			KeyConditionExpression:    aws.String("#tenant = :tenant"),
			ExpressionAttributeNames:  map[string]string{"#tenant": schema.Tenant},
			ExpressionAttributeValues: item{":tenant": text(schema.TenantShard(tenant, at.Shard))},
		})
		if err != nil {
			return nil, "", unavailable(err)
		}
		for _, i := range page.Items {
			e, err := tenantEntry(i)
			if err != nil {
				return nil, "", unavailable(err)
			}
			entries = append(entries, e)
		}
		if at, err = at.after(page.LastEvaluatedKey); err != nil {
			return nil, "", unavailable(err)
		}
	}
	return entries, at.cursor(), nil
}

func tenantEntry(i item) (session.TenantEntry, error) {
	tenant, ownerHash, isPartition := schema.SplitPartition(i.text(schema.PartitionKey))
	kind, hash, isHeader := schema.SplitHeaderSort(i.text(schema.SortKey))
	created, createdErr := i.number(schema.Created)
	absolute, absoluteErr := i.number(schema.Absolute)
	if !isPartition || !isHeader || createdErr != nil || absoluteErr != nil {
		return session.TenantEntry{}, errMalformed
	}
	return session.TenantEntry{
		Tenant: tenant, OwnerHash: ownerHash, Kind: session.Kind(kind), Hash: session.Hash(hash),
		Created: time.Unix(created, 0).UTC(), Absolute: time.Unix(absolute, 0).UTC(),
		Protocol: i.text(schema.Protocol), Client: i.text(schema.Client),
	}, nil
}

// position is where a listing of a tenant goes on: in Shard behind the item of the other
// fields, or at its start when they are empty. A cursor is its JSON in base64url.
type position struct {
	Shard     int    `json:"s"`
	Partition string `json:"p,omitempty"`
	Sort      string `json:"k,omitempty"`
	Created   int64  `json:"c,omitempty"`
}

func parsePosition(tenant, cursor string) (position, error) {
	var p position
	if cursor == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || json.Unmarshal(raw, &p) != nil || p.Shard < 0 || p.Shard >= schema.TenantShards {
		return position{}, session.ErrCursor
	}
	if p.Partition != "" && (!strings.HasPrefix(p.Partition, schema.Partition(tenant, "")) || !strings.HasPrefix(p.Sort, schema.HeaderPrefix)) {
		return position{}, session.ErrCursor
	}
	return p, nil
}

func (p position) startKey(tenant string) item {
	if p.Partition == "" {
		return nil
	}
	return item{
		schema.PartitionKey: text(p.Partition),
		schema.SortKey:      text(p.Sort),
		schema.Tenant:       text(schema.TenantShard(tenant, p.Shard)),
		schema.Created:      integer(p.Created),
	}
}

// after is the position behind a page that ended at last: no last ends the shard.
func (p position) after(last map[string]types.AttributeValue) (position, error) {
	if len(last) == 0 {
		return position{Shard: p.Shard + 1}, nil
	}
	i := item(last)
	created, err := i.number(schema.Created)
	return position{Shard: p.Shard, Partition: i.text(schema.PartitionKey), Sort: i.text(schema.SortKey), Created: created}, err
}

func (p position) cursor() string {
	if p.Shard >= schema.TenantShards {
		return ""
	}
	raw, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and integers only
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Locate implements session.Locator: a query of the keys-only index by handle.
func (s *Store) Locate(ctx context.Context, kind session.Kind, h session.Hash) (tenant, ownerHash string, found bool, err error) {
	page, err := s.client.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.table, IndexName: aws.String(schema.IndexByHandle), Limit: aws.Int32(1),
		KeyConditionExpression:    aws.String(schema.SortKey + " = :sk"),
		ExpressionAttributeValues: item{":sk": text(schema.HeaderSort(string(kind), string(h)))},
	})
	if err != nil {
		return "", "", false, unavailable(err)
	}
	if len(page.Items) == 0 {
		return "", "", false, nil
	}
	tenant, ownerHash, found = schema.SplitPartition(item(page.Items[0]).text(schema.PartitionKey))
	return tenant, ownerHash, found, nil
}
