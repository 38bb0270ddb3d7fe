// Package local is the server on a developer's machine: the same endpoint as on Lambda,
// with an embedded store and a token issuer of its own.
package local

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/devidp"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/seal"
	"leasehold.example/libs/session/boltstore"
)

// Options are what the server is told.
type Options struct {
	// Addr is host:port on loopback.
	Addr string
	// Data is the directory of the store and of the keys; it is created when absent.
	Data string
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
	return devidp.New(o.Addr, devidp.Options{Dir: o.Data, Scopes: f.Scopes()})
}

func localIssuers(i *devidp.Issuer) []identity.Issuer { return []identity.Issuer{i.Trust()} }

func localHosts(i *devidp.Issuer) app.Hosts { return i.Hosts() }

// welcome tells a newcomer where the server is and what to paste. Tokens are not printed:
// the commands get one when they run.
func welcome(o Options, i *devidp.Issuer) {
	token := "make -s token TENANT=acme SUBJECT=user-1" //nolint:gosec // a command that prints a token, not one
	if o.Data != ".leasehold" {
		token += " DATA=" + shellQuote(o.Data)
	}
	fmt.Fprintf(o.Out, welcomeText, i.Audience(), token, o.Data)
}

const welcomeText = `
Leasehold is ready.

  MCP URL   %[1]s
  A token   %[2]s
            (another TENANT or SUBJECT is somebody else; SCOPES="mcp:basic" has less)

Call a tool with curl:

  curl -s %[1]s \
    -H "Authorization: Bearer $(%[2]s)" \
    -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
    -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/call' -H 'Mcp-Name: math' \
    -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"math","arguments":{"a":2,"b":3},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}'

Look around with the MCP Inspector (needs Node 22):

  npx -y @modelcontextprotocol/inspector@2.12.0 --cli %[1]s --transport http \
    --header "Authorization: Bearer $(%[2]s)" --method tools/list

Give it to a coding agent, as .mcp.json, with the token in its environment:

  export LEASEHOLD_TOKEN="$(%[2]s TTL=8h)"
  {"mcpServers": {"leasehold": {"type": "http", "url": "%[1]s", "headers": {"Authorization": "Bearer ${LEASEHOLD_TOKEN}"}}}}

Ctrl-C stops it. Sessions and keys stay in %[3]s
`

// shellQuote quotes s for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
