package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/telemetry"
)

// Listener is where a server listens.
type Listener struct{ net.Listener }

// Listen opens addr, host:port.
func Listen(ctx context.Context, addr string) (Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return Listener{}, fmt.Errorf("app: listen on %s: %w", addr, err)
	}
	return Listener{l}, nil
}

// Limits on connections.
const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
	// writeMargin is what a client may take for the end of an answer that took its whole time.
	writeMargin = 30 * time.Second
)

func newHTTPServer(c config.Config, mux *http.ServeMux, log *slog.Logger, t *telemetry.Telemetry) *http.Server {
	return &http.Server{
		Handler: flushed(mux, t, observe.BehindWebAdapter),
		// "OPTIONS *" has no path, and would be answered before anybody looks at its host.
		DisableGeneralOptionsHandler: true,

		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		// From the end of the header on: a client that does not read holds nothing for longer.
		WriteTimeout:   readTimeout + c.RequestTimeout + writeMargin,
		IdleTimeout:    idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// flushed returns h, whose answers end when what is known about them was sent, if the
// process is frozen after each: that is what Lambda does behind the Web Adapter, which takes
// the end of the answer for the end of all work.
func flushed(h http.Handler, t *telemetry.Telemetry, frozen bool) http.Handler {
	if t == nil || !frozen {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		t.Flush(r.Context())
	})
}

// serve answers until s is shut down. It reports what else ends it through fail.
func serve(s *http.Server, l Listener, fail func(error)) {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		fail(err)
	}
}
