package onbehalf_test

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/apps/mcp/internal/example/onbehalf"
	"leasehold.example/apps/mcp/internal/example/standin"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/session/memstore"
)

// wire is a listener that keeps every byte that comes in.
type wire struct {
	net.Listener

	mu       sync.Mutex
	received bytes.Buffer
}

func (l *wire) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return heard{c, l}, err
}

type heard struct {
	net.Conn

	wire *wire
}

func (h heard) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	h.wire.mu.Lock()
	defer h.wire.mu.Unlock()
	h.wire.received.Write(p[:n])
	return n, err
}

func (l *wire) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.received.String()
}

// serve listens with a handler that the test may replace before the first request.
func serve(t *testing.T, h *http.HandlerFunc) (url string, heard *wire) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*h)(w, r) }))
	heard = &wire{Listener: s.Listener}
	s.Listener = heard
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, heard
}

// world is the whole server with the tool, an authorization server and an API.
type world struct {
	*apptest.Server

	issuer    *identitytest.Issuer
	token     http.HandlerFunc // what the two answer with
	list      http.HandlerFunc
	tokenWire *wire
	apiWire   *wire
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{issuer: identitytest.NewIssuer(t, "https://issuer.example")}
	verifier, err := identity.NewVerifier(t.Context(), apptest.Trust(w.issuer), identity.VerifierOptions{
		DefaultAudience: identitytest.Audience, InsecureTransport: identitytest.Transport(w.issuer),
	})
	if err != nil {
		t.Fatal(err)
	}
	invoices, err := standin.NewInvoices(verifier.Verify)
	if err != nil {
		t.Fatal(err)
	}
	w.token, w.list = invoices.Token, invoices.List
	s := onbehalf.Settings{ClientID: standin.Client, Audience: standin.Audience, Scope: standin.Scope, Insecure: true}
	s.TokenURL, w.tokenWire = serve(t, &w.token)
	s.APIURL, w.apiWire = serve(t, &w.list)
	w.Server = newServer(t, w.issuer, s)
	return w
}

func newServer(t *testing.T, issuer *identitytest.Issuer, s onbehalf.Settings) *apptest.Server {
	t.Helper()
	return apptest.New(t, apptest.Options{
		Issuers: []*identitytest.Issuer{issuer}, Store: memstore.New(),
		More: fx.Options(onbehalf.Module, fx.Decorate(func(onbehalf.Settings) onbehalf.Settings { return s })),
	})
}

// person is a token and what has it.
func (w *world) person(tenant, subject string) (apptest.Client, string) {
	token := w.issuer.Token(identitytest.Tenant(tenant), identitytest.Subject(subject), identitytest.Scopes("mcp:basic"))
	return w.Client(token), token
}

// TestOnBehalf: in either era the API hears a token of its own for the right person, and not one
// byte of the caller's.
func TestOnBehalf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alice, hers := w.person("tenant-acme", "alice")
	carol, theirs := w.person("tenant-globex", "carol")
	for _, who := range []struct {
		client apptest.Client
		want   string
	}{{alice, `"TENANT-ACME-alice-1"`}, {carol, `"TENANT-GLOBEX-carol-1"`}} {
		session := who.client.Open(t, "test")
		for _, a := range []apptest.Answer{who.client.ToolModern(t, "invoices_list", "{}"), who.client.Tool(t, session, "invoices_list", "{}")} {
			if text, isError := a.Text(t); isError || !strings.Contains(text, who.want) {
				t.Errorf("%s, want %s", text, who.want)
			}
		}
	}
	asked, heard := w.tokenWire.String(), w.apiWire.String()
	if n := strings.Count(asked, "POST "); n != 2 || !strings.Contains(asked, hers) || !strings.Contains(asked, theirs) {
		t.Errorf("%d exchanges for two people with four calls:\n%s", n, asked)
	}
	if n := strings.Count(heard, "Authorization: Bearer "); n != 4 {
		t.Errorf("the API heard %d tokens, want 4:\n%s", n, heard)
	}
	for _, token := range []string{hers, theirs} {
		for part := range strings.SplitSeq(token, ".") {
			if strings.Contains(heard, part) && !strings.HasPrefix(token, part) { // all JWTs begin alike
				t.Errorf("the API heard a part of the caller's token:\n%s", heard)
			}
		}
		if strings.Contains(heard, token) || strings.Contains(w.Log.String(), token) {
			t.Error("the API or the log has the caller's token")
		}
	}
	for line := range strings.Lines(heard) {
		if upstream, ok := strings.CutPrefix(line, "Authorization: Bearer "); ok && strings.Contains(w.Log.String(), strings.TrimSpace(upstream)) {
			t.Error("the log has the API's token")
		}
	}
}

// TestForward: the API believes no token of the MCP server's issuer, so that a server which
// passed one on would not work.
func TestForward(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.person("tenant-acme", "alice")
	r := httptest.NewRequest(http.MethodGet, "/invoices", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	rec := httptest.NewRecorder()
	w.list(rec, r)
	if rec.Code != http.StatusUnauthorized {
		t.Errorf("the caller's own token: %d", rec.Code)
	}
}

// TestTrouble: whatever goes wrong beyond this server is a tool error in fixed words.
func TestTrouble(t *testing.T) {
	t.Parallel()
	const (
		refused     = "the invoices are not open to you: your sign-in is not accepted there, or lacks a right"
		unavailable = "the invoices cannot be reached now; try again later"
	)
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
			text := `{"error":"invalid_target","error_description":"secret words"}`
			if r.Method == http.MethodGet {
				text = "[]" // what an API with that status must not be believed
			}
			_, _ = w.Write([]byte(text))
		}
	}
	body := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
	}
	gone := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for name, tt := range map[string]struct {
		token, list http.HandlerFunc // nil is the good one
		want        string
	}{
		"no exchange for this person": {token: status(http.StatusBadRequest), want: refused},
		"token endpoint busy":         {token: status(http.StatusServiceUnavailable), want: unavailable},
		"token endpoint gone":         {token: gone, want: unavailable},
		"token endpoint babbles":      {token: body("<html>"), want: unavailable},
		"API refuses the token":       {list: status(http.StatusUnauthorized), want: refused},
		"API refuses the person":      {list: status(http.StatusForbidden), want: refused},
		"API busy":                    {list: status(http.StatusServiceUnavailable), want: unavailable},
		"API moved":                   {list: status(http.StatusTemporaryRedirect), want: unavailable},
		"API gone":                    {list: gone, want: unavailable},
		"API babbles":                 {list: body("secret words"), want: unavailable},
		"API talks without end":       {list: body(`[{"number":"` + strings.Repeat("1", 1<<20) + `"}]`), want: unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.token != nil {
				w.token = tt.token
			}
			if tt.list != nil {
				w.list = tt.list
			}
			alice, _ := w.person("tenant-acme", "alice")
			text, isError := alice.ToolModern(t, "invoices_list", "{}").Text(t) // demands 200
			if !isError || text != tt.want {
				t.Errorf("%q, want %q", text, tt.want)
			}
			if n := strings.Count(w.apiWire.String(), "GET "); n > 1 || tt.token != nil && n > 0 {
				t.Errorf("the API was asked %d times", n)
			}
		})
	}
}

// TestOff: without settings the tool says so, and nobody is asked.
func TestOff(t *testing.T) {
	t.Parallel()
	issuer := identitytest.NewIssuer(t, "https://issuer.example")
	s := newServer(t, issuer, onbehalf.Settings{Scope: standin.Scope})
	client := s.Client(issuer.Token(identitytest.Tenant("tenant-acme"), identitytest.Scopes("mcp:basic")))
	if text, isError := client.ToolModern(t, "invoices_list", "{}").Text(t); !isError || text != "this server is not connected to the invoices" {
		t.Errorf("without settings: %s", text)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	good := onbehalf.Settings{
		TokenURL: "https://tokens.example/token", APIURL: "https://invoices.example",
		ClientID: "c", Audience: "a", Scope: "s",
	}
	for name, tt := range map[string]struct {
		change func(*onbehalf.Settings)
		want   []string // what the error names
	}{
		"good":  {func(*onbehalf.Settings) {}, nil},
		"http":  {func(s *onbehalf.Settings) { s.TokenURL, s.APIURL = "http://a.example", "http://b.example" }, []string{"ONBEHALF_TOKEN_URL", "ONBEHALF_API_URL"}},
		"local": {func(s *onbehalf.Settings) { s.Insecure = true }, []string{"ONBEHALF_TOKEN_URL", "ONBEHALF_API_URL"}},
		"alone": {func(s *onbehalf.Settings) { *s = onbehalf.Settings{SecretARN: "arn"} }, []string{"ONBEHALF_TOKEN_URL", "ONBEHALF_API_URL", "ONBEHALF_CLIENT_ID", "ONBEHALF_AUDIENCE", "ONBEHALF_SCOPE"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := good
			tt.change(&s)
			err := s.Check()
			if (err == nil) != (tt.want == nil) {
				t.Fatalf("the error is %v", err)
			}
			if missing := slices.DeleteFunc(tt.want, func(name string) bool { return strings.Contains(err.Error(), name+": ") }); len(missing) > 0 {
				t.Errorf("%v does not name %q", err, missing)
			}
		})
	}
}
