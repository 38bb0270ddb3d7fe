// Package dynamotest gives tests a table in DynamoDB Local. It starts nothing:
// tests/dynamodb/start of this repository does.
package dynamotest

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold.example/libs/session/dynamostore/schema"
)

const (
	// EndpointVariable is the environment variable with the URL of DynamoDB Local.
	EndpointVariable = "TEST_DYNAMODB_ENDPOINT"
	// RequireVariable is the environment variable that, set to "1", makes tests fail
	// which would be skipped for want of the other.
	RequireVariable = "TEST_REQUIRE_DYNAMODB"
)

// Endpoint returns the URL of DynamoDB Local, or skips the test when there is none.
func Endpoint(t testing.TB) string {
	t.Helper()
	endpoint := os.Getenv(EndpointVariable)
	if endpoint != "" {
		return endpoint
	}
	if os.Getenv(RequireVariable) == "1" {
		t.Fatalf("%s is not set, and %s demands it", EndpointVariable, RequireVariable)
	}
	t.Skipf("no DynamoDB Local: run the test command behind tests/dynamodb/start, or set %s", EndpointVariable)
	return ""
}

// NewClient returns a client of DynamoDB Local at endpoint, with made-up credentials.
func NewClient(endpoint string, options ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       "local",
		BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	}, options...)
}

// NewTable makes a table with a name of its own for the test, and deletes it in the end.
// Without DynamoDB Local the test is skipped.
func NewTable(t testing.TB, options ...func(*dynamodb.Options)) (client *dynamodb.Client, table string) {
	t.Helper()
	client = NewClient(Endpoint(t), options...)
	table = "leasehold-test-" + rand.Text()
	if err := CreateTable(t.Context(), client, table); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &table})
		if err != nil {
			t.Errorf("dynamotest: delete table: %v", err)
		}
	})
	return client, table
}

// CreateTable makes the session table, which DynamoDB Local does at once. TTL stays off:
// tests have clocks of their own, and it would delete by the real one.
func CreateTable(ctx context.Context, client *dynamodb.Client, table string) error {
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:   &table,
		BillingMode: types.BillingModePayPerRequest,
		KeySchema:   keys(schema.PartitionKey, schema.SortKey),
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(schema.PartitionKey), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(schema.SortKey), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(schema.Tenant), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(schema.Created), AttributeType: types.ScalarAttributeTypeN},
		},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{
			{
				IndexName:  aws.String(schema.IndexByHandle),
				KeySchema:  keys(schema.SortKey, schema.PartitionKey),
				Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
			},
			{
				IndexName: aws.String(schema.IndexByTenant),
				KeySchema: keys(schema.Tenant, schema.Created),
				Projection: &types.Projection{
					ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: schema.TenantProjection(),
				},
			},
		},
	})
	if err != nil {
		return fmt.Errorf("dynamotest: create table: %w", err)
	}
	return nil
}

func keys(partition, sort string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: &partition, KeyType: types.KeyTypeHash},
		{AttributeName: &sort, KeyType: types.KeyTypeRange},
	}
}

// Counter counts the requests that reach DynamoDB Local, by operation ("GetItem"). Give
// its Option to NewTable or NewClient. The zero value is ready.
type Counter struct {
	mu     sync.Mutex
	counts map[string]int
}

// Option makes a client count here.
func (c *Counter) Option(o *dynamodb.Options) { o.HTTPClient = c }

// Do sends and counts one request; it makes Counter a dynamodb.HTTPClient.
func (c *Counter) Do(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.mu.Lock()
	if c.counts == nil {
		c.counts = make(map[string]int)
	}
	c.counts[operation]++
	c.mu.Unlock()
	return http.DefaultClient.Do(r)
}

// Take returns the counts since the last Take.
func (c *Counter) Take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := maps.Clone(c.counts)
	clear(c.counts)
	return taken
}
