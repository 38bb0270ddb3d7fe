package app_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/session/memstore"
)

// TestRule46ChallengeHeader: the configured header has the challenge, for an edge that makes
// WWW-Authenticate of it.
func TestRule46ChallengeHeader(t *testing.T) {
	t.Parallel()
	server := apptest.New(t, apptest.Options{
		Issuers: []*identitytest.Issuer{identitytest.NewIssuer(t, "https://issuer.example")}, Store: memstore.New(),
		Environ: map[string]string{config.EnvChallengeHeader: "X-Challenge"},
	})
	w := httptest.NewRecorder()
	server.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/mcp", http.NoBody))
	if got := w.Header().Get("X-Challenge"); w.Code != http.StatusUnauthorized || got == "" || got != w.Header().Get("WWW-Authenticate") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
