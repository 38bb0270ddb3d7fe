package archive

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/session"
)

// cloud answers PutLogEvents and holds callers to its limits.
type cloud struct {
	calls  [][]types.InputLogEvent
	answer func(call int) (*types.RejectedLogEventsInfo, error)
}

func (c *cloud) PutLogEvents(_ context.Context, in *cloudwatchlogs.PutLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error) {
	if *in.LogGroupName != "audit" || *in.LogStreamName != "lines" {
		return nil, fmt.Errorf("%s %s", *in.LogGroupName, *in.LogStreamName)
	}
	bytes, events := 0, in.LogEvents
	for i, e := range events {
		bytes += len(*e.Message) + 26
		if i > 0 && *e.Timestamp < *events[i-1].Timestamp {
			return nil, errors.New("not in chronological order")
		}
	}
	if len(events) == 0 || len(events) > 10000 || bytes > 1048576 || *events[len(events)-1].Timestamp-*events[0].Timestamp > 86400000 {
		return nil, fmt.Errorf("%d events of %d bytes", len(events), bytes)
	}
	c.calls = append(c.calls, events)
	if c.answer == nil {
		return &cloudwatchlogs.PutLogEventsOutput{}, nil
	}
	rejected, err := c.answer(len(c.calls))
	return &cloudwatchlogs.PutLogEventsOutput{RejectedLogEventsInfo: rejected}, err
}

// line is the i-th line of the audit, padded to a size.
func line(size int) string {
	const text = `{"message":"SessionBindingViolation","principal":"p","pad":"%s"}`
	return fmt.Sprintf(text, strings.Repeat("x", max(0, size-len(text)+2)))
}

func at(time int64, message string) events.CloudwatchLogsLogEvent {
	return events.CloudwatchLogsLogEvent{ID: "1", Timestamp: time, Message: message}
}

// packed is an event as CloudWatch Logs sends it.
func packed(t *testing.T, kind string, lines ...events.CloudwatchLogsLogEvent) events.CloudwatchLogsEvent {
	t.Helper()
	raw, err := json.Marshal(events.CloudwatchLogsData{LogGroup: "/aws/lambda/mcp", MessageType: kind, LogEvents: lines})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, werr := w.Write(raw)
	if err := errors.Join(werr, w.Close()); err != nil {
		t.Fatal(err)
	}
	return events.CloudwatchLogsEvent{AWSLogs: events.CloudwatchLogsRawData{Data: base64.StdEncoding.EncodeToString(b.Bytes())}}
}

func handle(t *testing.T, c *cloud, e events.CloudwatchLogsEvent) error {
	t.Helper()
	a, err := New(c, "audit", "lines", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return a.Handle(t.Context(), e)
}

// noKey is the hardest case: the line has no pseudonym, and belongs to the audit all the same.
type noKey struct{}

func (noKey) Derive(context.Context, string) (kid string, key []byte, err error) {
	return "", nil, errors.New("no key")
}

// What the server's Auditor writes is copied as it is, with its own time and in the order of
// the times; its other lines are not.
func TestCopiesTheAudit(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log := observe.NewLogger(&b, slog.LevelInfo)
	signals := observe.NewSignals(log, nil, observe.Options{Service: "mcp", Stage: "test", Sample: 1, Metrics: true})
	ctx, _ := signals.Begin(t.Context())
	observe.NewAuditor(log, observe.NewPseudonyms(noKey{})).Session(ctx, session.Event{
		Problem: session.SessionBindingViolation, Principal: identity.Principal{Tenant: "acme"}, Refused: true,
	})
	log.WarnContext(ctx, "something else")
	signals.End(ctx)
	written := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(written) != 3 {
		t.Fatalf("wrote %q", written)
	}
	c := &cloud{}
	later := line(100)
	e := packed(t, "DATA_MESSAGE", at(7000, later), at(5000, written[0]), at(5000, written[1]), at(5001, written[2]),
		at(5002, "panic: no JSON"), at(5003, `{"principal":7}`), at(5004, `{"principal":null}`), at(5005, `[]`))
	if err := handle(t, c, e); err != nil {
		t.Fatal(err)
	}
	if len(c.calls) != 1 || len(c.calls[0]) != 2 {
		t.Fatalf("wrote %d calls: %v", len(c.calls), c.calls)
	}
	for i, want := range []events.CloudwatchLogsLogEvent{at(5000, written[0]), at(7000, later)} {
		if got := c.calls[0][i]; *got.Timestamp != want.Timestamp || *got.Message != want.Message {
			t.Errorf("%d: %d %s", i, *got.Timestamp, *got.Message)
		}
	}
}

// Calls keep to the limits, as cloud demands, are no more than they must be, and lose nothing.
func TestBatches(t *testing.T) {
	t.Parallel()
	many := func(n, size int) (all []events.CloudwatchLogsLogEvent) {
		for range n {
			all = append(all, at(1000, line(size)))
		}
		return all
	}
	const day = 24 * 60 * 60 * 1000
	for name, tt := range map[string]struct {
		lines []events.CloudwatchLogsLogEvent
		want  []int
	}{
		"none":               {nil, nil},
		"exactly full":       {many(4, 1<<18-26), []int{4}},
		"a byte too many":    {append(many(3, 1<<18-26), at(1000, line(1<<18-25))), []int{3, 1}},
		"as many as may be":  {many(10_000, 60), []int{10_000}},
		"one more":           {many(10_001, 60), []int{10_000, 1}},
		"a day":              {[]events.CloudwatchLogsLogEvent{at(day, line(0)), at(0, line(0))}, []int{2}},
		"longer than a day":  {[]events.CloudwatchLogsLogEvent{at(day+1, line(0)), at(5, line(0)), at(0, line(0))}, []int{2, 1}},
		"more than two days": {[]events.CloudwatchLogsLogEvent{at(0, line(0)), at(day+1, line(0)), at(2*day+2, line(0))}, []int{1, 1, 1}},
	} {
		c := &cloud{}
		if err := handle(t, c, packed(t, "DATA_MESSAGE", tt.lines...)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []int
		for _, call := range c.calls {
			got = append(got, len(call))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: calls of %v, want %v", name, got, tt.want)
		}
	}
}

// An error makes Lambda try again, and everything that could be written is.
func TestFails(t *testing.T) {
	t.Parallel()
	const day = 24 * 60 * 60 * 1000
	three := packed(t, "DATA_MESSAGE", at(0, line(0)), at(1, line(0)), at(2, line(0)), at(2*day, line(0)), at(4*day, line(0)))
	for name, tt := range map[string]struct {
		answer func(call int) (*types.RejectedLogEventsInfo, error)
		want   string
	}{
		"the first call": {func(call int) (*types.RejectedLogEventsInfo, error) {
			if call == 1 {
				return nil, errors.New("throttled")
			}
			return nil, nil
		}, "3 lines of /aws/lambda/mcp: throttled"},
		"the last call": {func(call int) (*types.RejectedLogEventsInfo, error) {
			if call == 3 {
				return nil, errors.New("denied")
			}
			return nil, nil
		}, "1 lines of /aws/lambda/mcp: denied"},
		"too old and too new": {func(call int) (*types.RejectedLogEventsInfo, error) {
			if call == 1 {
				return &types.RejectedLogEventsInfo{TooOldLogEventEndIndex: aws.Int32(1), TooNewLogEventStartIndex: aws.Int32(2)}, nil
			}
			return nil, nil
		}, "1 were too old and 1 of the future"},
		"expired": {func(call int) (*types.RejectedLogEventsInfo, error) {
			if call == 1 {
				return &types.RejectedLogEventsInfo{ExpiredLogEventEndIndex: aws.Int32(2)}, nil
			}
			return nil, nil
		}, "2 were too old and 0 of the future"},
	} {
		c := &cloud{answer: tt.answer}
		if err := handle(t, c, three); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if len(c.calls) != 3 {
			t.Errorf("%s: %d calls", name, len(c.calls))
		}
	}
}

// An event that is none of CloudWatch Logs' is an error, and its question is none.
func TestEvents(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		event events.CloudwatchLogsEvent
		want  string
	}{
		"a question": {packed(t, "CONTROL_MESSAGE", at(1, line(0))), ""},
		"other type": {packed(t, "NEWS", at(1, line(0))), `unknown type of message "NEWS"`},
		"empty":      {events.CloudwatchLogsEvent{}, "not of CloudWatch Logs"},
		"no gzip":    {events.CloudwatchLogsEvent{AWSLogs: events.CloudwatchLogsRawData{Data: "aGVsbG8gd29ybGQ="}}, "not of CloudWatch Logs"},
	} {
		c := &cloud{}
		if err := handle(t, c, tt.event); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if len(c.calls) != 0 {
			t.Errorf("%s: %d calls", name, len(c.calls))
		}
	}
	for _, where := range [][2]string{{"", "lines"}, {"audit", ""}} {
		if _, err := New(&cloud{}, where[0], where[1], slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%q is enough", where)
		}
	}
}
