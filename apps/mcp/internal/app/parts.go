package app

import (
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/authn"
	"leasehold.example/apps/mcp/internal/mcphttp"
	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/observe/metric"
	"leasehold.example/libs/seal"
	"leasehold.example/libs/session"
	"leasehold.example/libs/telemetry"
)

const (
	// version is the server's own, as clients see it.
	version = "0.1.0"
	// instructions are what a model is told about the server as a whole.
	instructions = "Notebooks and sessions belong to the signed-in user. " +
		"Keep the handles that notebook_open and session_open return: they are the only way back to what was stored."
	// confirmPurpose separates the keys of confirmations from those of every other use.
	confirmPurpose = "confirmation"
)

// Features are what a server offers and who may use it.
type Features interface {
	mcphttp.Access
	// Register adds everything to s.
	Register(s *mcp.Server)
	// Scopes are all that something of it needs.
	Scopes() []string
}

// Hosts are the Host headers that the endpoint answers; empty means all.
type Hosts []string

func newImplementation() *mcp.Implementation {
	return &mcp.Implementation{Name: "leasehold", Title: "Leasehold", Version: version}
}

func newKeyring(source seal.Source, log *slog.Logger) *seal.Keyring {
	return seal.NewKeyring(source, seal.KeyringOptions{Logger: log})
}

func newSealer(ring *seal.Keyring) (*seal.Sealer, error) {
	return seal.New(ring, seal.Options{Purpose: confirmPurpose})
}

// newLogger says in every line whose it is.
func newLogger(c config.Config, w io.Writer) *slog.Logger {
	return observe.NewLogger(w, c.LogLevel, observe.Whose(metric.ServiceMCP, observe.Version(version), c.Stage)...)
}

func newPseudonyms(ring *seal.Keyring) *observe.Pseudonyms { return observe.NewPseudonyms(ring) }

func newAuditor(log *slog.Logger, names *observe.Pseudonyms) *observe.Auditor {
	return observe.NewAuditor(log, names)
}

// Metrics says whether the log is where metrics are read from: CloudWatch.
type Metrics bool

func newSignals(c config.Config, log *slog.Logger, names *observe.Pseudonyms, m Metrics, t *telemetry.Telemetry) *observe.Signals {
	o := observe.Options{Service: metric.ServiceMCP, Stage: c.Stage, Sample: c.LogSample, Metrics: bool(m)}
	if t != nil { // else the interface would not be nil
		o.Meter = t
	}
	return observe.NewSignals(log, names, o)
}

func newTelemetry(c config.Config, log *slog.Logger) (*telemetry.Telemetry, error) {
	return telemetry.New(telemetry.Options{
		Service: metric.ServiceMCP, Version: observe.Version(version), Stage: c.Stage, Sample: c.TraceSample,
		TracesURL: c.TracesURL(), MetricsURL: c.MetricsURL(), Log: log,
	})
}

func newRegistry(c config.Config, store session.Store, audit *observe.Auditor, log *slog.Logger) (*session.Registry, error) {
	return session.NewRegistry(observe.TimeStore(store, log), session.Options{
		Idle: c.SessionIdle, Absolute: c.SessionAbsolute,
		MaxData: c.SessionDataLimit, MaxPerOwner: c.SessionCap,
		BindClient: c.SessionBindClient, Audit: audit.Session, Happened: observe.Happened,
	})
}

func verifierOptions(c config.Config, log *slog.Logger) identity.VerifierOptions {
	return identity.VerifierOptions{DefaultAudience: c.PublicURL, Logger: log}
}

func authnConfig(c config.Config, impl *mcp.Implementation, f Features, log *slog.Logger) authn.Config {
	return authn.Config{
		ResourceURL: c.PublicURL, MetadataURL: c.MetadataURL, ResourceName: impl.Title,
		BaseScopes: c.BaseScopes, KnownScopes: f.Scopes(), ChallengeHeader: c.ChallengeHeader, Logger: log,
	}
}

func toolOptions(c config.Config, s *seal.Sealer, r *session.Registry, log *slog.Logger) tool.Options {
	return tool.Options{
		MaxData: c.SessionDataLimit, MaxPerOwner: c.SessionCap,
		Resource: c.PublicURL, Sealer: s, Nonces: r, Logger: log,
	}
}

func newServer(impl *mcp.Implementation, f Features, log *slog.Logger) *mcp.Server {
	s := mcphttp.NewServer(impl, instructions, log)
	f.Register(s)
	return s
}

// newOrigins are the configured origins, and a local server's own.
func newOrigins(c config.Config, h Hosts) (authn.Origins, error) {
	origins := slices.Clone(c.AllowedOrigins)
	for _, host := range h {
		origins = append(origins, "http://"+host)
	}
	return authn.NewOrigins(origins)
}

func endpointConfig(
	c config.Config, s *mcp.Server, impl *mcp.Implementation, f Features, a *authn.Authenticator, o authn.Origins,
	v *identity.Verifier, r *session.Registry, h Hosts, log *slog.Logger, t *telemetry.Telemetry,
) mcphttp.Config {
	return mcphttp.Config{
		Server: s, Implementation: impl, Access: f, Authenticator: a, Origins: o, Sessions: r,
		Grantable: v.Grantable, Hosts: h, Timeout: c.RequestTimeout, ResultLimit: c.ResponseLimit,
		Now: time.Now, Log: log, Telemetry: t,
	}
}
