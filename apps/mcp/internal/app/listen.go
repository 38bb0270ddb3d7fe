package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
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

// Limits on connections. There is none on writing: a stream may be as long as its request,
// which has a deadline of its own.
const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
)

func newHTTPServer(mux *http.ServeMux, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// serve answers until s is shut down. It reports what else ends it through fail.
func serve(s *http.Server, l Listener, fail func(error)) {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		fail(err)
	}
}
