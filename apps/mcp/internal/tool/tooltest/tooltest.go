// Package tooltest runs the entries of a catalog in a real mcp.Server, over the SDK's
// in-memory transport.
package tooltest

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/seal"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
)

// Modern and Legacy are the protocol versions that tests speak.
const (
	Modern = "2026-07-28"
	Legacy = "2025-11-25"
)

// Principal returns a user of a tenant, of one issuer and client, with sorted scopes.
func Principal(tenant, subject string, scopes ...string) identity.Principal {
	return identity.Principal{
		Tenant: tenant, Subject: subject, Issuer: "https://issuer.example", ClientID: "client-1", Scopes: scopes,
	}
}

// Call returns what the transport would know about a request of p in version.
func Call(p identity.Principal, version string) *tool.Call {
	modern := version == Modern
	return &tool.Call{Principal: p, Protocol: version, Modern: modern, Elicitation: modern}
}

// Registry returns a registry over a store in memory.
func Registry(tb testing.TB, o session.Options) *session.Registry {
	tb.Helper()
	r, err := session.NewRegistry(memstore.New(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// Log is a log in memory, to look for what must not be in it.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String returns all that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Sealer returns a sealer with a new key in a file; now may be nil.
func Sealer(tb testing.TB, now func() time.Time) *seal.Sealer {
	tb.Helper()
	keys, err := seal.OpenFile(filepath.Join(tb.TempDir(), "keys.json"))
	if err != nil {
		tb.Fatal(err)
	}
	sealer, err := seal.New(seal.NewKeyring(keys, seal.KeyringOptions{}), seal.Options{Purpose: "test", Now: now})
	if err != nil {
		tb.Fatal(err)
	}
	return sealer
}

// Options returns options with everything that a catalog needs, and its log.
func Options(tb testing.TB) (tool.Options, *Log) {
	tb.Helper()
	log := &Log{}
	return tool.Options{
		Resource: "https://mcp.example/mcp", Sealer: Sealer(tb, nil), Nonces: Registry(tb, session.Options{}),
		Logger: slog.New(slog.NewTextHandler(log, nil)), MaxData: 32 << 10, MaxPerOwner: 20,
	}, log
}

// Catalog returns a catalog of entries with Options.
func Catalog(tb testing.TB, entries ...tool.Entry) *tool.Catalog {
	tb.Helper()
	o, _ := Options(tb)
	c, err := tool.NewCatalog(o, entries...)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// Client is a client that is connected to a server of its own.
type Client struct {
	*mcp.ClientSession
	// Wire is what went over the transport, line by line.
	Wire *Log
	tb   testing.TB
}

// Connect serves catalog; requests arrive with what call returns, one for each. The
// client does not answer questions by itself, unless o has a handler for them.
func Connect(tb testing.TB, catalog *tool.Catalog, version string, call func() *tool.Call, o *mcp.ClientOptions) *Client {
	tb.Helper()
	server := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	catalog.Register(server)
	server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, r mcp.Request) (mcp.Result, error) {
			var extra *mcp.RequestExtra
			if c := call(); c != nil {
				extra = c.Extra(nil)
			}
			switch r := r.(type) {
			case *mcp.CallToolRequest:
				r.Extra = extra
			case *mcp.GetPromptRequest:
				r.Extra = extra
			case *mcp.ReadResourceRequest:
				r.Extra = extra
			}
			return next(ctx, method, r)
		}
	})
	serverSide, clientSide := mcp.NewInMemoryTransports()
	if _, err := server.Connect(context.Background(), serverSide, nil); err != nil {
		tb.Fatal(err)
	}
	if o == nil {
		o = &mcp.ClientOptions{MultiRoundTrip: &mcp.MultiRoundTripOptions{Disabled: true}}
	}
	wire := &Log{}
	client, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, o).Connect(context.Background(),
		&mcp.LoggingTransport{Transport: clientSide, Writer: wire}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = client.Close() })
	return &Client{ClientSession: client, Wire: wire, tb: tb}
}

// Tool calls a tool with arguments, JSON text, and returns the text of the result; the
// test fails on a JSON-RPC error.
func (c *Client) Tool(name, arguments string) (text string, isError bool) {
	c.tb.Helper()
	result, err := c.CallTool(context.Background(), &mcp.CallToolParams{
		Name: name, Arguments: json.RawMessage(arguments),
	})
	if err != nil {
		c.tb.Fatalf("%s: %v", name, err)
	}
	if len(result.Content) != 1 {
		c.tb.Fatalf("%s: %d contents, want 1", name, len(result.Content))
	}
	return result.Content[0].(*mcp.TextContent).Text, result.IsError
}

// MustTool is Tool, for calls that succeed; it decodes the result into out.
func (c *Client) MustTool(name, arguments string, out any) {
	c.tb.Helper()
	text, isError := c.Tool(name, arguments)
	if isError {
		c.tb.Fatalf("%s: tool error: %s", name, text)
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		c.tb.Fatalf("%s: %v", name, err)
	}
}
