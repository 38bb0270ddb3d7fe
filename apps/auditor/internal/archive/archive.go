// Package archive copies the lines of the audit from the log of a function into a log group
// of their own, which has a retention of its own. Lambda writes to one group a function, so
// CloudWatch Logs sends the lines on by a subscription filter.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
//
// Nothing is lost without a word. What cannot be written is an error; CloudWatch Logs invokes
// asynchronously, so Lambda tries a failed event twice more and counts it as dropped after
// that, which an alarm looks at. The lines are then still where they came from. A repeated
// event is written again: CloudWatch Logs knows no duplicates, so a line may be there up to
// three times, with the same time and the same text.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
package archive

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"leasehold.example/libs/observe/metric"
)

// Client is what an Archive uses of a *cloudwatchlogs.Client.
type Client interface {
	PutLogEvents(context.Context, *cloudwatchlogs.PutLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error)
}

// Archive writes to one stream of one log group. It is safe for concurrent use: PutLogEvents
// takes calls in parallel.
type Archive struct {
	client        Client
	group, stream string
	log           *slog.Logger
}

// New returns an Archive. group and stream exist, and are not the log of the function itself,
// which would feed itself without an end.
func New(client Client, group, stream string, log *slog.Logger) (*Archive, error) {
	if group == "" || stream == "" {
		return nil, errors.New("LEASEHOLD_AUDIT_GROUP and LEASEHOLD_AUDIT_STREAM must be set")
	}
	return &Archive{client: client, group: group, stream: stream, log: log}, nil
}

// Handle writes the lines of the audit that the event has, with the times that they had. It
// tries all of them, whatever becomes of the first, and returns every failure.
func (a *Archive) Handle(ctx context.Context, e events.CloudwatchLogsEvent) error {
	data, err := e.AWSLogs.Parse()
	if err != nil {
		return fmt.Errorf("auditor: the event is not of CloudWatch Logs: %w", err)
	}
	switch data.MessageType {
	case "DATA_MESSAGE":
	case "CONTROL_MESSAGE": // CloudWatch Logs asks whether somebody is there
		return nil
	default:
		return fmt.Errorf("auditor: unknown type of message %q", data.MessageType)
	}
	lines := audit(data.LogEvents)
	var failed []error
	for _, batch := range batches(lines) {
		if err := a.put(ctx, batch); err != nil {
			failed = append(failed, fmt.Errorf("auditor: %d lines of %s: %w", len(batch), data.LogGroup, err))
		}
	}
	if err := errors.Join(failed...); err != nil {
		a.log.ErrorContext(ctx, "AuditNotCopied", slog.Any("error", err))
		return err
	}
	a.log.InfoContext(ctx, "AuditCopied", slog.Int("lines", len(lines)), slog.Int("others", len(data.LogEvents)-len(lines)))
	return nil
}

// put writes one batch. A line that CloudWatch Logs refuses for its time is an error, although
// trying again will not help: somebody has to know.
func (a *Archive) put(ctx context.Context, batch []types.InputLogEvent) error {
	out, err := a.client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: &a.group, LogStreamName: &a.stream, LogEvents: batch,
	})
	if err != nil {
		return err
	}
	if r := out.RejectedLogEventsInfo; r != nil {
		// The first two are where the refused ones end, the last is where they begin.
		// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_RejectedLogEventsInfo.html
		old := max(aws.ToInt32(r.TooOldLogEventEndIndex), aws.ToInt32(r.ExpiredLogEventEndIndex))
		future := 0
		if r.TooNewLogEventStartIndex != nil {
			future = len(batch) - int(*r.TooNewLogEventStartIndex)
		}
		return fmt.Errorf("%d were too old and %d of the future", old, future)
	}
	return nil
}

// audit are the lines that name a principal, in the order of their times, as PutLogEvents
// wants them. The filter selects them already; this also holds when somebody widens it.
func audit(all []events.CloudwatchLogsLogEvent) []types.InputLogEvent {
	var lines []types.InputLogEvent
	for _, e := range all {
		var fields map[string]json.RawMessage
		var principal string
		if json.Unmarshal([]byte(e.Message), &fields) != nil ||
			json.Unmarshal(fields[metric.FieldPrincipal], &principal) != nil || principal == "" {
			continue
		}
		lines = append(lines, types.InputLogEvent{Timestamp: aws.Int64(e.Timestamp), Message: aws.String(e.Message)})
	}
	slices.SortStableFunc(lines, func(x, y types.InputLogEvent) int { return cmp.Compare(*x.Timestamp, *y.Timestamp) })
	return lines
}

// The limits of one call. Times are in milliseconds.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const (
	maxBytes   = 1 << 20
	eventBytes = 26 // is added for each event
	maxEvents  = 10_000
	maxSpan    = 24 * 60 * 60 * 1000
)

// batches cuts lines into calls. A line over the limit by itself gets its own, which fails.
func batches(lines []types.InputLogEvent) [][]types.InputLogEvent {
	var all [][]types.InputLogEvent
	start, size := 0, 0
	for i, line := range lines {
		own := len(*line.Message) + eventBytes
		full := size+own > maxBytes || i-start == maxEvents || *line.Timestamp-*lines[start].Timestamp > maxSpan
		if i > start && full {
			all = append(all, lines[start:i])
			start, size = i, 0
		}
		size += own
	}
	if start < len(lines) {
		all = append(all, lines[start:])
	}
	return all
}
