package dynamostore_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold.example/libs/session"
	"leasehold.example/libs/session/dynamostore"
	"leasehold.example/libs/session/dynamostore/dynamotest"
	"leasehold.example/libs/session/dynamostore/schema"
	"leasehold.example/libs/session/sessiontest"
)

// TestAccess runs all that a store can do, and holds schema.Access and schema.Operations against
// the requests that left for DynamoDB: what is not granted fails in production, what is granted
// and never asked for is too much, and what is not an operation is not watched. sessiontest.RunProperty would add seconds, and no method
// that these two do not call.
func TestAccess(t *testing.T) {
	t.Parallel()
	endpoint := dynamotest.Endpoint(t)
	var seen requests
	t.Cleanup(func() { // when all subtests are over
		if got, want := seen.grants(), schema.Access(); !reflect.DeepEqual(got, want) {
			t.Errorf("the store issued\n%v\nand schema.Access grants\n%v", got, want)
		}
		if got, want := slices.Sorted(maps.Keys(seen.operations)), schema.Operations(); !slices.Equal(got, want) {
			t.Errorf("the store called %v, and schema.Operations has %v", got, want)
		}
	})
	open := func(t *testing.T) session.Store {
		t.Helper()
		_, table := dynamotest.NewTable(t) // what the helper sends is not the store's
		return dynamostore.New(dynamotest.NewClient(endpoint, seen.option), table)
	}
	sessiontest.Run(t, open)
	sessiontest.RunConcurrent(t, open)
}

// requests are the operations that a client calls, and their IAM actions by index.
type requests struct {
	mu         sync.Mutex
	operations map[string]bool
	actions    map[string]map[string]bool
}

func (r *requests) option(o *dynamodb.Options) { o.HTTPClient = r }

// Do sends and records one request; it makes requests a dynamodb.HTTPClient.
func (r *requests) Do(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	if err := r.record(operation, body); err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(request)
}

// record maps a request to actions: those of its parts when it is a transaction.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
func (r *requests) record(operation string, body []byte) error {
	var in struct {
		IndexName     string
		TransactItems []map[string]any
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return err
	}
	if !strings.HasPrefix(operation, "Transact") {
		r.add(operation, in.IndexName, operation)
		return nil
	}
	for _, part := range in.TransactItems {
		for kind := range part { // Put, Update, Delete, Get, ConditionCheck
			r.add(operation, "", kind+"Item")
		}
	}
	return nil
}

func (r *requests) add(operation, index, action string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.actions == nil {
		r.actions, r.operations = map[string]map[string]bool{}, map[string]bool{}
	}
	r.operations[operation] = true
	if r.actions[index] == nil {
		r.actions[index] = map[string]bool{}
	}
	r.actions[index]["dynamodb:"+action] = true
}

// grants are the recorded actions, sorted.
func (r *requests) grants() []schema.Grant {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []schema.Grant
	for index, actions := range r.actions {
		g := schema.Grant{Index: index}
		for action := range actions {
			g.Actions = append(g.Actions, action)
		}
		slices.Sort(g.Actions)
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b schema.Grant) int { return strings.Compare(a.Index, b.Index) })
	return all
}
