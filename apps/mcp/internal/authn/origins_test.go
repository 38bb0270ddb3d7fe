package authn_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"leasehold.example/apps/mcp/internal/authn"
)

func newOrigins(t *testing.T) authn.Origins {
	t.Helper()
	o, err := authn.NewOrigins([]string{"https://app.example", "http://localhost:6274"})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// withOrigins is a request with these Origin headers.
func withOrigins(method string, origins ...string) *http.Request {
	r := httptest.NewRequest(method, "/mcp", http.NoBody)
	for _, origin := range origins {
		r.Header.Add("Origin", origin)
	}
	return r
}

// refusedOrigins are those that must not pass, with the status that they get.
var refusedOrigins = map[string]struct {
	origins []string
	status  int
}{
	"null":                  {[]string{"null"}, 403},
	"empty":                 {[]string{""}, 403},
	"unknown":               {[]string{"https://evil.example"}, 403},
	"other scheme":          {[]string{"http://app.example"}, 403},
	"other port":            {[]string{"https://app.example:8443"}, 403},
	"other case":            {[]string{"https://APP.example"}, 403},
	"suffix":                {[]string{"https://app.example.evil.example"}, 403},
	"subdomain":             {[]string{"https://x.app.example"}, 403},
	"trailing slash":        {[]string{"https://app.example/"}, 403},
	"two in one":            {[]string{"https://app.example, https://app.example"}, 403},
	"rule 4 two":            {[]string{"https://app.example", "https://app.example"}, 400},
	"rule 4 two, one alien": {[]string{"https://app.example", "null"}, 400},
}

func TestOriginCheck(t *testing.T) {
	t.Parallel()
	o := newOrigins(t)
	for name, c := range refusedOrigins {
		w := httptest.NewRecorder()
		refusal := o.Check(w, withOrigins(http.MethodPost, c.origins...))
		if refusal == nil || refusal.Status != c.status || len(w.Header()) != 0 {
			t.Errorf("rule 22: %s: %+v, %v", name, refusal, w.Header())
		}
	}
	w := httptest.NewRecorder()
	if refusal := o.Check(w, withOrigins(http.MethodPost, "http://localhost:6274")); refusal != nil {
		t.Errorf("an allowed origin is refused: %s", refusal.Body)
	}
	wantCORS(t, w.Header(), "http://localhost:6274")
	w = httptest.NewRecorder()
	if refusal := o.Check(w, withOrigins(http.MethodPost)); refusal != nil || len(w.Header()) != 0 {
		t.Error("a request from no page is treated as one")
	}
	if (authn.Origins{}).Check(httptest.NewRecorder(), withOrigins(http.MethodPost, "https://app.example")) == nil {
		t.Error("the zero value allows an origin")
	}
}

func wantCORS(t *testing.T, header http.Header, origin string) {
	t.Helper()
	if header.Get("Access-Control-Allow-Origin") != origin {
		t.Errorf("allowed origin is %q", header.Get("Access-Control-Allow-Origin"))
	}
	for _, name := range []string{"Mcp-Session-Id", "WWW-Authenticate"} {
		if !strings.Contains(header.Get("Access-Control-Expose-Headers"), name) {
			t.Errorf("rule 22: %s is not exposed", name)
		}
	}
	if header.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("cookies are invited")
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	o := newOrigins(t)
	for name, c := range refusedOrigins {
		w := httptest.NewRecorder()
		o.Preflight(w, withOrigins(http.MethodOptions, c.origins...))
		if w.Code != c.status || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("rule 22: %s: %d %v", name, w.Code, w.Header())
		}
	}
	w := httptest.NewRecorder()
	o.Preflight(w, withOrigins(http.MethodOptions))
	if w.Code != http.StatusForbidden {
		t.Errorf("rule 22: without an origin: %d", w.Code)
	}
	w = httptest.NewRecorder()
	o.Preflight(w, withOrigins(http.MethodOptions, "https://app.example"))
	if w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		t.Errorf("rule 22: allowed origin: %d", w.Code)
	}
	wantCORS(t, w.Header(), "https://app.example")
	for _, name := range []string{"Authorization", "Mcp-Session-Id", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"} {
		if !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), name) {
			t.Errorf("%s may not be sent", name)
		}
	}
	if !strings.Contains(w.Header().Get("Access-Control-Allow-Methods"), "DELETE") {
		t.Error("DELETE may not be sent")
	}
}

func TestNewOriginsRefuses(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{
		"", "*", "null", "app.example", "https://", "https://app.example/", "https://app.example/x", "https://APP.example",
		"https://*.example", "https://u@app.example", "https://app.example?x", "ftp://app.example", "https://a.example,https://b.example",
	} {
		if _, err := authn.NewOrigins([]string{origin}); err == nil {
			t.Errorf("%q is an origin", origin)
		}
	}
}

// A refusal keeps the CORS headers that were set before it, so that a page can read the
// challenge.
func TestRefusalKeepsCORS(t *testing.T) {
	t.Parallel()
	s, w := newSetup(t, nil), httptest.NewRecorder()
	r := withOrigins(http.MethodPost, "https://app.example")
	if refusal := newOrigins(t).Check(w, r); refusal != nil {
		t.Fatalf("refused: %s", refusal.Body)
	}
	_, refusal := s.Authenticate(r)
	refusal.WriteTo(w)
	wantCORS(t, w.Header(), "https://app.example")
	if w.Header().Get("WWW-Authenticate") == "" {
		t.Error("the challenge is lost")
	}
}
