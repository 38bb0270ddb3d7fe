package authserver_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold.example/apps/mcp/internal/devidp"
	"leasehold.example/apps/mcp/internal/devidp/authserver"
	"leasehold.example/apps/mcp/internal/devidp/pages"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

const (
	verifier = "a-code-verifier-of-at-least-forty-three-characters"
	callback = "http://127.0.0.1:4444/callback"
)

var scopes = []string{"mcp:basic", "notebook:read"}

// world is an authorization server on a port of its own, with a clock that tests move.
type world struct {
	base   string
	dir    string
	issuer *devidp.Issuer
	server *authserver.Server
	log    *lockedBuffer
	served *httptest.Server

	mu  sync.Mutex
	now time.Time
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) sleep(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// nobody has no sessions; the pages about them are not tested here.
type nobody struct{}

func (nobody) List(context.Context, identity.Owner) ([]session.Record, error) { return nil, nil }
func (nobody) RevokeRecord(context.Context, session.Record) error             { return nil }
func (nobody) RevokeOwner(context.Context, identity.Owner) (int, error)       { return 0, nil }

func newWorld(t *testing.T, documents http.RoundTripper) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), log: &lockedBuffer{}, now: time.Now()}
	w.served = httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(w.served.Close)
	w.start(t, documents)
	t.Cleanup(func() { _ = w.server.Close() })
	return w
}

// start serves on the port that newWorld has taken; the second call is a restart.
func (w *world) start(t *testing.T, documents http.RoundTripper) {
	t.Helper()
	var err error
	addr := w.served.Listener.Addr().String()
	w.base = "http://" + addr
	w.issuer, err = devidp.New(addr, devidp.Options{Dir: w.dir, Scopes: scopes, Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.server, err = authserver.New(authserver.Options{
		Issuer: w.issuer, Dir: w.dir, DefaultScopes: []string{"mcp:basic"}, Log: log, Now: w.clock, InsecureTransport: documents,
		Tools: map[string][]string{"mcp:basic": {"math"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	p, err := pages.New(pages.Config{
		Browser: w.server, Sessions: nobody{}, Endpoint: http.NotFoundHandler(), URL: w.issuer.Audience(),
		Token: w.server.Token, Hosts: w.issuer.Hosts(), Now: w.clock, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.server.Register(mux, p)
	p.Register(mux)
	// What is behind the guard tells which Authorization it was given.
	mux.HandleFunc("/mcp", func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, r.Header.Get("Authorization"))
	})
	w.served.Config.Handler = w.server.Guard(mux)
}

func (w *world) restart(t *testing.T) {
	t.Helper()
	if err := w.server.Close(); err != nil {
		t.Fatal(err)
	}
	w.start(t, nil)
}

// answer is a response that has been read.
type answer struct {
	*http.Response
	body string
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%s: %v in %q", a.Status, err, a.body)
	}
	return v
}

// location is where a redirect goes, without its query, and its query.
func (a answer) location(t *testing.T) (string, url.Values) {
	t.Helper()
	u, err := a.Location()
	if err != nil {
		t.Fatalf("%s: %v in %q", a.Status, err, a.body)
	}
	query := u.Query()
	u.RawQuery = ""
	return u.String(), query
}

func (w *world) do(t *testing.T, method, path, body string, header http.Header) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	if host := header.Get("Host"); host != "" {
		r.Host = host
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res, string(data)}
}

// form posts as a program does.
func (w *world) form(t *testing.T, path string, values url.Values) answer {
	t.Helper()
	return w.do(t, http.MethodPost, path, values.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
}

func (w *world) post(t *testing.T, path, body string) answer {
	t.Helper()
	return w.do(t, http.MethodPost, path, body, http.Header{"Content-Type": {"application/json"}})
}

// register returns the id of a new public client.
func (w *world) register(t *testing.T) string {
	t.Helper()
	a := w.post(t, "/register", `{"client_name":"a test","redirect_uris":["`+callback+`"],
		"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none"}`)
	if a.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %s", a.Status, a.body)
	}
	id, _ := a.json(t)["client_id"].(string)
	return id
}

// asks are the parameters of a good authorization request; changes replace some, and an
// empty list of values leaves one out.
func (w *world) asks(client string, changes url.Values) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {client}, "redirect_uri": {callback}, "state": {"a state"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
		"resource": {w.issuer.Audience()}, "scope": {"mcp:basic notebook:read"},
	}
	maps.Copy(query, changes)
	maps.DeleteFunc(query, func(_ string, v []string) bool { return len(v) == 0 })
	return query
}

// browser is a browser with its cookie.
type browser struct {
	*world
	cookie string
}

func (b *browser) keep(a answer) answer {
	for _, c := range a.Cookies() {
		b.cookie = c.Name + "=" + c.Value
	}
	return a
}

func (b *browser) get(t *testing.T, path string) answer {
	t.Helper()
	return b.keep(b.do(t, http.MethodGet, path, "", http.Header{"Cookie": {b.cookie}}))
}

func (b *browser) submit(t *testing.T, path string, values url.Values) answer {
	t.Helper()
	return b.keep(b.do(t, http.MethodPost, path, values.Encode(), http.Header{
		"Cookie": {b.cookie}, "Origin": {b.base}, "Content-Type": {"application/x-www-form-urlencoded"},
	}))
}

var inputs = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// hidden are the hidden fields of a page's forms.
func hidden(a answer) url.Values {
	values := url.Values{}
	for _, m := range inputs.FindAllStringSubmatch(a.body, -1) {
		values.Set(m[1], html.UnescapeString(m[2]))
	}
	return values
}

// signIn follows an authorization request to the page that asks for consent.
func (b *browser) signIn(t *testing.T, query url.Values, person string) answer {
	t.Helper()
	a := b.get(t, "/authorize?"+query.Encode())
	_, next, ok := strings.Cut(a.Header.Get("Refresh"), "url=")
	if !ok {
		t.Fatalf("%s: %s", a.Status, a.body)
	}
	page := b.get(t, next)
	if strings.Contains(page.body, `value="allow"`) {
		return page // signed in already
	}
	values := hidden(page)
	values.Set(pages.FieldPerson, person)
	if a := b.submit(t, "/signin", values); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("sign-in: %s: %s", a.Status, a.body)
	}
	return b.get(t, next)
}

// allow answers a page that asks for consent.
func (b *browser) allow(t *testing.T, page answer, granted ...string) answer {
	t.Helper()
	values := hidden(page)
	values.Set(pages.FieldDecision, pages.DecisionAllow)
	values[pages.FieldScope] = granted
	return b.submit(t, "/consent", values)
}

// code has a person consent to everything.
func (w *world) code(t *testing.T, client, person string) string {
	t.Helper()
	b := &browser{world: w}
	_, query := b.allow(t, b.signIn(t, w.asks(client, nil), person), scopes...).location(t)
	if query.Get("code") == "" {
		t.Fatalf("no code: %v", query)
	}
	return query.Get("code")
}

func redemption(client, code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "client_id": {client}, "code": {code},
		"redirect_uri": {callback}, "code_verifier": {verifier},
	}
}

func refreshment(client, token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {client}, "refresh_token": {token}}
}

// tokens are what the token endpoint gives.
type tokens struct{ access, refresh, scope string }

func (w *world) given(t *testing.T, a answer) tokens {
	t.Helper()
	if a.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", a.Status, a.body)
	}
	v := a.json(t)
	text := func(name string) string { s, _ := v[name].(string); return s }
	return tokens{text("access_token"), text("refresh_token"), text("scope")}
}

// signedIn are the tokens of a person who went all the way.
func (w *world) signedIn(t *testing.T, client string) tokens {
	t.Helper()
	return w.given(t, w.form(t, "/token", redemption(client, w.code(t, client, "acme/alice"))))
}

// refused wants an error of the token endpoint and no token.
func refused(t *testing.T, a answer, status int, code string) {
	t.Helper()
	if v := a.json(t); a.StatusCode != status || v["error"] != code || v["access_token"] != nil || v["refresh_token"] != nil {
		t.Errorf("%s: %s, want %d %s", a.Status, a.body, status, code)
	}
}

// good reports whether an access token passes the guard as it is.
func (w *world) good(t *testing.T, token string) bool {
	t.Helper()
	a := w.do(t, http.MethodPost, "/mcp", "", http.Header{"Authorization": {"Bearer " + token}})
	return a.body == "Bearer "+token
}
