package app

import (
	"io"
	"net/http"

	"leasehold.example/apps/mcp/internal/authn"
	"leasehold.example/apps/mcp/internal/mcphttp"
	"leasehold.example/libs/observe"
)

// Paths that are served beside those of the protected resource metadata.
const (
	mcpPath    = "/mcp"
	healthPath = "/healthz"
)

// Routes are what every binary serves. A path that is not here is 404, or a redirect when
// it is one of these but for its slashes and dots.
func Routes(endpoint *mcphttp.Handler, auth *authn.Authenticator, signals *observe.Signals) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle(mcpPath, signals.Handler(endpoint))
	// RFC 9728, section 3.1: at the root, and with the path of the resource behind it.
	for _, path := range []string{authn.MetadataPath, authn.MetadataPath + mcpPath} {
		mux.Handle(path, auth.MetadataHandler())
	}
	mux.HandleFunc("GET "+healthPath, health)
	return mux
}

// health says that the process answers. It looks at nothing else: a store that is down is
// no reason to restart a process, and who asks is not authenticated.
func health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, "ok\n") // whoever asked is gone
}
