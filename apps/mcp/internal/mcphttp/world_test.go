package mcphttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/authn"
	"leasehold.example/apps/mcp/internal/mcphttp"
	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/apps/mcp/internal/tool/design"
	"leasehold.example/apps/mcp/internal/tool/math"
	"leasehold.example/apps/mcp/internal/tool/profile"
	"leasehold.example/apps/mcp/internal/tool/sessionvalues"
	"leasehold.example/apps/mcp/internal/tool/tooltest"
	"leasehold.example/apps/mcp/internal/tool/whoami"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
	"leasehold.example/libs/session/sessiontest"
)

const (
	v2026 = "2026-07-28"
	v2511 = "2025-11-25"
	v2506 = "2025-06-18"
	v2503 = "2025-03-26"

	page = "https://app.example" // the one allowed origin
)

// world is an endpoint of real parts: issuers without a network, a store in memory that
// can be made to fail, the shipped tools, and those that a test adds.
type world struct {
	*mcphttp.Handler
	tb            testing.TB
	issuer, other *identitytest.Issuer // other is a second issuer, for the same tenants
	store         *sessiontest.Spy
	failing       atomic.Pointer[error] // of every call of the store
	registry      *session.Registry
	auth          *authn.Authenticator
	audit         chan session.Event
	log           *tooltest.Log
	alice         string // a token of acme's user-1, with the ordinary scopes
	skew          atomic.Int64
	secret        atomic.Int64 // how often the tools admin and gold have run
}

// settings are what a test changes of a world.
type settings struct {
	mcphttp.Config
	sessions session.Options
	store    sessiontest.Backend
	entries  []tool.Entry
	// raw are tools of the SDK's own making, behind the scope mcp:basic.
	raw map[string]mcp.ToolHandler
	// more registers what neither a catalog nor raw can.
	more func(*mcp.Server)
}

func newWorld(tb testing.TB, change ...func(*settings)) *world {
	tb.Helper()
	w := &world{tb: tb, log: &tooltest.Log{}, audit: make(chan session.Event, 100)}
	w.issuer, w.other = identitytest.NewIssuer(tb, "https://idp.example"), identitytest.NewIssuer(tb, "https://other.example")
	w.issuer.Now, w.other.Now = w.now, w.now
	s := &settings{store: memstore.New()}
	s.sessions = session.Options{Now: w.now, Audit: func(_ context.Context, e session.Event) { w.audit <- e }}
	s.Timeout, s.ResultLimit, s.Now = 20*time.Second, 1<<20, w.now
	s.Log = slog.New(slog.NewTextHandler(w.log, nil))
	for _, c := range change {
		c(s)
	}
	w.assemble(s)
	w.alice = w.token("acme", "user-1")
	return w
}

func (w *world) assemble(s *settings) {
	w.tb.Helper()
	w.store = &sessiontest.Spy{Store: s.store, Fail: func(context.Context, string) error {
		if err := w.failing.Load(); err != nil {
			return *err
		}
		return nil
	}}
	w.registry = must(session.NewRegistry(w.store, s.sessions))(w.tb)
	verifier := w.verifier(s.Log)
	catalog := w.catalog(s)
	w.auth = must(authn.New(authn.Config{
		ResourceURL: identitytest.Audience, BaseScopes: []string{"mcp:basic"}, KnownScopes: catalog.Scopes(),
		Verifier: verifier, Logger: s.Log,
	}))(w.tb)
	s.Implementation = &mcp.Implementation{Name: "leasehold", Version: "test"}
	s.Server = mcphttp.NewServer(s.Implementation, "", s.Log)
	catalog.Register(s.Server)
	for name, h := range s.raw {
		s.Server.AddTool(&mcp.Tool{Name: name, InputSchema: json.RawMessage(`{"type":"object"}`)}, h)
	}
	if s.more != nil {
		s.more(s.Server)
	}
	s.Access = access{catalog, s.raw}
	s.Authenticator, s.Sessions, s.Grantable = w.auth, w.registry, verifier.Grantable
	s.Origins = must(authn.NewOrigins([]string{page}))(w.tb)
	w.Handler = must(mcphttp.New(s.Config))(w.tb)
}

func (w *world) verifier(log *slog.Logger) *identity.Verifier {
	ctx, cancel := context.WithCancel(context.Background())
	w.tb.Cleanup(cancel)
	trusted := []identity.Issuer{w.issuer.Trust(), w.other.Trust()}
	for i := range trusted {
		trusted[i].Tenants = []string{"acme", "globex"}
		trusted[i].Scopes = []string{"mcp:basic", "session:read", "session:write", "admin:all"}
	}
	return must(identity.NewVerifier(ctx, trusted, identity.VerifierOptions{
		DefaultAudience: identitytest.Audience, Now: w.now, Logger: log,
		InsecureTransport: identitytest.Transport(w.issuer, w.other),
	}))(w.tb)
}

// catalog has the shipped examples, a tool for which alice has no scope, and one of a
// plan that her issuer cannot grant.
func (w *world) catalog(s *settings) *tool.Catalog {
	entries := s.entries
	for _, more := range [][]tool.Entry{
		math.New(), whoami.New(), profile.New(), design.New(), sessionvalues.New(w.registry),
		{w.guarded("admin", "admin:all"), w.guarded("gold", "plan:gold")},
	} {
		entries = append(entries, more...)
	}
	o, _ := tooltest.Options(w.tb)
	o.Logger = s.Log
	return must(tool.NewCatalog(o, entries...))(w.tb)
}

func (w *world) guarded(name, scope string) tool.Tool {
	return basic(name, scope, func(context.Context, *tool.Call) error { w.secret.Add(1); return nil })
}

// basic is a tool of a catalog that takes and gives nothing.
func basic(name, scope string, fn func(context.Context, *tool.Call) error) tool.Tool {
	return tool.New(tool.Spec{Name: name, Title: name, Description: name, Scope: scope},
		func(ctx context.Context, c *tool.Call, _ struct{}) (struct{}, error) { return struct{}{}, fn(ctx, c) })
}

// access adds the raw tools to a catalog.
type access struct {
	*tool.Catalog
	raw map[string]mcp.ToolHandler
}

func (a access) Lookup(method, name string) (string, bool) {
	if _, ok := a.raw[name]; ok && method == "tools/call" {
		return "mcp:basic", true
	}
	if method == "resources/subscribe" && name == "test://watched" {
		return "mcp:basic", true
	}
	return a.Catalog.Lookup(method, name)
}

// now is the time of everything here; a test advances it.
func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.skew.Load())) }

func (w *world) advance(d time.Duration) { w.skew.Add(int64(d)) }

// breakStore makes every call of the store fail; mend ends it.
func (w *world) breakStore() {
	err := errors.New("dial 10.1.2.3: secret reason")
	w.failing.Store(&err)
}

func (w *world) mend() { w.failing.Store(nil) }

func (w *world) token(tenant, subject string, scopes ...string) string {
	if scopes == nil {
		scopes = []string{"mcp:basic", "session:read", "session:write"}
	}
	return w.issuer.Token(identitytest.Tenant(tenant), identitytest.Subject(subject), identitytest.Scopes(scopes...))
}

// request is an HTTP request with the headers that every good one has. headers are names
// and values in turn; they replace, and an empty value removes.
func (w *world) request(method, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, "/mcp", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+w.alice)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Del(headers[i])
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return r
}

func (w *world) do(r *http.Request) answer {
	recorder := httptest.NewRecorder()
	w.ServeHTTP(recorder, r)
	return answer{w.tb, recorder.Code, recorder.Header(), recorder.Body.String()}
}

func (w *world) post(body string, headers ...string) answer {
	return w.do(w.request(http.MethodPost, body, headers...))
}

// meta is the `_meta` of a modern request, without further members.
const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

// modernHeaders mirror a request of method about name.
func modernHeaders(method, name string) []string {
	return []string{"MCP-Protocol-Version", v2026, "Mcp-Method", method, "Mcp-Name", name}
}

// body is a request with id 1; params are the members of its params.
func body(method, params string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{` + params + `}}`
}

func withMeta(params string) string {
	if params == "" {
		return meta
	}
	return meta + "," + params
}

// modern posts a request of 2026-07-28.
func (w *world) modern(method, name, params string, headers ...string) answer {
	return w.post(body(method, withMeta(params)), append(modernHeaders(method, name), headers...)...)
}

// call calls a tool without arguments, in 2026-07-28.
func (w *world) call(name string, headers ...string) answer {
	return w.modern("tools/call", name, `"name":"`+name+`","arguments":{}`, headers...)
}

// open initializes and confirms a session of version, and returns its id.
func (w *world) open(version string, headers ...string) string {
	w.tb.Helper()
	id := w.initialize(version, headers...).header.Get("Mcp-Session-Id")
	a := w.legacy(id, version, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, headers...)
	if id == "" || a.status != http.StatusAccepted {
		w.tb.Fatalf("open a session of %s: %q, %d %s", version, id, a.status, a.body)
	}
	return id
}

func (w *world) initialize(version string, headers ...string) answer {
	return w.post(body("initialize", `"protocolVersion":"`+version+`","capabilities":{},"clientInfo":{"name":"test","version":"1"}`), headers...)
}

// legacy posts a message within a session.
func (w *world) legacy(id, version, message string, headers ...string) answer {
	return w.post(message, append([]string{"Mcp-Session-Id", id, "MCP-Protocol-Version", version}, headers...)...)
}

// legacyCall calls a tool without arguments, in a session of 2025-11-25.
func (w *world) legacyCall(id, name string, headers ...string) answer {
	return w.legacy(id, v2511, body("tools/call", `"name":"`+name+`","arguments":{}`), headers...)
}

// eras runs fn for both eras; call calls a tool without arguments.
func eras(t *testing.T, fn func(t *testing.T, start func(...func(*settings)) (w *world, call func(name string) answer))) {
	t.Helper()
	t.Run(v2026, func(t *testing.T) {
		t.Parallel()
		fn(t, func(change ...func(*settings)) (*world, func(string) answer) {
			w := newWorld(t, change...)
			return w, func(name string) answer { return w.call(name) }
		})
	})
	t.Run(v2511, func(t *testing.T) {
		t.Parallel()
		fn(t, func(change ...func(*settings)) (*world, func(string) answer) {
			w := newWorld(t, change...)
			id := w.open(v2511)
			return w, func(name string) answer { return w.legacyCall(id, name) }
		})
	})
}

// answer is what came back.
type answer struct {
	tb     testing.TB
	status int
	header http.Header
	body   string
}

// events are the data of a stream's events.
func (a answer) events() []string {
	a.tb.Helper()
	if got := a.header.Get("Content-Type"); got != "text/event-stream" {
		a.tb.Fatalf("not a stream but %q: %d %s", got, a.status, a.body)
	}
	var events []string
	for event := range strings.SplitSeq(strings.TrimSuffix(a.body, "\n\n"), "\n\n") {
		if event == ":" {
			continue
		}
		data, ok := strings.CutPrefix(event, "event: message\ndata: ")
		if !ok || strings.Contains(data, "\n") {
			a.tb.Fatalf("not an event: %q", event)
		}
		events = append(events, data)
	}
	return events
}

// response is a JSON-RPC response.
type response struct {
	ID     json.RawMessage
	Result json.RawMessage
	Error  struct {
		Code    int64
		Message string
		Data    json.RawMessage
	}
}

// rpc is the response, alone or as the last event of a stream.
func (a answer) rpc() response {
	a.tb.Helper()
	text := a.body
	if a.header.Get("Content-Type") == "text/event-stream" {
		events := a.events()
		text = events[len(events)-1]
	}
	var r response
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		a.tb.Fatalf("%d is no JSON-RPC response: %v: %s", a.status, err, a.body)
	}
	return r
}

// wants checks the status and the JSON-RPC error code; 0 is no error, or plain text.
func (a answer) wants(what string, status int, code int64) {
	a.tb.Helper()
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") && code == 0 {
		if a.status != status {
			a.tb.Errorf("%s: %d %s, want %d", what, a.status, a.body, status)
		}
		return
	}
	if a.status != status || a.rpc().Error.Code != code {
		a.tb.Errorf("%s: %d %s, want %d and code %d", what, a.status, a.body, status, code)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(tb testing.TB) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}
