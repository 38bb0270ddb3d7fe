package apptest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"testing"

	"go.uber.org/fx"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/mcphttp"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/seal"
	"leasehold.example/libs/session"
	"leasehold.example/libs/telemetry"
)

// Options are what a test chooses. Issuers and Store are required.
type Options struct {
	// Issuers are trusted as Trust says.
	Issuers []*identitytest.Issuer
	// Store keeps the sessions.
	Store session.Store
	// Keys hold the root key of sealed values; nil means a new file.
	Keys seal.Source
	// LogTo gets the log; nil keeps it in Server.Log.
	LogTo io.Writer
	// Debug is the issuers' debug claim.
	Debug string
	// Environ is set beside what Environ says.
	Environ map[string]string
	// More is added to what is wired, such as an fx.Decorate.
	More fx.Option
}

// Server is a wired server. Nothing listens: it answers in process.
type Server struct {
	Handler http.Handler
	// Endpoint is what Handler has at /mcp, without the summaries of requests.
	Endpoint http.Handler
	Registry *session.Registry
	Store    session.Store
	Log      *Log
	// Telemetry is nil unless Options.Environ names a collector.
	Telemetry *telemetry.Telemetry
}

// New wires the server of the Lambda binary and starts it; it stops when the test ends.
// Only what would need a network is replaced: the store, the source of keys and the
// verifier's transport.
func New(tb testing.TB, o Options) *Server {
	tb.Helper()
	trusted := Trust(o.Issuers...)
	for i := range trusted {
		trusted[i].DebugClaim = o.Debug
	}
	environ := Environ(tb, trusted...)
	maps.Copy(environ, o.Environ)
	c, err := config.Load(environ)
	if err != nil {
		tb.Fatal(err)
	}
	if o.Keys == nil {
		o.Keys = NewKeys(tb)
	}
	if o.More == nil {
		o.More = fx.Options()
	}
	s := &Server{Store: o.Store, Log: &Log{}}
	if o.LogTo == nil {
		o.LogTo = s.Log
	}
	var mux *http.ServeMux
	var endpoint *mcphttp.Handler
	parts := fx.New(
		app.Lambda(c, app.Shipped, o.LogTo), o.More,
		fx.Decorate(
			func() session.Store { return o.Store },
			func() seal.Source { return o.Keys },
			func(v identity.VerifierOptions) identity.VerifierOptions {
				v.InsecureTransport = identitytest.Transport(o.Issuers...)
				return v
			},
		),
		fx.Populate(&mux, &endpoint, &s.Registry, &s.Telemetry),
	)
	if err := parts.Start(context.Background()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := parts.Stop(context.Background()); err != nil {
			tb.Errorf("stop: %v", err)
		}
	})
	s.Handler, s.Endpoint = mux, endpoint
	return s
}

// Client returns a client of s that presents token.
func (s *Server) Client(token string) Client {
	return Client{URL: identitytest.Audience, Token: token, Transport: Direct(s.Handler)}
}

// NewKeys returns a new root key in a file.
func NewKeys(tb testing.TB) seal.Source {
	tb.Helper()
	keys, err := seal.OpenFile(filepath.Join(tb.TempDir(), "keys-"+rand.Text()+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

// Trust lets every one of issuers name the tenants that begin with "tenant-".
func Trust(issuers ...*identitytest.Issuer) []identity.Issuer {
	trusted := make([]identity.Issuer, 0, len(issuers))
	for _, i := range issuers {
		t := i.Trust()
		t.Tenants = []string{"tenant-*"}
		trusted = append(trusted, t)
	}
	return trusted
}

// Environ is the environment of a deployed server that trusts issuers.
func Environ(tb testing.TB, issuers ...identity.Issuer) map[string]string {
	tb.Helper()
	encoded, err := json.Marshal(issuers)
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]string{
		config.EnvPublicURL:     identitytest.Audience,
		config.EnvIssuers:       string(encoded),
		config.EnvTable:         "sessions",
		config.EnvSealSecretARN: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:leasehold-AbCdEf",
		// Long enough that a test's clock can go on for hours.
		config.EnvSessionIdle: "12h",
	}
}
