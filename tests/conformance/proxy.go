package conformance

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"

	"leasehold.example/tests/wire"
)

// Bearer returns a reverse proxy to target that adds the token: the suite cannot send a
// header of its own.
//
// Nothing is buffered, so that event streams arrive as they are written. A Host or Origin
// that names the proxy becomes the target's; any other is kept, because the DNS
// rebinding scenario sends a foreign one and the server must see it.
//
// A request that the target's throttle refuses is sent again: the suite sends many at once.
func Bearer(target *url.URL, token string) http.Handler {
	forward := &httputil.ReverseProxy{
		Transport:     wire.Patient{},
		FlushInterval: -1,
		// A client that leaves in the middle of a stream is part of the suite.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Rewrite: func(r *httputil.ProxyRequest) {
			self, _ := r.In.Context().Value(http.LocalAddrContextKey).(interface{ String() string })
			r.SetURL(target)
			if self == nil || r.In.Host != self.String() {
				r.Out.Host = r.In.Host
			}
			if self != nil && r.In.Header.Get("Origin") == "http://"+self.String() {
				r.Out.Header.Set("Origin", target.Scheme+"://"+target.Host)
			}
			r.Out.Header.Set("Authorization", "Bearer "+token)
		},
	} // The whole request first: net/http ends the reading of one that is being answered, and
	// with it now and then, on a busy machine, the answer of a server that is quick.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "the request could not be read", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		forward.ServeHTTP(w, r)
	})
}
