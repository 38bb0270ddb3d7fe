package otlp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	// pause is how long nothing is sent after something could not be: a collector that hangs
	// then costs an instance the time of one attempt, not of one a request.
	pause = 30 * time.Second
	// maxAnswer is what is read of an answer, so that its connection can be used again.
	maxAnswer = 64 << 10
)

// Sender posts to one URL of a collector. It is safe for concurrent use.
type Sender struct {
	url    string
	client *http.Client
	log    *slog.Logger
	// until is when the pause ends, in nanoseconds of the wall clock: the monotonic one stands
	// still in a frozen instance.
	until atomic.Int64
	now   func() time.Time
}

// NewSender returns a Sender to url, such as http://127.0.0.1:4318/v1/traces. One that cannot
// be reached is a warning in log, at most once every 30 seconds, and no error.
func NewSender(url string, log *slog.Logger) *Sender {
	client := &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true},
		// What the operator chose is where spans go.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Sender{url: url, client: client, log: log, now: time.Now}
}

// send posts an export request, unless the last one failed a moment ago.
func (s *Sender) send(ctx context.Context, body []byte) {
	if s.now().UnixNano() < s.until.Load() {
		return
	}
	if err := s.post(ctx, body); err != nil {
		s.until.Store(s.now().Add(pause).UnixNano())
		s.log.LogAttrs(ctx, slog.LevelWarn, "telemetry is not sent for a while", slog.Any("error", err))
	}
}

func (s *Sender) post(ctx context.Context, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("otlp: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	// A connection that ended while the instance was frozen is no failure: an empty key lets
	// net/http send a POST again, and is not sent itself.
	r.Header["Idempotency-Key"] = nil
	res, err := s.client.Do(r)
	if err != nil {
		return fmt.Errorf("otlp: %w", withoutURL(err))
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer) // the status says what matters
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("otlp: the collector answers %d", res.StatusCode)
	}
	return nil
}

// withoutURL leaves out the URL, whose path is a credential with some vendors.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// close drops what connections are kept.
func (s *Sender) close() error {
	s.client.CloseIdleConnections()
	return nil
}
