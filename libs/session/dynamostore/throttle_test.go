package dynamostore_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/dynamostore"
)

// answers are what DynamoDB says, in turn: the type of an error, or empty for an empty item.
type answers []string

func (a *answers) RoundTrip(*http.Request) (*http.Response, error) {
	status, body := http.StatusOK, `{}`
	if kind := (*a)[0]; kind != "" {
		status, body = http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#`+kind+`","message":"no"}`
		if kind == "InternalServerError" {
			status = http.StatusInternalServerError
		}
		if name, reason, ok := strings.Cut(kind, " "); ok {
			body = `{"__type":"com.amazonaws.dynamodb.v20120810#` + name + `","CancellationReasons":[{"Code":"` + reason + `"}]}`
		}
	}
	*a = (*a)[1:]
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

type callKey struct{}

// TestOnThrottle: each attempt that was throttled is told, with its call, and no other.
func TestOnThrottle(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		answers answers
		want    int
	}{
		{answers{""}, 0},
		{answers{"ProvisionedThroughputExceededException", "ThrottlingException", ""}, 2},
		{answers{"RequestLimitExceeded", "InternalServerError", ""}, 1},
		{answers{"ValidationException"}, 0},
		{answers{"TransactionCanceledException ThrottlingError"}, 1},
		{answers{"TransactionCanceledException ConditionalCheckFailed"}, 0},
	} {
		told := 0
		client := dynamodb.New(dynamodb.Options{
			Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
			HTTPClient: &http.Client{Transport: &test.answers},
			Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			}),
		}, dynamostore.OnThrottle(func(ctx context.Context) {
			if ctx.Value(callKey{}) != "call" {
				t.Error("the context is not the call's")
			}
			told++
		}))
		store := dynamostore.New(client, "sessions")
		key := session.Key{Owner: identity.Owner{Tenant: "acme", Issuer: "https://issuer.example", Subject: "user-1"}, Kind: session.KindMCP, Hash: "h"}
		_, _ = store.Load(context.WithValue(t.Context(), callKey{}, "call"), key)
		if told != test.want || len(test.answers) > 0 {
			t.Errorf("%v left, told %d times, want %d", test.answers, told, test.want)
		}
	}
}
