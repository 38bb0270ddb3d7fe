package observe_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"leasehold.example/libs/observe"
	"leasehold.example/libs/observe/metric"
)

// A helper's lines say whose they are, and have no metrics, which nobody would look at.
func TestHelper(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, signals := observe.Helper(&out, "rotator")
	log.Info("done")
	_, _ = observe.Function(signals, func(context.Context, string) (any, error) { return nil, nil })(t.Context(), "")
	for line := range strings.Lines(out.String()) {
		if !strings.Contains(line, `"service":"rotator","version":`) || strings.Contains(line, "_aws") {
			t.Error(line)
		}
	}
	if strings.Count(out.String(), "\n") != 2 {
		t.Error(out.String())
	}
}

// Each event leaves one line with the id of its invocation, whatever becomes of it, and gets
// the answer that it would have got.
func TestFunction(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		handle         func(context.Context, string) (string, error)
		level, outcome string
	}{
		"an answer": {func(_ context.Context, e string) (string, error) { return "to " + e, nil }, "INFO", metric.OutcomeOK},
		"an error":  {func(context.Context, string) (string, error) { return "", errors.New("no") }, "ERROR", metric.InternalErrors},
		"a panic":   {func(context.Context, string) (string, error) { panic("defect") }, "ERROR", metric.InternalErrors},
	} {
		s := newScene(t, slog.LevelInfo, 1, false, deriver{kid: "k1"})
		ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "invocation-1"})
		func() {
			defer func() { _ = recover() }()
			answer, err := observe.Function(s.Signals, test.handle)(ctx, "event")
			if answer != "to event" && err == nil {
				t.Errorf("%s: answer %q", name, answer)
			}
		}()
		lines := s.lines()
		if len(lines) != 1 || lines[0]["outcome"] != test.outcome || lines[0]["level"] != test.level ||
			lines[0]["requestId"] != "invocation-1" || lines[0]["coldStart"] != true {
			t.Errorf("%s: %v", name, lines)
		}
	}
}
