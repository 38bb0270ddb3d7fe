package authserver

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"

	"leasehold.example/apps/mcp/internal/devidp"
	"leasehold.example/apps/mcp/internal/devidp/pages"
)

// The routes.
const (
	authorizePath = "/authorize"
	signInPath    = "/signin"
	consentPath   = "/consent"
	tokenPath     = "/token"
	revokePath    = "/revoke"
	registerPath  = "/register"
)

const (
	// accessTTL is short, because nothing but Guard knows of a revoked access token.
	accessTTL = 15 * time.Minute
	// familyTTL is how long somebody stays signed in, from the consent on.
	familyTTL = 30 * 24 * time.Hour
	// codeTTL is how long a code may be redeemed (OAuth 2.1 section 4.1.2 allows ten minutes).
	codeTTL = time.Minute
	// maxForm and maxRegistration bound request bodies, in bytes.
	maxForm         = 16 << 10
	maxRegistration = 16 << 10

	stateFile = "sign-in.db"
)

// People are the tenants that the sign-in page offers, with who is in them.
var People = []pages.Tenant{
	{Name: "acme", Subjects: []string{"alice", "bob"}},
	{Name: "globex", Subjects: []string{"carol"}},
}

// Renderer is what shows pages; *pages.Pages is one.
type Renderer interface {
	RenderSignIn(http.ResponseWriter, pages.SignIn)
	RenderConsent(http.ResponseWriter, pages.Consent)
	RenderProblem(http.ResponseWriter, pages.Problem)
}

// Options configure a Server. All but Now and InsecureTransport are required.
type Options struct {
	Issuer *devidp.Issuer
	// Dir is where clients, refresh tokens and the secrets of the machine clients are kept.
	Dir string
	// DefaultScopes are those of a request that names none.
	DefaultScopes []string
	// Tools are the names of the tools that each scope opens, for the pages.
	Tools map[string][]string
	Log   *slog.Logger
	// Now is time.Now when nil.
	Now func() time.Time
	// InsecureTransport fetches client-id metadata documents instead of the transport that
	// keeps off private addresses. For tests.
	InsecureTransport http.RoundTripper
}

// Server is the authorization server of one local server.
type Server struct {
	Options

	ledger   *ledger
	codes    *codes
	requests *shelf[request]
	browsers *browsers
	fetcher  *fetcher
	machines []MachineClient
	op       http.Handler
	pages    Renderer
}

// New opens the state in o.Dir; Close lets go of it.
func New(o Options) (*Server, error) {
	if o.Issuer == nil || o.Dir == "" || o.Log == nil || len(o.DefaultScopes) == 0 {
		return nil, errors.New("authserver: an option is missing")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	machines, err := openMachines(o.Dir)
	if err != nil {
		return nil, err
	}
	documents, err := newFetcher(o.InsecureTransport, o.Now)
	if err != nil {
		return nil, err
	}
	l, err := openLedger(filepath.Join(o.Dir, stateFile), o.Now)
	if err != nil {
		return nil, err
	}
	s := &Server{
		Options: o, ledger: l, codes: newCodes(o.Now), requests: newShelf[request](maxRequests, requestTTL, o.Now),
		browsers: newBrowsers(o.Issuer, o.Now), fetcher: documents, machines: machines,
	}
	s.op = op.RegisterServer(&tokens{Server: s},
		op.Endpoints{Token: op.NewEndpoint(tokenPath), Revocation: op.NewEndpoint(revokePath)},
		op.WithServerCORSOptions(nil), // no page of another origin gets a token
		op.WithFallbackLogger(slog.New(warnings{o.Log.Handler()})))
	return s, nil
}

// warnings leaves out what pkg/op says when all is well.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// Close lets go of the state.
func (s *Server) Close() error { return s.ledger.close() }

// Register adds the routes to mux: the documents of the issuer among them. Pages are shown
// by p.
func (s *Server) Register(mux *http.ServeMux, p Renderer) {
	s.pages = p
	s.Issuer.Register(mux, s.metadata())
	for pattern, handler := range map[string]http.Handler{
		"GET " + authorizePath: http.HandlerFunc(s.authorize),
		"GET " + signInPath:    http.HandlerFunc(s.showSignIn),
		"POST " + signInPath:   s.posted(s.signIn),
		"POST " + consentPath:  s.posted(s.consent),
		"POST " + tokenPath:    s.machine(s.op),
		"POST " + revokePath:   s.machine(s.op),
		"POST " + registerPath: http.HandlerFunc(s.register),
	} {
		mux.Handle(pattern, s.Issuer.OwnHost(private(handler)))
	}
}

// private keeps answers out of caches and out of other sites' sight. What is fetched by
// pages says more itself.
func private(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Referrer-Policy", "same-origin") // no-referrer would make Origin null
		next.ServeHTTP(w, r)
	})
}

// ownOrigin reports whether the request comes from a page of this server.
func ownOrigin(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	return len(origins) == 1 && origins[0] == "http://"+r.Host
}

// foreignOrigin reports whether the request comes from a page of somebody else. Programs
// send no Origin.
func foreignOrigin(r *http.Request) bool {
	return len(r.Header.Values("Origin")) > 0 && !ownOrigin(r)
}

// offered are the scopes as the pages show them.
func (s *Server) offered(scopes []string) []pages.Scope {
	views := make([]pages.Scope, 0, len(scopes))
	for _, name := range scopes {
		views = append(views, pages.Scope{Name: name, Tools: slices.Clone(s.Tools[name]), Granted: true})
	}
	return views
}

func (s *Server) problem(w http.ResponseWriter, status int, title, text string) {
	s.pages.RenderProblem(w, pages.Problem{Status: status, Title: title, Text: text})
}
