package dynamostore_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold.example/libs/session"
	"leasehold.example/libs/session/dynamostore"
	"leasehold.example/libs/session/dynamostore/dynamotest"
	"leasehold.example/libs/session/sessiontest"
)

// script is a Client whose writes answer its errors in turn, then succeed, and whose
// reads answer item.
type script struct {
	dynamostore.Client
	errs   []error
	writes int
	item   map[string]types.AttributeValue
	reads  []bool // whether each was strongly consistent
}

func (c *script) write() error {
	c.writes++
	if len(c.errs) == 0 {
		return nil
	}
	err := c.errs[0]
	c.errs = c.errs[1:]
	return err
}

func (c *script) UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return &dynamodb.UpdateItemOutput{}, c.write()
}

func (c *script) TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return &dynamodb.TransactWriteItemsOutput{}, c.write()
}

func (c *script) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	c.reads = append(c.reads, aws.ToBool(in.ConsistentRead))
	return &dynamodb.GetItemOutput{Item: c.item}, nil
}

func (c *script) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	c.reads = append(c.reads, aws.ToBool(in.ConsistentRead))
	return &dynamodb.QueryOutput{Items: []map[string]types.AttributeValue{c.item}}, nil
}

func cancelled(codes ...string) error {
	e := &types.TransactionCanceledException{}
	for _, code := range codes {
		e.CancellationReasons = append(e.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
	}
	return e
}

func repeat(err error, n int) (errs []error) {
	for range n {
		errs = append(errs, err)
	}
	return errs
}

// TestConflicts meets transactions of others: a write that nobody may notice is repeated,
// an update of the data is left to its caller, who reads again.
func TestConflicts(t *testing.T) {
	t.Parallel()
	conflict, single := cancelled("None", "TransactionConflict"), &types.TransactionConflictException{}
	touch := func(ctx context.Context, s *dynamostore.Store) error {
		return s.Change(ctx, session.Key{}, session.Change{Seen: &sessiontest.Epoch})
	}
	update := func(ctx context.Context, s *dynamostore.Store) error {
		return s.Change(ctx, session.Key{}, session.Change{Data: []byte("{}"), IfVersion: 1})
	}
	remove := func(ctx context.Context, s *dynamostore.Store) error { return s.Delete(ctx, session.Key{}) }
	for name, test := range map[string]struct {
		write  func(context.Context, *dynamostore.Store) error
		errs   []error
		want   error
		writes int
	}{
		"touch settles":               {touch, repeat(single, 4), nil, 5},
		"touch gives up":              {touch, repeat(single, 5), session.ErrUnavailable, 5},
		"delete settles":              {remove, repeat(conflict, 4), nil, 5},
		"delete gives up":             {remove, repeat(conflict, 5), session.ErrUnavailable, 5},
		"delete settles on nothing":   {remove, []error{conflict, cancelled("ConditionalCheckFailed", "None")}, session.ErrNotFound, 2},
		"update is the caller's":      {update, repeat(conflict, 1), session.ErrConflict, 1},
		"update of what is gone":      {update, repeat(cancelled("ConditionalCheckFailed", "None"), 1), session.ErrNotFound, 1},
		"update throttled":            {update, repeat(cancelled("None", "ThrottlingError"), 1), session.ErrUnavailable, 1},
		"touch throttled is no retry": {touch, repeat(&types.ProvisionedThroughputExceededException{}, 1), session.ErrUnavailable, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := &script{errs: test.errs}
				sessiontest.WantErr(t, test.write(t.Context(), dynamostore.New(client, "table")), test.want)
				if client.writes != test.writes {
					t.Errorf("%d writes, want %d", client.writes, test.writes)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Millisecond)
		defer cancel()
		client := &script{errs: repeat(single, 5)}
		err := dynamostore.New(client, "table").Change(ctx, session.Key{}, session.Change{Seen: &sessiontest.Epoch})
		sessiontest.WantErr(t, err, context.DeadlineExceeded)
		sessiontest.WantErr(t, err, session.ErrUnavailable)
	})
}

// TestRule26ConsistentReads looks at the requests: DynamoDB Local is consistent anyway.
func TestRule26ConsistentReads(t *testing.T) {
	t.Parallel()
	client := &script{}
	s := dynamostore.New(client, "table")
	_, loadErr := s.Load(t.Context(), session.Key{})
	_, _, dataErr := s.LoadData(t.Context(), session.Key{})
	_, listErr := s.ListOwner(t.Context(), sessiontest.Owner())
	sessiontest.WantErr(t, loadErr, session.ErrNotFound)
	sessiontest.WantErr(t, dataErr, session.ErrNotFound)
	sessiontest.WantErr(t, listErr, session.ErrUnavailable) // an item without keys
	if len(client.reads) != 3 || !client.reads[0] || !client.reads[1] || !client.reads[2] {
		t.Errorf("strongly consistent: %v", client.reads)
	}
}

// TestMalformedItems reads what this package did not write: that is trouble, not absence.
func TestMalformedItems(t *testing.T) {
	t.Parallel()
	for name, item := range map[string]map[string]types.AttributeValue{
		"foreign":      {"x": &types.AttributeValueMemberS{Value: "y"}},
		"text version": {"ver": &types.AttributeValueMemberS{Value: "1"}, "data": &types.AttributeValueMemberB{Value: []byte("{}")}},
		"fraction":     {"ver": &types.AttributeValueMemberN{Value: "1.5"}},
	} {
		s := dynamostore.New(&script{item: item}, "table")
		_, loadErr := s.Load(t.Context(), session.Key{})
		_, _, dataErr := s.LoadData(t.Context(), session.Key{})
		_, ownerErr := s.ListOwner(t.Context(), sessiontest.Owner())
		_, _, tenantErr := s.ListTenant(t.Context(), "tenant", "", 1)
		for _, err := range []error{loadErr, dataErr, ownerErr, tenantErr} {
			if !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestTrouble has a server answer every request with an error: after the SDK's retries
// each is ErrUnavailable, and the names of records are in no text.
func TestTrouble(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"throttled":    awsError(400, "ProvisionedThroughputExceededException"),
		"rate":         awsError(400, "ThrottlingException"),
		"no table":     awsError(400, "ResourceNotFoundException"),
		"denied":       awsError(400, "AccessDeniedException"),
		"server error": awsError(500, "InternalServerError"),
		"no JSON":      func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad gateway", http.StatusBadGateway) },
		"hangs up":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(answer)
			defer server.Close()
			client := dynamotest.NewClient(server.URL, func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
			wantTrouble(t.Context(), t, dynamostore.New(client, "table"), session.ErrUnavailable)
		})
	}
	t.Run("no answer in time", func(t *testing.T) {
		t.Parallel()
		end := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end }))
		defer server.Close()
		defer close(end)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		wantTrouble(ctx, t, dynamostore.New(dynamotest.NewClient(server.URL), "table"), context.DeadlineExceeded)
	})
}

func awsError(status int, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"trouble"}`, kind)
	}
}

func wantTrouble(ctx context.Context, t *testing.T, s *dynamostore.Store, want error) {
	t.Helper()
	r := sessiontest.Record(sessiontest.Owner(), session.KindMCP)
	_, loadErr := s.Load(ctx, r.Key)
	_, _, dataErr := s.LoadData(ctx, r.Key)
	_, ownerErr := s.ListOwner(ctx, r.Key.Owner)
	_, _, tenantErr := s.ListTenant(ctx, r.Key.Owner.Tenant, "", 1)
	_, _, _, locateErr := s.Locate(ctx, r.Key.Kind, r.Key.Hash)
	for name, err := range map[string]error{
		"create": s.Create(ctx, r, []byte("{}")), "load": loadErr, "load data": dataErr,
		"touch":  s.Change(ctx, r.Key, session.Change{Seen: &r.Seen}),
		"update": s.Change(ctx, r.Key, session.Change{Data: []byte("{}"), IfVersion: 1}),
		"delete": s.Delete(ctx, r.Key), "list owner": ownerErr, "list tenant": tenantErr, "locate": locateErr,
	} {
		if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
