package app_test

import (
	"net/http"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold.example/libs/session"
	"leasehold.example/libs/session/boltstore"
	"leasehold.example/libs/session/dynamostore"
	"leasehold.example/libs/session/dynamostore/dynamotest"
	"leasehold.example/libs/session/memstore"
)

// stores are all that there are; DynamoDB is skipped where there is none.
var stores = []struct {
	name string
	// need skips the test when the store cannot be had.
	need func(testing.TB)
	open func(testing.TB) session.Store
}{
	{"memory", func(testing.TB) {}, func(testing.TB) session.Store { return memstore.New() }},
	{"bbolt", func(testing.TB) {}, openBolt},
	{"DynamoDB", func(tb testing.TB) { dynamotest.Endpoint(tb) }, openDynamo},
}

func openBolt(tb testing.TB) session.Store {
	store, err := boltstore.Open(filepath.Join(tb.TempDir(), "sessions.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := store.Close(); err != nil {
			tb.Error(err)
		}
	})
	return store
}

// openDynamo keeps no connection open: a goroutine that reads one would keep the clock of
// a bubble from ever going on.
func openDynamo(tb testing.TB) session.Store {
	client, table := dynamotest.NewTable(tb, func(o *dynamodb.Options) {
		o.HTTPClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	})
	return dynamostore.New(client, table)
}

// slow reports whether a call of store takes milliseconds.
func slow(store session.Store) bool {
	_, remote := store.(*dynamostore.Store)
	return remote
}

// onStores runs fn on every store, in a bubble with a clock of its own: time.Sleep there
// takes no time. The bubble also demands that no goroutine of the server is left.
func onStores(t *testing.T, fn func(t *testing.T, store session.Store)) {
	t.Parallel()
	for _, s := range stores {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.need(t)
			synctest.Test(t, func(t *testing.T) { fn(t, s.open(t)) })
		})
	}
}
