package dynamostore_test

import (
	"context"
	"errors"
	"flag"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold.example/libs/session"
	"leasehold.example/libs/session/dynamostore"
	"leasehold.example/libs/session/dynamostore/dynamotest"
	"leasehold.example/libs/session/dynamostore/schema"
	"leasehold.example/libs/session/sessiontest"
)

// TestMain lowers the number of random runs, each of which is hundreds of requests; the
// command line still has the last word.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "20"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func open(t *testing.T) session.Store {
	t.Helper()
	client, table := dynamotest.NewTable(t)
	return dynamostore.New(client, table)
}

func TestStore(t *testing.T)      { t.Parallel(); sessiontest.Run(t, open) }
func TestConcurrent(t *testing.T) { t.Parallel(); sessiontest.RunConcurrent(t, open) }
func TestProperty(t *testing.T)   { sessiontest.RunProperty(t, open) }

// TestRequests holds what each operation of a Registry costs: above all that a request in
// steady state is one read and no write.
func TestRequests(t *testing.T) {
	t.Parallel()
	var counter dynamotest.Counter
	client, table := dynamotest.NewTable(t, counter.Option)
	now := sessiontest.Epoch
	r, err := session.NewRegistry(dynamostore.New(client, table), session.Options{Now: func() time.Time { return now }})
	sessiontest.Must(t, err)
	p, stranger := sessiontest.Principal(sessiontest.Owner()), sessiontest.Principal(sessiontest.Owner())
	want := func(what string, want map[string]int) {
		t.Helper()
		if got := counter.Take(); !maps.Equal(got, want) {
			t.Errorf("%s: requests %v, want %v", what, got, want)
		}
	}
	counter.Take()

	id, rec, err := r.Create(t.Context(), p, session.New{Kind: session.KindMCP})
	sessiontest.Must(t, err)
	want("create", map[string]int{"TransactWriteItems": 1, "Query": 1})
	sessiontest.Must(t, r.Confirm(t.Context(), rec))
	want("confirm", map[string]int{"UpdateItem": 1})
	for range 5 {
		_, err = r.Resolve(t.Context(), p, session.KindMCP, id)
		sessiontest.Must(t, err)
		want("resolve", map[string]int{"GetItem": 1})
	}
	now = now.Add(time.Minute)
	rec, err = r.Resolve(t.Context(), p, session.KindMCP, id)
	sessiontest.Must(t, err)
	want("resolve after a minute", map[string]int{"GetItem": 1, "UpdateItem": 1})
	_, err = r.Update(t.Context(), rec, func(b []byte) ([]byte, error) { return b, nil })
	sessiontest.Must(t, err)
	want("update", map[string]int{"GetItem": 1, "TransactWriteItems": 1})
	for _, presented := range []string{id, "unknown"} {
		_, err = r.Resolve(t.Context(), stranger, session.KindMCP, presented)
		sessiontest.WantErr(t, err, session.ErrNotFound)
		want("rule 9: miss", map[string]int{"GetItem": 1, "Query": 1})
	}
	sessiontest.Must(t, r.Consume(t.Context(), p, "nonce", now.Add(time.Minute)))
	want("consume", map[string]int{"TransactWriteItems": 1})
	sessiontest.Must(t, r.Revoke(t.Context(), p, session.KindMCP, id))
	want("revoke", map[string]int{"GetItem": 1, "TransactWriteItems": 1})
}

// TestItems looks at the table itself: keys, attributes, and sizes (rule 27).
func TestItems(t *testing.T) {
	t.Parallel()
	client, table := dynamotest.NewTable(t)
	s := dynamostore.New(client, table)
	owner := sessiontest.Owner()
	r := sessiontest.Record(owner, session.KindNotebook)
	r.Client, r.ClientID, r.Protocol = strings.Repeat("c", 128), strings.Repeat("i", 128), strings.Repeat("p", 32)
	r.Key.Owner.Tenant = strings.Repeat("t", 64)
	sessiontest.Must(t, s.Create(t.Context(), r, []byte(strings.Repeat("d", 10<<10))))
	nonce := sessiontest.Record(r.Key.Owner, session.KindNonce)
	sessiontest.Must(t, s.Create(t.Context(), nonce, nil))

	pk := "T#" + r.Key.Owner.Tenant + "#U#" + owner.Hash()
	items := scan(t, client, &dynamodb.ScanInput{TableName: &table})
	if len(items) != 3 {
		t.Fatalf("%d items, want header, data and nonce", len(items))
	}
	header, data := items["S#notebook#"+string(r.Key.Hash)], items["D#notebook#"+string(r.Key.Hash)]
	once := items["S#nonce#"+string(nonce.Key.Hash)]
	for name, i := range map[string]map[string]types.AttributeValue{"header": header, "data": data, "nonce": once} {
		if got, ok := i[schema.PartitionKey].(*types.AttributeValueMemberS); !ok || got.Value != pk {
			t.Errorf("%s: partition key %v", name, i[schema.PartitionKey])
		}
		if _, ok := i[schema.TTL].(*types.AttributeValueMemberN); !ok {
			t.Errorf("%s: no TTL", name)
		}
	}
	if n := size(header); n > 1024 {
		t.Errorf("the header has %d bytes: a touch costs more than one write unit", n)
	}
	if _, ok := once[schema.Tenant]; ok {
		t.Error("a nonce is in the index by tenant")
	}

	indexed := scan(t, client, &dynamodb.ScanInput{TableName: &table, IndexName: aws.String(schema.IndexByTenant)})
	if len(indexed) != 1 {
		t.Fatalf("%d items in the index by tenant", len(indexed))
	}
	for _, i := range indexed {
		for name := range i {
			switch name {
			case "pk", "sk", "tenant", "created", "abs", "proto", "client":
			default:
				t.Errorf("rule 42: the index holds %s, so a change of it is a second write", name)
			}
		}
	}
}

// TestCursorOfAnotherTenant is refused: it must not lead into that tenant's records.
func TestCursorOfAnotherTenant(t *testing.T) {
	t.Parallel()
	client, table := dynamotest.NewTable(t)
	s := dynamostore.New(client, table)
	owner := sessiontest.Owner()
	for range 3 {
		sessiontest.Must(t, s.Create(t.Context(), sessiontest.Record(owner, session.KindMCP), []byte("{}")))
	}
	cursor, refused := "", 0
	for {
		_, next, err := s.ListTenant(t.Context(), owner.Tenant, cursor, 1)
		sessiontest.Must(t, err)
		if cursor = next; cursor == "" {
			break
		}
		if _, _, err = s.ListTenant(t.Context(), sessiontest.Tenant(), cursor, 1); errors.Is(err, session.ErrCursor) {
			refused++
		}
	}
	if refused == 0 {
		t.Error("every cursor was accepted")
	}
}

func scan(t *testing.T, client *dynamodb.Client, in *dynamodb.ScanInput) map[string]map[string]types.AttributeValue {
	t.Helper()
	out, err := client.Scan(t.Context(), in)
	sessiontest.Must(t, err)
	bySort := map[string]map[string]types.AttributeValue{}
	for _, i := range out.Items {
		bySort[i[schema.SortKey].(*types.AttributeValueMemberS).Value] = i
	}
	return bySort
}

// size is an item's as DynamoDB counts it, numbers a little over.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func size(i map[string]types.AttributeValue) (n int) {
	for name, value := range i {
		n += len(name)
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			n += len(v.Value)
		case *types.AttributeValueMemberN:
			n += len(v.Value)
		default:
			n++
		}
	}
	return n
}

// lossy is a network that loses the answer to the first request of an operation.
type lossy struct {
	operation string
	lost      atomic.Bool
}

func (l *lossy) Do(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultClient.Do(r)
	if err == nil && strings.HasSuffix(r.Header.Get("X-Amz-Target"), l.operation) && l.lost.CompareAndSwap(false, true) {
		_ = response.Body.Close()
		return nil, errors.New("connection reset by peer")
	}
	return response, err
}

// TestLostAnswer has the SDK retry a write that was carried out: rule 30, a nonce is used
// once and by its one user, and a session is made, updated and deleted once.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	client, table := dynamotest.NewTable(t)
	for name, write := range map[string]func(ctx context.Context, s *dynamostore.Store, r session.Record) error{
		"create": func(ctx context.Context, s *dynamostore.Store, _ session.Record) error {
			return s.Create(ctx, sessiontest.Record(sessiontest.Owner(), session.KindNonce), nil)
		},
		"update": func(ctx context.Context, s *dynamostore.Store, r session.Record) error {
			return s.Change(ctx, r.Key, session.Change{Now: sessiontest.Epoch, Data: []byte(`{"n":2}`), IfVersion: 1})
		},
		"delete": func(ctx context.Context, s *dynamostore.Store, r session.Record) error { return s.Delete(ctx, r.Key) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := sessiontest.Record(sessiontest.Owner(), session.KindMCP)
			sessiontest.Must(t, dynamostore.New(client, table).Create(t.Context(), r, []byte("{}")))
			network := &lossy{operation: "TransactWriteItems"}
			unlucky := dynamotest.NewClient(dynamotest.Endpoint(t), func(o *dynamodb.Options) { o.HTTPClient = network })
			sessiontest.Must(t, write(t.Context(), dynamostore.New(unlucky, table), r))
			if !network.lost.Load() {
				t.Error("no answer was lost")
			}
		})
	}
}
