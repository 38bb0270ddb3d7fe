package observe

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// NewLogger returns a logger of records from level on, and of all within a Request that is
// Debugging: text for a person when w is a terminal, else JSON with the names that Lambda's
// log format has, with every, and with the id of the Request or invocation that ctx
// belongs to.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
//
// aws-lambda-go has such a handler, but it writes text unless Lambda is told otherwise,
// and takes its level from Lambda's settings alone.
func NewLogger(w io.Writer, level slog.Leveler, every ...slog.Attr) *slog.Logger {
	if isTerminal(w) {
		return newTextLogger(w, level)
	}
	// The handlers write whatever they are given; the level is requestHandler's.
	json := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: lambdacontext.ReplaceAttr})
	return slog.New(requestHandler{json.WithAttrs(every), level, true})
}

// newTextLogger is for a person who watches.
func newTextLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	text := slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: timeOfDay})
	return slog.New(requestHandler{text, level, false})
}

// Version is what lines and spans say ran: the version of the function that Lambda published, by which two that share
// the traffic are told apart, else the program's own.
func Version(own string) string { return cmp.Or(lambdacontext.FunctionVersion, own) }

// Whose are the attributes that say in every line which program wrote it.
func Whose(service, version, stage string) []slog.Attr {
	return []slog.Attr{slog.String("service", service), slog.String("version", version), slog.String("stage", stage)}
}

// timeOfDay leaves of a record's time what somebody who looks at it needs.
func timeOfDay(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.String(slog.TimeKey, a.Value.Time().Format("15:04:05.000"))
	}
	return a
}

// Aside is the level of a record whose content the summary line of ctx's Request has: debug
// then, else level.
func Aside(ctx context.Context, level slog.Level) slog.Level {
	if From(ctx) != nil {
		return slog.LevelDebug
	}
	return level
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// requestHandler knows the Request that a record belongs to: its level, and its id.
type requestHandler struct {
	slog.Handler
	level slog.Leveler
	ids   bool // adds ids, which a person at a terminal has no use for
}

func (h requestHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level.Level() || level >= slog.LevelDebug && From(ctx).Debugging()
}

func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := requestID(ctx); h.ids && id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("requestId", id))
	}
	return h.Handler.Handle(ctx, r)
}

func requestID(ctx context.Context) string {
	if r := From(ctx); r != nil {
		return r.id
	}
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		return invocation.AwsRequestID
	}
	return ""
}

func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs), h.level, h.ids}
}

func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name), h.level, h.ids}
}
