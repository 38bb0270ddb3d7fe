package authserver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"leasehold.example/apps/mcp/internal/devidp"
	"leasehold.example/apps/mcp/internal/devidp/pages"
	"leasehold.example/libs/identity"
)

const (
	maxBrowsers = 1000
	// browserTTL is how long a browser stays signed in.
	browserTTL = 12 * time.Hour
)

// browsers are who is signed in, in which browser, in memory. The cookie is a random
// handle; what a form must send back is derived from it, so that a new cookie, which
// comes with every sign-in, outdates the forms of before.
type browsers struct {
	issuer *devidp.Issuer
	people *shelf[person] // by cookie
	key    []byte
	now    func() time.Time
}

func newBrowsers(issuer *devidp.Issuer, now func() time.Time) *browsers {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return &browsers{issuer: issuer, people: newShelf[person](maxBrowsers, browserTTL, now), key: key, now: now}
}

// cookieName differs by port: cookies do not (RFC 6265 section 8.5).
func (b *browsers) cookieName() string {
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(b.issuer.URL(), "http://")) // devidp.New has checked it
	return "leasehold-" + port
}

func (b *browsers) cookie(value string) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // Secure needs TLS, which loopback does without
		Name: b.cookieName(), Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

// handle is the browser's cookie; empty when it has none, or more than one.
func (b *browsers) handle(r *http.Request) string {
	if cookies := r.CookiesNamed(b.cookieName()); len(cookies) == 1 {
		return cookies[0].Value
	}
	return ""
}

// csrf is what a form of the browser must send back; empty without a cookie.
func (b *browsers) csrf(handle string) string {
	if handle == "" {
		return ""
	}
	mac := hmac.New(sha256.New, b.key)
	mac.Write([]byte(handle))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// greet returns the CSRF token of a browser, which gets a cookie if it has none.
func (b *browsers) greet(w http.ResponseWriter, r *http.Request) (csrf string) {
	handle := b.handle(r)
	if handle == "" {
		handle = rand.Text()
		http.SetCookie(w, b.cookie(handle))
	}
	return b.csrf(handle)
}

// genuine reports whether a post comes from a form that this browser was given.
func (b *browsers) genuine(r *http.Request) bool {
	want := b.csrf(b.handle(r))
	got := r.PostForm[pages.FieldCSRF]
	return want != "" && len(got) == 1 && subtle.ConstantTimeCompare([]byte(want), []byte(got[0])) == 1
}

// person is who is signed in.
func (b *browsers) person(r *http.Request) (person, bool) { return b.people.get(b.handle(r)) }

// signIn gives the browser a new handle, which nobody can have known before.
func (b *browsers) signIn(w http.ResponseWriter, r *http.Request, p person) {
	b.people.take(b.handle(r))
	http.SetCookie(w, b.cookie(b.people.put(p)))
}

// Principal returns who is signed in in the browser that sent r, with every scope, and
// what its forms must send back.
func (s *Server) Principal(r *http.Request) (p identity.Principal, csrf string, ok bool) {
	who, ok := s.browsers.person(r)
	if !ok {
		return identity.Principal{}, "", false
	}
	return identity.Principal{
		Tenant: who.Tenant, Issuer: s.Issuer.URL(), Subject: who.Subject, ClientID: devidp.ClientID,
		Scopes: s.Issuer.Scopes(), ExpiresAt: s.Now().Add(accessTTL),
	}, s.browsers.csrf(s.browsers.handle(r)), true
}

// SignInURL is the path of a page that signs in and goes on to back, a path here.
func (s *Server) SignInURL(back string) string {
	return signInPath + "?" + url.Values{fieldBack: {back}}.Encode()
}

// SignOut ends the browser's sign-in. What it has given to clients stays good.
func (s *Server) SignOut(w http.ResponseWriter, r *http.Request) {
	s.browsers.people.take(s.browsers.handle(r))
	http.SetCookie(w, s.browsers.cookie(""))
}

// Token issues a token for who is signed in, with the scopes of p.
func (s *Server) Token(p identity.Principal) (string, error) {
	token, err := s.Issuer.Issue(devidp.Grant{
		Tenant: p.Tenant, Subject: p.Subject, ClientID: p.ClientID, Scopes: p.Scopes, TTL: accessTTL,
	})
	return token.Signed, err
}
