// Package dynamostore keeps sessions in a DynamoDB table laid out as package schema says.
//
// The header is authoritative for the version and the expiry. An update of the data is
// one TransactWriteItems over header and data that demands both, so that it sees a
// revocation or an expiry (which only the header knows: to touch the data would cost up
// to 256 write units) and leaves the same version in both items. Therefore Load and
// LoadData are one GetItem each.
//
// When DynamoDB has deleted an expired header, its data may stay until the session's
// absolute end. Nothing leads to it.
package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold.example/libs/session"
	"leasehold.example/libs/session/dynamostore/schema"
)

// Client is what a Store uses of a *dynamodb.Client. Its retryer decides how often a
// throttled or failed request is tried; what it gives up is session.ErrUnavailable.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Store is a session.Store, Lister and Locator.
type Store struct {
	client Client
	table  string
}

var (
	_ session.Store   = (*Store)(nil)
	_ session.Lister  = (*Store)(nil)
	_ session.Locator = (*Store)(nil)
)

// New returns a Store over table, its name or ARN. It makes no request.
func New(client Client, table string) *Store { return &Store{client: client, table: table} }

const absent = "attribute_not_exists(" + schema.PartitionKey + ")"

// Create implements session.Store. Even without data it is a transaction, because that
// has a token by which DynamoDB knows a retry of the SDK: after a lost answer a plain
// conditional put would meet its own item and take a fresh nonce for a used one.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
func (s *Store) Create(ctx context.Context, r session.Record, data []byte) error {
	items := []types.TransactWriteItem{{Put: s.put(headerItem(r))}}
	if len(data) > 0 {
		items = append(items, types.TransactWriteItem{Put: s.put(dataItem(r, data))})
	}
	err := settle(ctx, func() error { return s.transact(ctx, items) })
	if conditionFailed(err) {
		return session.ErrExists
	}
	return unavailable(err)
}

func (s *Store) put(i item) *types.Put {
	return &types.Put{TableName: &s.table, Item: i, ConditionExpression: aws.String(absent)}
}

// Load implements session.Store.
func (s *Store) Load(ctx context.Context, k session.Key) (session.Record, error) {
	i, err := s.get(ctx, headerKey(k))
	if err != nil {
		return session.Record{}, err
	}
	r, err := record(k, i)
	return r, unavailable(err)
}

// LoadData implements session.Store.
func (s *Store) LoadData(ctx context.Context, k session.Key) ([]byte, int64, error) {
	i, err := s.get(ctx, dataKey(k))
	if err != nil {
		return nil, 0, err
	}
	data, isBinary := i[schema.Data].(*types.AttributeValueMemberB)
	version, err := i.number(schema.Version)
	if err != nil || !isBinary {
		return nil, 0, unavailable(errors.Join(errMalformed, err))
	}
	return data.Value, version, nil
}

func (s *Store) get(ctx context.Context, key item) (item, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: key, ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, unavailable(err)
	}
	if len(out.Item) == 0 {
		return nil, session.ErrNotFound
	}
	return out.Item, nil
}

// Change implements session.Store. Without data it is one UpdateItem of the header.
func (s *Store) Change(ctx context.Context, k session.Key, c session.Change) error {
	if c.Data != nil {
		return s.changeData(ctx, k, c)
	}
	e := headerChange(c)
	err := settle(ctx, func() error {
		_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &s.table, Key: headerKey(k),
			UpdateExpression: e.update(), ConditionExpression: e.condition(),
			ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
		})
		return err
	})
	if conditionFailed(err) {
		return session.ErrNotFound
	}
	return unavailable(err)
}

func (s *Store) changeData(ctx context.Context, k session.Key, c session.Change) error {
	header, data := headerChange(c), dataChange(c)
	err := s.transact(ctx, []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: &s.table, Key: headerKey(k),
			UpdateExpression: header.update(), ConditionExpression: header.condition(),
			ExpressionAttributeNames: header.names, ExpressionAttributeValues: header.values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
		{Update: &types.Update{
			TableName: &s.table, Key: dataKey(k),
			UpdateExpression: data.update(), ConditionExpression: data.condition(),
			ExpressionAttributeNames: data.names, ExpressionAttributeValues: data.values,
		}},
	})
	switch {
	case conditionFailed(err):
		return whyFailed(err, c.Now)
	case inConflict(err):
		// Somebody writes one of the items now; nothing of ours was written.
		return session.ErrConflict
	}
	return unavailable(err)
}

// whyFailed tells a live header at another version from an absent or expired one, by the
// header that the cancelled transaction gives back.
func whyFailed(err error, now time.Time) error {
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) || len(cancelled.CancellationReasons) == 0 {
		return session.ErrNotFound
	}
	header := item(cancelled.CancellationReasons[0].Item)
	expires, err := header.number(schema.Expires)
	if err != nil || expires <= now.Unix() {
		return session.ErrNotFound
	}
	return session.ErrConflict
}

// Delete implements session.Store.
func (s *Store) Delete(ctx context.Context, k session.Key) error {
	err := settle(ctx, func() error {
		return s.transact(ctx, []types.TransactWriteItem{
			{Delete: &types.Delete{
				TableName: &s.table, Key: headerKey(k),
				ConditionExpression: aws.String("attribute_exists(" + schema.PartitionKey + ")"),
			}},
			{Delete: &types.Delete{TableName: &s.table, Key: dataKey(k)}},
		})
	})
	if conditionFailed(err) {
		return session.ErrNotFound
	}
	return unavailable(err)
}

func (s *Store) transact(ctx context.Context, items []types.TransactWriteItem) error {
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items})
	return err
}

// settle repeats a write that met a transaction on the same item; the SDK does not. It
// waits 10 ms and twice as long each time.
func settle(ctx context.Context, write func() error) error {
	const attempts = 5
	for attempt := range attempts {
		err := write()
		if !inConflict(err) || attempt == attempts-1 {
			return err
		}
		timer := time.NewTimer(10 * time.Millisecond << attempt)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
	return nil
}

// conditionFailed reports whether a condition of ours was not met.
func conditionFailed(err error) bool {
	var single *types.ConditionalCheckFailedException
	return errors.As(err, &single) || cancelledBy(err, "ConditionalCheckFailed")
}

// inConflict reports whether another request was writing the same items.
func inConflict(err error) bool {
	var single *types.TransactionConflictException
	return errors.As(err, &single) || cancelledBy(err, "TransactionConflict")
}

// cancelledBy reports whether a transaction was cancelled for the reason code.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
func cancelledBy(err error, code string) bool {
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return false
	}
	for _, reason := range cancelled.CancellationReasons {
		if aws.ToString(reason.Code) == code {
			return true
		}
	}
	return false
}

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: dynamodb: %w", session.ErrUnavailable, err)
}
