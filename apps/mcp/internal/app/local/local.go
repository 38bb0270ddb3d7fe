// Package local is the server on a developer's machine: the same endpoint as on Lambda,
// with an embedded store and a token issuer of its own.
package local

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/devidp"
	"leasehold.example/apps/mcp/internal/devidp/authserver"
	"leasehold.example/apps/mcp/internal/devidp/pages"
	"leasehold.example/apps/mcp/internal/mcphttp"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/seal"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/boltstore"
)

// defaultData is the data directory unless another one is named.
const defaultData = ".data"

// listTime is what the list of tools may take: nothing of it leaves the process.
const listTime = 10 * time.Second

// Options are what the server is told.
type Options struct {
	// Addr is host:port on loopback.
	Addr string
	// Data is the directory of the store and of the keys; it is created when absent.
	Data string
	// Audience is the MCP URL that tokens are for, of a server elsewhere that trusts this
	// one's issuer; the own one when empty.
	Audience string
	// Out gets what a newcomer needs to know.
	Out io.Writer
}

func openStore(o Options) (*boltstore.Store, error) {
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return nil, fmt.Errorf("local: data directory: %w", err)
	}
	return boltstore.Open(filepath.Join(o.Data, "sessions.db"))
}

func openKeys(o Options) (seal.Source, error) {
	return seal.OpenFile(filepath.Join(o.Data, "seal-keys.json"))
}

func newIssuer(o Options, f app.Features) (*devidp.Issuer, error) {
	return devidp.New(o.Addr, devidp.Options{Dir: o.Data, Scopes: f.Scopes(), Audience: o.Audience})
}

func localIssuers(i *devidp.Issuer) []identity.Issuer { return []identity.Issuer{i.Trust()} }

// scopeTools are the names of the tools that each scope opens, sorted.
type scopeTools map[string][]string

// toolsByScope asks the features, as a client would, by a server that nobody else reaches.
func toolsByScope(impl *mcp.Implementation, f app.Features) (scopeTools, error) {
	ctx, cancel := context.WithTimeout(context.Background(), listTime)
	defer cancel()
	here, there := mcp.NewInMemoryTransports()
	s := mcp.NewServer(impl, nil)
	f.Register(s)
	serving, err := s.Connect(ctx, there, nil)
	if err != nil {
		return nil, fmt.Errorf("local: tools: %w", err)
	}
	defer func() { _ = serving.Close() }() // ends with the client's end
	client, err := mcp.NewClient(impl, nil).Connect(ctx, here, nil)
	if err != nil {
		return nil, fmt.Errorf("local: tools: %w", err)
	}
	defer func() { _ = client.Close() }() // nothing was promised
	tools := scopeTools{}
	for t, err := range client.Tools(ctx, nil) {
		if err != nil {
			return nil, fmt.Errorf("local: tools: %w", err)
		}
		if scope, ok := f.Lookup("tools/call", t.Name); ok {
			tools[scope] = append(tools[scope], t.Name)
		}
	}
	return tools, nil
}

func newAuthServer(o Options, c config.Config, i *devidp.Issuer, tools scopeTools, log *slog.Logger) (*authserver.Server, error) {
	return authserver.New(authserver.Options{
		Issuer: i, Dir: o.Data, DefaultScopes: c.BaseScopes, Tools: tools, Log: log,
	})
}

func newPages(a *authserver.Server, i *devidp.Issuer, r *session.Registry, h *mcphttp.Handler, s *observe.Signals, log *slog.Logger) (*pages.Pages, error) {
	return pages.New(pages.Config{
		Browser: a, Sessions: r, Endpoint: s.Handler(h), URL: i.Audience(), Token: a.Token, Hosts: i.Hosts(), Now: time.Now, Log: log,
	})
}

func localHosts(i *devidp.Issuer) app.Hosts { return i.Hosts() }

// welcome tells a newcomer where the server is and what to paste: the three ways in.
// Neither tokens nor secrets are printed: the commands get them when they run.
func welcome(o Options, i *devidp.Issuer, machines []authserver.MachineClient) {
	token := "make -s token TENANT=acme SUBJECT=user-1" //nolint:gosec // a command that prints a token, not one
	if o.Data != defaultData {
		token += " DATA=" + shellQuote(o.Data)
	}
	machine := machines[0]
	fmt.Fprintf(o.Out, welcomeText, i.Audience(), token, o.Data, i.URL(), machine.ID, shellQuote(machine.File))
}

const welcomeText = `
Leasehold is ready.

  MCP URL   %[1]s
  Pages     %[4]s/
  A token   %[2]s
            (another TENANT or SUBJECT is somebody else; SCOPES="mcp:basic" has less)

1. In a browser

  Give a client the MCP URL and nothing else: it opens the sign-in page, where you are
  alice, bob, carol or whom you like. Or open the pages: call tools, see your sessions.

  %[4]s/

2. With a token

  curl -s %[1]s \
    -H "Authorization: Bearer $(%[2]s)" \
    -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
    -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/call' -H 'Mcp-Name: math' \
    -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"math","arguments":{"a":2,"b":3},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}'

  The MCP Inspector (needs Node 22):

  npx -y @modelcontextprotocol/inspector@2.12.0 --cli %[1]s --transport http \
    --header "Authorization: Bearer $(%[2]s)" --method tools/list

  A machine gets its token by itself:

  curl -s %[4]s/token -u %[5]s:"$(cat %[6]s)" -d grant_type=client_credentials

3. In a coding agent

  As .mcp.json, for an agent that opens a browser:

  {"mcpServers": {"leasehold": {"type": "http", "url": "%[1]s"}}}

  For one that does not, with the token in its environment:

  export MCP_TOKEN="$(%[2]s TTL=8h)"

  and in .mcp.json:

  {"mcpServers": {"leasehold": {"type": "http", "url": "%[1]s", "headers": {"Authorization": "Bearer ${MCP_TOKEN}"}}}}

Ctrl-C stops it. Sessions and keys stay in %[3]s
`

// shellQuote quotes s for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
