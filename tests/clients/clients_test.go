// Package clients drives the server that `make run` starts with the clients that people
// use, each with a token: the judges of whether it speaks the protocol are not ours.
package clients

import (
	"slices"
	"testing"

	mcpgo "github.com/mark3labs/mcp-go/client"

	"leasehold.example/tests/e2e/e2etest"
	"leasehold.example/tests/internal/local"
	"leasehold.example/tests/internal/target"
	"leasehold.example/tests/wire"
)

const (
	modern = "2026-07-28"
	legacy = "2025-11-25"
)

// server is where the clients connect, and as whom.
type server struct {
	address, token string
	who            identity
}

// seen is what a client saw of it.
type seen struct {
	Protocol string // negotiated; empty when the client does not tell
	Tools    []string
	Math     sum
	Whoami   identity
}

type sum struct {
	Sum int `json:"sum"`
}

type identity struct {
	Tenant  string `json:"tenant"`
	Subject string `json:"subject"`
}

// driver lists the tools, calls math with 2 and 3, and whoami.
type driver func(*testing.T, server) seen

// TestClients has them call the shipped server, or the one of `make verify`.
func TestClients(t *testing.T) {
	t.Parallel()
	s := target.Get(t)
	me, err := wire.Caller{URL: s.URL, Token: s.TokenA}.Tool(t.Context(), "whoami", "{}")
	if err != nil {
		t.Fatal(err)
	}
	drive(t, server{s.URL, s.TokenA, identity{me.Text("tenant"), me.Text("subject")}})
}

// TestDeployedClients has the same clients call the stacks as they are deployed, each behind its edge.
func TestDeployedClients(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]e2etest.Kind{"dev": e2etest.Dev, "prod with a domain": e2etest.Prod, "edge http": e2etest.HTTP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stack := e2etest.Up(t, e2etest.Options(t, kind.With(e2etest.Unthrottled).State(t)))
			token, err := stack.Token("acme", "user-1")
			if err != nil {
				t.Fatal(err)
			}
			drive(t, server{stack.MCPURL, token, identity{"acme", "user-1"}})
		})
	}
}

// drive has every client do the same, each in its newest protocol and the one before.
func drive(t *testing.T, s server) {
	t.Helper()
	tests := []struct {
		name     string
		drive    driver
		protocol string
	}{
		{"go-sdk", goSDK(""), modern},
		{"go-sdk legacy", goSDK(legacy), legacy},
		{"mcp-go", mcpGo(mcpgo.WithDiscoverTimeout(-1)), modern}, // else five seconds, which a cold start may take,
		{"mcp-go legacy", mcpGo(mcpgo.WithProtocolVersion(legacy)), legacy},
		{"TypeScript v1", script("typescript-v1.mjs"), legacy},
		{"TypeScript v2 legacy", script("typescript-v2.mjs", "legacy"), legacy},
		{"TypeScript v2 auto", script("typescript-v2.mjs", "auto"), modern},
		{"TypeScript v2 pinned", script("typescript-v2.mjs", modern), modern},
		{"Python legacy", python("legacy"), legacy},
		{"Python auto", python("auto"), modern},
		{"Python pinned", python(modern), modern},
		{"Inspector legacy", inspector("legacy"), ""},
		{"Inspector auto", inspector("auto"), ""},
		{"Inspector modern", inspector("modern"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := tt.drive(t, s)
			if got.Protocol != tt.protocol {
				t.Errorf("negotiated %q, want %q", got.Protocol, tt.protocol)
			}
			for _, name := range []string{"math", "whoami"} {
				if !slices.Contains(got.Tools, name) {
					t.Errorf("tools %q lack %s", got.Tools, name)
				}
			}
			if got.Math.Sum != 5 {
				t.Errorf("2 + 3 = %d", got.Math.Sum)
			}
			if got.Whoami != s.who {
				t.Errorf("whoami %+v, want %+v", got.Whoami, s.who)
			}
		})
	}
}

// discovery is what the TypeScript SDK reads out of a refusal and the documents behind it.
type discovery struct {
	Status    int
	Challenge struct {
		ResourceMetadataURL, Scope, Error string
	}
	Resource, WellKnown struct {
		Resource             string
		AuthorizationServers []string `json:"authorization_servers"`
		ScopesSupported      []string `json:"scopes_supported"`
	}
	Issuer struct{ Issuer string }
	Lacks  []string // members without which the SDK refuses the issuer's metadata
}

// TestDiscovery has the TypeScript SDK find the issuer from a refusal, as its clients do
// (RFC 9728 section 5, RFC 8414; MCP 2026-07-28 basic/authorization).
func TestDiscovery(t *testing.T) {
	t.Parallel()
	process := local.Start(t, local.Shipped)
	tests := []struct {
		name, wantError string
		token           []string
	}{
		{name: "no token"},
		{name: "a token that is none", token: []string{"nonsense"}, wantError: "invalid_token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := discover(t, process.MCP(), tt.token...)
			if got.Status != 401 || got.Challenge.Error != tt.wantError {
				t.Errorf("status %d, error %q; want 401, %q", got.Status, got.Challenge.Error, tt.wantError)
			}
			if want := process.URL + "/.well-known/oauth-protected-resource/mcp"; got.Challenge.ResourceMetadataURL != want {
				t.Errorf("resource_metadata %q, want %q", got.Challenge.ResourceMetadataURL, want)
			}
			if got.Challenge.Scope == "" {
				t.Error("the challenge names no scope")
			}
			if got.Resource.Resource != process.MCP() || got.WellKnown.Resource != process.MCP() {
				t.Errorf("resource %q and %q, want %q", got.Resource.Resource, got.WellKnown.Resource, process.MCP())
			}
			if got.Issuer.Issuer == "" || !slices.Contains(got.Resource.AuthorizationServers, got.Issuer.Issuer) {
				t.Errorf("issuer %q is not one of %q", got.Issuer.Issuer, got.Resource.AuthorizationServers)
			}
			if len(got.Lacks) > 0 {
				t.Errorf("the SDK misses %q in the issuer's metadata", got.Lacks)
			}
		})
	}
}
