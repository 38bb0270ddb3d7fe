// Package identitytest is a token issuer for tests: it has keys of every algorithm,
// publishes them, rotates them, falls silent on command, counts who asks, and signs good
// tokens as well as arbitrarily bad ones.
//
// NewIssuer needs no socket: hand Transport to the verifier. Serve puts the same issuer on
// loopback for what speaks real HTTP.
//
//	iss := identitytest.NewIssuer(t, "https://idp.example")
//	v, err := identity.NewVerifier(ctx, []identity.Issuer{iss.Trust()}, identity.VerifierOptions{
//		DefaultAudience:   identitytest.Audience,
//		InsecureTransport: identitytest.Transport(iss),
//	})
//	p, err := v.Verify(ctx, iss.Token(identitytest.Tenant("acme"), identitytest.Scopes("math:add")))
package identitytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold.example/libs/identity"
)

// Audience is the `aud` of the tokens here unless told otherwise.
const Audience = "https://mcp.example/mcp"

// Issuer issues tokens. It is an http.Handler that serves its metadata, by OpenID Connect
// Discovery and by RFC 8414, and its keys. It is safe for concurrent use, except that the
// exported fields are set before the first use.
type Issuer struct {
	// Now is the clock of the tokens; nil means time.Now.
	Now func() time.Time

	tb testing.TB

	mu        sync.Mutex
	url       string
	signing   *Key
	published []json.RawMessage
	overrides map[string]http.Handler
	down      bool
	held      chan struct{} // nil unless answers are held back
	requests  map[string]int
}

// NewIssuer returns an issuer named issuerURL, with one ES256 key published. Nothing
// listens anywhere.
func NewIssuer(tb testing.TB, issuerURL string) *Issuer {
	tb.Helper()
	i := &Issuer{
		tb: tb, url: issuerURL,
		overrides: map[string]http.Handler{},
		requests:  map[string]int{},
	}
	i.Rotate()
	return i
}

// Serve returns an issuer that listens on loopback until the test ends; its URL is http.
func Serve(tb testing.TB) *Issuer {
	tb.Helper()
	i := NewIssuer(tb, "")
	server := httptest.NewServer(i)
	tb.Cleanup(server.Close)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.url = server.URL
	return i
}

// URL is the `iss`.
func (i *Issuer) URL() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.url
}

// Trust is a configuration that trusts this issuer: discovery, strict audience, ES256 and
// RS256, the tenant in the claim "tenant". Change what the test is about.
func (i *Issuer) Trust() identity.Issuer {
	issuerURL := i.URL()
	return identity.Issuer{
		Issuer:           issuerURL,
		TenantClaim:      "tenant",
		Advertised:       true,
		InsecureLoopback: strings.HasPrefix(issuerURL, "http://"),
	}
}

// Rotate replaces all published keys by a new ES256 key, signs with it from now on, and
// returns it.
func (i *Issuer) Rotate() *Key {
	i.tb.Helper()
	k := NewKey(i.tb, "ES256")
	i.PublishOnly(k)
	i.SignWith(k)
	return k
}

// SignWith makes k the key of later tokens, whether it is published or not.
func (i *Issuer) SignWith(k *Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.signing = k
}

// SigningKey is the key that tokens are signed with unless they say otherwise.
func (i *Issuer) SigningKey() *Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.signing
}

// Publish adds keys to the key set.
func (i *Issuer) Publish(keys ...*Key) {
	for _, k := range keys {
		i.PublishRaw(string(k.jwk(i.tb)))
	}
}

// PublishOnly makes keys the whole key set.
func (i *Issuer) PublishOnly(keys ...*Key) {
	i.mu.Lock()
	i.published = nil
	i.mu.Unlock()
	i.Publish(keys...)
}

// PublishRaw adds one JWK as it stands.
func (i *Issuer) PublishRaw(jwk string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.published = append(i.published, json.RawMessage(jwk))
}

// Override serves path, such as "/jwks", with h instead.
func (i *Issuer) Override(path string, h http.Handler) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.overrides[path] = h
}

// SetDown makes the issuer answer 503 to everything, or come back.
func (i *Issuer) SetDown(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = down
}

// Hold makes the issuer hang until the returned function is called.
func (i *Issuer) Hold() (release func()) {
	held := make(chan struct{})
	i.mu.Lock()
	i.held = held
	i.mu.Unlock()
	return sync.OnceFunc(func() {
		i.mu.Lock()
		i.held = nil
		i.mu.Unlock()
		close(held)
	})
}

// Requests is how often path has been asked for, answered or not; with "", anything.
func (i *Issuer) Requests(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.requests[path]
}

// ServeHTTP serves the metadata documents and "/jwks" below the issuer's URL.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, held := i.route(r.URL.Path)
	if held != nil {
		select {
		case <-held:
		case <-r.Context().Done():
			return
		}
	}
	h.ServeHTTP(w, r)
}

// route counts the request and says who answers it.
func (i *Issuer) route(path string) (h http.Handler, held <-chan struct{}) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.requests[""]++
	i.requests[path]++
	if i.down {
		return status(http.StatusServiceUnavailable), i.held
	}
	if h, ok := i.overrides[path]; ok {
		return h, i.held
	}
	base := i.basePath()
	switch path {
	case base + "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server" + base:
		return JSON(map[string]any{"issuer": i.url, "jwks_uri": strings.TrimSuffix(i.url, "/") + "/jwks"}), i.held
	case base + "/jwks":
		return JSON(map[string]any{"keys": append([]json.RawMessage{}, i.published...)}), i.held
	}
	return status(http.StatusNotFound), i.held
}

// basePath is the path of the issuer's URL, without a slash at the end.
func (i *Issuer) basePath() string {
	u, err := url.Parse(i.url)
	if err != nil {
		panic(fmt.Sprintf("identitytest: %v", err))
	}
	return strings.TrimSuffix(u.Path, "/")
}

func status(code int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
}

// JSON is a handler that answers 200 with v; for Override.
func JSON(v any) http.Handler {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("identitytest: %v", err))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
}

// Transport carries requests to the issuers by the host of their URL, without a network.
// Requests to any other host fail.
func Transport(issuers ...*Issuer) http.RoundTripper {
	hosts := make(map[string]*Issuer, len(issuers))
	for _, i := range issuers {
		u, err := url.Parse(i.URL())
		if err != nil {
			panic(fmt.Sprintf("identitytest: %v", err))
		}
		hosts[u.Host] = i
	}
	return transport(hosts)
}

type transport map[string]*Issuer

// RoundTrip lets the issuer answer; like a real transport, it gives up with the context.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	i, ok := t[r.URL.Host]
	if !ok {
		return nil, fmt.Errorf("identitytest: no issuer at %s", r.URL.Host)
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	answer := w.Result()
	answer.Request = r
	return answer, nil
}
