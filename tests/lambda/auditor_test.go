package lambda

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"leasehold.example/tests/internal/deployed"
	"leasehold.example/tests/runtimeapi"
)

// TestAuditor runs the shipped auditor as a process, against what stands in for CloudWatch
// Logs: it writes the line of the audit as it is, and fails when the line is refused.
func TestAuditor(t *testing.T) {
	t.Parallel()
	const line = `{"level":"WARN","message":"SessionBindingViolation","principal":"k1.x","tenant":"acme"}`
	calls := make(chan string, 1)
	answers := make(chan string, 1)
	logs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("X-Amz-Target") != "Logs_20140328.PutLogEvents" {
			t.Errorf("%s: %v", r.Header.Get("X-Amz-Target"), err)
		}
		calls <- string(body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = io.WriteString(w, <-answers)
	}))
	t.Cleanup(logs.Close)
	function, err := runtimeapi.Start(runtimeapi.Config{
		Grace:     time.Minute,
		Bootstrap: deployed.Build(t, "./apps/auditor/cmd/lambda"),
		Env: []string{
			"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=none", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=" + logs.URL,
			"LEASEHOLD_AUDIT_GROUP=audit", "LEASEHOLD_AUDIT_STREAM=lines",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := function.Close(); err != nil {
			t.Error(err)
		}
	})
	event := subscribed(t, `{"messageType":"DATA_MESSAGE","logGroup":"/aws/lambda/mcp","logEvents":[
		{"id":"1","timestamp":1700000000000,"message":"{\"message\":\"request\"}"},
		{"id":"2","timestamp":1700000000001,"message":`+quoted(t, line)+`}]}`)
	answers <- `{}`
	if _, err := function.Invoke(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	if got, want := <-calls, `{"logEvents":[{"timestamp":1700000000001,"message":`+quoted(t, line)+`}],"logGroupName":"audit","logStreamName":"lines"}`; canonical(t, got) != canonical(t, want) {
		t.Errorf("wrote %s\nwant %s", got, want)
	}
	answers <- `{"rejectedLogEventsInfo":{"expiredLogEventEndIndex":1}}`
	var failed *runtimeapi.FunctionError
	if _, err := function.Invoke(t.Context(), event); !errors.As(err, &failed) || !strings.Contains(err.Error(), "1 were too old") {
		t.Errorf("a refused line: %v", err)
	}
}

// subscribed is the event of a subscription filter.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample
func subscribed(t *testing.T, data string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, data)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	event, err := json.Marshal(map[string]any{"awslogs": map[string]any{"data": b.Bytes()}}) // base64, as any []byte
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
