package pages

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// Browser is what the pages ask about the browser that sent a request; the
// authorization server is it.
type Browser interface {
	// Principal returns who is signed in in the browser, with the scopes that "try it"
	// may use, and the token that the browser's forms must send back as FieldCSRF, which
	// is never empty. Not ok when nobody is signed in.
	Principal(r *http.Request) (p identity.Principal, csrf string, ok bool)
	// SignInURL is the path of a page that signs in and then goes on to back, a path
	// with an optional query on this server.
	SignInURL(back string) string
	// SignOut ends what Principal returns. It sets cookies and writes no answer. It is
	// called on a POST whose Host, Origin and CSRF token are good.
	SignOut(w http.ResponseWriter, r *http.Request)
}

// Sessions is what the pages do with sessions; *session.Registry is one.
type Sessions interface {
	List(ctx context.Context, owner identity.Owner) ([]session.Record, error)
	RevokeRecord(ctx context.Context, rec session.Record) error
	RevokeOwner(ctx context.Context, owner identity.Owner) (revoked int, err error)
}

// Config wires Pages. All fields are required.
type Config struct {
	Browser  Browser
	Sessions Sessions
	// Endpoint is the MCP endpoint and URL its public address.
	Endpoint http.Handler
	URL      string
	// Token issues a bearer token for p, with p's scopes. Each is used for the calls of one
	// page, at once.
	Token func(p identity.Principal) (string, error)
	// Hosts are the accepted Host headers, as host:port.
	Hosts []string
	Now   func() time.Time
	Log   *slog.Logger
}

// Pages renders pages and serves its own.
type Pages struct {
	browser  Browser
	sessions Sessions
	caller   caller
	hosts    []string
	now      func() time.Time
	log      *slog.Logger
}

// New returns the pages of c.
func New(c Config) (*Pages, error) {
	if c.Browser == nil || c.Sessions == nil || c.Endpoint == nil || c.URL == "" || c.Token == nil ||
		len(c.Hosts) == 0 || c.Now == nil || c.Log == nil {
		return nil, errors.New("pages: a field of Config is missing")
	}
	return &Pages{
		browser: c.Browser, sessions: c.Sessions, hosts: c.Hosts, now: c.Now, log: c.Log,
		caller: caller{endpoint: c.Endpoint, url: c.URL, token: c.Token},
	}, nil
}

// Paths of the pages.
const (
	homePath      = "/"
	sessionsPath  = "/sessions"
	revokePath    = "/sessions/revoke"
	revokeAllPath = "/sessions/revoke-all"
	tryPath       = "/try"
	signOutPath   = "/sign-out"
	stylePath     = "/style.css"
)

// Register adds the pages to mux: home, the sessions, "try it", sign-out and the style
// sheet. Sign-in and consent are routes of the authorization server.
func (p *Pages) Register(mux *http.ServeMux) {
	mux.Handle("GET "+homePath+"{$}", p.ownHost(p.home))
	mux.Handle("GET "+stylePath, p.ownHost(serveStyle))
	mux.Handle("GET "+sessionsPath, p.ownHost(p.signedIn(p.listSessions)))
	mux.Handle("POST "+revokePath, p.ownHost(p.posted(p.revoke)))
	mux.Handle("POST "+revokeAllPath, p.ownHost(p.posted(p.revokeAll)))
	mux.Handle("GET "+tryPath, p.ownHost(p.signedIn(p.showTool)))
	mux.Handle("POST "+tryPath, p.ownHost(p.posted(p.callTool)))
	mux.Handle("POST "+signOutPath, p.ownHost(p.posted(p.signOut)))
}

// home is for everybody, signed in or not.
func (p *Pages) home(w http.ResponseWriter, r *http.Request) {
	v := page{Name: "home", Title: "Leasehold", View: struct{ Endpoint, SignIn string }{
		p.caller.url, p.browser.SignInURL(homePath),
	}}
	if principal, csrf, ok := p.browser.Principal(r); ok {
		v.Who = &visitor{Principal: principal, CSRF: csrf}
	}
	p.render(w, http.StatusOK, v)
}

func (p *Pages) signOut(w http.ResponseWriter, r *http.Request, _ visitor) {
	p.browser.SignOut(w, r)
	http.Redirect(w, r, homePath, http.StatusSeeOther)
}
