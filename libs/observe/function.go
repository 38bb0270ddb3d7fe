package observe

import (
	"context"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"leasehold.example/libs/observe/metric"
)

// Helper returns the log of a function that serves no client, and Signals that have no metrics: Lambda's own say how often
// such a function runs and fails. Every line names the service and the function's version.
func Helper(w io.Writer, service string) (*slog.Logger, *Signals) {
	log := NewLogger(w, slog.LevelInfo, slog.String("service", service), slog.String("version", lambdacontext.FunctionVersion))
	return log, NewSignals(log, nil, Options{Service: service, Sample: 1})
}

// Function returns handle, which answers events of Lambda, with a summary line for each of them. An
// error, and a panic, are the outcome InternalErrors.
func Function[Event, Answer any](s *Signals, handle func(context.Context, Event) (Answer, error)) func(context.Context, Event) (Answer, error) {
	return func(ctx context.Context, e Event) (Answer, error) {
		ctx, r := s.Begin(ctx)
		finished := false
		defer func() {
			if !finished {
				r.Count(metric.InternalErrors)
			}
			s.End(ctx)
		}()
		answer, err := handle(ctx, e)
		finished = err == nil
		return answer, err
	}
}
