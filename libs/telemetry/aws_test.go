package telemetry_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/middleware"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"leasehold.example/libs/telemetry"
	"leasehold.example/libs/telemetry/telemetrytest"
)

// answering is a service that gives one answer.
type answering struct {
	status int
	body   string
	err    error
}

func (a answering) Do(r *http.Request) (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{
		StatusCode: a.status, Header: http.Header{"X-Amzn-Requestid": {"REQUEST1"}}, Body: io.NopCloser(strings.NewReader(a.body)), Request: r,
	}, nil
}

// TestCalls: a call of AWS within a recorded request is a client span within its span, which
// says what was called and how it ended, and nothing of what was asked.
func TestCalls(t *testing.T) {
	t.Parallel()
	const secret = "secret-of-the-caller"
	get := func(ctx context.Context, c aws.Config) error {
		_, err := dynamodb.NewFromConfig(c).GetItem(ctx, &dynamodb.GetItemInput{
			TableName: aws.String("sessions"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: secret}},
		})
		return err
	}
	for name, test := range map[string]struct {
		service answering
		call    func(context.Context, aws.Config) error
		span    string
		failed  string
	}{
		"DynamoDB":     {answering{status: 200, body: `{"Item":{"pk":{"S":"` + secret + `"}}}`}, get, "DynamoDB.GetItem", ""},
		"an error":     {answering{status: 400, body: `{"__type":"com.amazonaws.dynamodb.v20120810#ValidationException","message":"` + secret + `"}`}, get, "DynamoDB.GetItem", "ValidationException"},
		"no time":      {answering{err: context.DeadlineExceeded}, get, "DynamoDB.GetItem", "timeout"},
		"nobody waits": {answering{err: context.Canceled}, get, "DynamoDB.GetItem", "cancelled"},
		"no network":   {answering{err: io.ErrUnexpectedEOF}, get, "DynamoDB.GetItem", "_OTHER"},
		"Secrets Manager": {answering{status: 200, body: `{"SecretString":"` + secret + `"}`}, func(ctx context.Context, c aws.Config) error {
			_, err := secretsmanager.NewFromConfig(c).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(secret)})
			return err
		}, "Secrets Manager.GetSecretValue", ""},
	} {
		collector := telemetrytest.Serve(t)
		tel := recorder(t, collector, telemetry.Options{Sample: 1})
		config := aws.Config{
			Region: "eu-central-1", HTTPClient: test.service, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "key-of-ours", SecretAccessKey: secret}, nil
			}),
			APIOptions: []func(*middleware.Stack) error{tel.Calls},
		}
		outside := test.call(t.Context(), config) // nobody's request: no span
		ctx, span := tel.Begin(t.Context(), time.Now(), "tools/call", telemetry.Carried{})
		if err := test.call(ctx, config); (err != nil) != (test.failed != "") || (outside != nil) != (err != nil) {
			t.Errorf("%s: %v, outside of a request %v", name, err, outside)
		}
		span.End()
		tel.Flush(t.Context())
		spans := collector.Spans()
		if len(spans) != 2 {
			t.Fatalf("%s: %d spans, want the request's and one: %s", name, len(spans), collector)
		}
		s := spans[0]
		if s.GetName() != test.span || s.GetKind() != tracev1.Span_SPAN_KIND_CLIENT || !bytes.Equal(s.GetParentSpanId(), spans[1].GetSpanId()) ||
			telemetrytest.Attribute(s, "error.type") != test.failed || (s.GetStatus().GetCode() == tracev1.Status_STATUS_CODE_ERROR) != (test.failed != "") {
			t.Errorf("%s: %v", name, s)
		}
		if dynamo := telemetrytest.Attribute(s, "db.system.name") == "aws.dynamodb"; dynamo != strings.HasPrefix(test.span, "DynamoDB") {
			t.Errorf("%s: %v", name, s)
		}
		if telemetrytest.Attribute(s, "cloud.region") != "eu-central-1" || test.failed == "" && telemetrytest.Attribute(s, "aws.request_id") != "REQUEST1" {
			t.Errorf("%s: %v", name, s)
		}
		if all := collector.String(); strings.Contains(all, secret) || strings.Contains(all, "key-of-ours") {
			t.Errorf("%s: a span holds what was asked or answered: %s", name, all)
		}
	}
}
