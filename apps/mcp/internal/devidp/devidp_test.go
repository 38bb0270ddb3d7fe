package devidp_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"leasehold.example/apps/mcp/internal/devidp"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/privatefile"
)

var scopes = []string{"mcp:basic", "notebook:read"}

func newIssuer(t *testing.T, addr, dir string) *devidp.Issuer {
	t.Helper()
	i, err := devidp.New(addr, devidp.Options{Dir: dir, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func mint(t *testing.T, i *devidp.Issuer, want ...string) string {
	t.Helper()
	token, err := i.Mint("acme", "user-1", want, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// serve runs the issuer's documents on a real loopback port and returns the issuer.
func serve(t *testing.T, dir string) *devidp.Issuer {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	i := newIssuer(t, server.Listener.Addr().String(), dir)
	i.Register(mux, map[string]string{"issuer": i.URL(), "jwks_uri": i.URL() + devidp.JWKSPath})
	return i
}

// A token of the local issuer is good to the verifier, by discovery over loopback.
func TestVerify(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	i := serve(t, dir)
	v, err := identity.NewVerifier(t.Context(), []identity.Issuer{i.Trust()}, identity.VerifierOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := v.Verify(t.Context(), mint(t, i))
	if err != nil {
		t.Fatal(err)
	}
	if p.Tenant != "acme" || p.Subject != "user-1" || p.Issuer != i.URL() || p.ClientID != devidp.ClientID || !slices.Equal(p.Scopes, scopes) {
		t.Errorf("principal = %+v", p)
	}
	if p, err := v.Verify(t.Context(), mint(t, i, "mcp:basic")); err != nil || !slices.Equal(p.Scopes, []string{"mcp:basic"}) {
		t.Errorf("with one scope: %v, %v", p.Scopes, err)
	}
	// The key lives in the directory: tokens outlive the issuer, and another directory's are worth nothing.
	addr := strings.TrimPrefix(i.URL(), "http://")
	if _, err := v.Verify(t.Context(), mint(t, newIssuer(t, addr, dir))); err != nil {
		t.Errorf("token after a restart: %v", err)
	}
	if _, err := v.Verify(t.Context(), mint(t, newIssuer(t, addr, t.TempDir()))); err == nil {
		t.Error("a token of another key is accepted")
	}
	if got := v.Advertised(); !slices.Equal(got, []string{i.URL()}) {
		t.Errorf("advertised issuers = %q", got)
	}
}

func TestNewRefusesAddress(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{
		"0.0.0.0:8080", ":8080", "[::]:8080", "192.168.1.10:8080", "10.0.0.1:8080", "example.com:8080", "localhost.example.com:8080",
		"LOCALHOST:8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:http", "127.0.0.1:65536", "[::1%lo]:8080", "",
		"127.0.0.1:8080/x", "user@127.0.0.1:8080", "0x7f.1:8080",
	} {
		dir := filepath.Join(t.TempDir(), "data")
		if _, err := devidp.New(addr, devidp.Options{Dir: dir}); err == nil {
			t.Errorf("%q is accepted", addr)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: a key was made for it", addr)
		}
	}
	for _, addr := range []string{"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.0.0.53:1"} {
		if _, err := devidp.New(addr, devidp.Options{Dir: t.TempDir()}); err != nil {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newIssuer(t, devidp.DefaultAddr, dir)
	path := filepath.Join(dir, "issuer-key.pem")
	if _, err := privatefile.Read(path); err != nil {
		t.Errorf("the key is not private: %v", err)
	}
	refused := func(name string) {
		t.Helper()
		if _, err := devidp.New(devidp.DefaultAddr, devidp.Options{Dir: dir}); err == nil {
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), "BEGIN") {
			t.Errorf("%s: the error quotes the key", name)
		}
	}
	if runtime.GOOS != "windows" {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		refused("readable by others")
	}
	for name, content := range map[string]string{
		"empty":     "",
		"not PEM":   "key",
		"not PKCS8": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"label":     "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
		// Ed25519, of RFC 8410 section 10.3.
		"another kind": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n",
	} {
		if err := privatefile.Replace(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		refused(name)
	}
}

// `make token` speaks for the server that ran last with the same data.
func TestLast(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	last := func() string {
		t.Helper()
		i, err := devidp.Last(devidp.Options{Dir: dir, Scopes: scopes})
		if err != nil {
			t.Fatal(err)
		}
		return i.URL()
	}
	if got := last(); got != "http://127.0.0.1:8080" {
		t.Errorf("before any server: %q, want the default", got)
	}
	server := newIssuer(t, "127.0.0.1:9090", dir)
	if got := last(); got != "http://127.0.0.1:8080" {
		t.Errorf("a server that does not listen yet changed the address to %q", got)
	}
	if err := server.Remember(); err != nil {
		t.Fatal(err)
	}
	if got := last(); got != "http://127.0.0.1:9090" {
		t.Errorf("after a server: %q, want its address", got)
	}
	const audience = "http://127.0.0.1:8090/live/mcp"
	elsewhere, err := devidp.New("127.0.0.1:9090", devidp.Options{Dir: dir, Scopes: scopes, Audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	if err := elsewhere.Remember(); err != nil {
		t.Fatal(err)
	}
	again, err := devidp.Last(devidp.Options{Dir: dir, Scopes: scopes})
	if err != nil || again.Audience() != audience || slices.Contains(again.Trust().Audiences, audience) {
		t.Errorf("an issuer for a server elsewhere: %v, %+v", err, again)
	}
	for name, content := range map[string]string{"malformed": "{", "elsewhere": `{"addr": "192.168.1.10:80"}`} {
		if err := privatefile.Replace(filepath.Join(dir, "server.json"), []byte(content)); err != nil {
			t.Fatal(err)
		}
		if _, err := devidp.Last(devidp.Options{Dir: dir}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMint(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	i, err := devidp.New("127.0.0.1:8080", devidp.Options{Dir: t.TempDir(), Scopes: scopes, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := i.Mint("acme", "user-1", nil, 90*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	claims := jwt.MapClaims{}
	token, _, err := jwt.NewParser().ParseUnverified(signed, claims)
	if err != nil {
		t.Fatal(err)
	}
	if token.Header["alg"] != "ES256" || token.Header["typ"] != "at+jwt" || token.Header["kid"] == "" {
		t.Errorf("header = %v", token.Header)
	}
	for name, want := range map[string]any{
		"iss": "http://127.0.0.1:8080", "aud": "http://127.0.0.1:8080/mcp", "sub": "user-1", "tenant": "acme",
		"client_id": "leasehold-local", "scope": "mcp:basic notebook:read",
		"iat": float64(now.Unix()), "exp": float64(now.Unix() + 5400),
	} {
		if claims[name] != want {
			t.Errorf("%s = %v, want %v", name, claims[name], want)
		}
	}
	if again, err := i.Mint("acme", "user-1", nil, 90*time.Minute); err != nil || again == signed {
		t.Errorf("two tokens are the same, or %v: they lack a jti", err)
	}
}

func TestMintRefuses(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, devidp.DefaultAddr, t.TempDir())
	for name, tc := range map[string]struct {
		field, tenant, subject string
		scopes                 []string
		ttl                    time.Duration
	}{
		"no tenant":         {field: "tenant", subject: "u", ttl: time.Hour},
		"leading dot":       {field: "tenant", tenant: ".acme", subject: "u", ttl: time.Hour},
		"slash":             {field: "tenant", tenant: "a/b", subject: "u", ttl: time.Hour},
		"hash":              {field: "tenant", tenant: "a#b", subject: "u", ttl: time.Hour},
		"line break":        {field: "tenant", tenant: "acme\n", subject: "u", ttl: time.Hour},
		"65 characters":     {field: "tenant", tenant: strings.Repeat("a", 65), subject: "u", ttl: time.Hour},
		"no subject":        {field: "subject", tenant: "acme", ttl: time.Hour},
		"long subject":      {field: "subject", tenant: "acme", subject: strings.Repeat("u", 256), ttl: time.Hour},
		"control character": {field: "subject", tenant: "acme", subject: "u\x00", ttl: time.Hour},
		"no UTF-8":          {field: "subject", tenant: "acme", subject: "u\xff", ttl: time.Hour},
		"invisible":         {field: "subject", tenant: "acme", subject: "u\u200b", ttl: time.Hour},
		"unknown scope":     {field: "scopes", tenant: "acme", subject: "u", scopes: []string{"mcp:basic", "admin"}, ttl: time.Hour},
		"empty scope":       {field: "scopes", tenant: "acme", subject: "u", scopes: []string{""}, ttl: time.Hour},
		"no time":           {field: "ttl", tenant: "acme", subject: "u"},
		"in the past":       {field: "ttl", tenant: "acme", subject: "u", ttl: -time.Hour},
		"under a second":    {field: "ttl", tenant: "acme", subject: "u", ttl: time.Millisecond},
	} {
		_, err := i.Mint(tc.tenant, tc.subject, tc.scopes, tc.ttl)
		var input *devidp.InputError
		if !errors.As(err, &input) || input.Field != tc.field {
			t.Errorf("%s: Mint = %v, want an InputError about %s", name, err, tc.field)
		}
	}
	if _, err := i.Mint(strings.Repeat("a", 64), strings.Repeat("u", 255), nil, time.Second); err != nil {
		t.Errorf("the largest and smallest that are allowed: %v", err)
	}
}

// The metadata is under both of its paths, and the key set holds public keys only.
func TestDocuments(t *testing.T) {
	t.Parallel()
	i := serve(t, t.TempDir())
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		var got map[string]any
		fetch(t, i.URL()+path, &got)
		if got["issuer"] != i.URL() || got["jwks_uri"] != i.URL()+"/.well-known/jwks.json" {
			t.Errorf("%s: %v", path, got)
		}
	}
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	fetch(t, i.URL()+"/.well-known/jwks.json", &set)
	if len(set.Keys) != 1 || set.Keys[0]["kty"] != "EC" || set.Keys[0]["use"] != "sig" || set.Keys[0]["alg"] != "ES256" || set.Keys[0]["kid"] == "" {
		t.Fatalf("key set = %v", set)
	}
	if _, private := set.Keys[0]["d"]; private {
		t.Error("the key set holds the private key")
	}
}

// A rotated key signs nothing more, its tokens stay good, and a running server needs no
// restart, whoever rotated.
func TestRotate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	i := serve(t, dir)
	v, err := identity.NewVerifier(t.Context(), []identity.Issuer{i.Trust()}, identity.VerifierOptions{})
	if err != nil {
		t.Fatal(err)
	}
	before := mint(t, i)
	if err := newIssuer(t, devidp.DefaultAddr, dir).Rotate(); err != nil {
		t.Fatal(err)
	}
	after := mint(t, i)
	if header(before) == header(after) {
		t.Error("the old key signs still")
	}
	for name, token := range map[string]string{"old": before, "new": after} {
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Errorf("the %s token: %v", name, err)
		}
		if client, inspected, err := i.Inspect(token); err != nil || client != devidp.ClientID || inspected.ID == "" {
			t.Errorf("the %s token is inspected as %q, %+v, %v", name, client, inspected, err)
		}
	}
	for range 9 { // as many as are kept, and one
		if err := i.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	fetch(t, i.URL()+"/.well-known/jwks.json", &set)
	if len(set.Keys) != 9 {
		t.Errorf("the key set holds %d keys, want the present one and 8 that it replaced", len(set.Keys))
	}
	if _, _, err := i.Inspect(before); err == nil {
		t.Error("a token of a forgotten key is good")
	}
	retired, err := privatefile.Read(filepath.Join(dir, "issuer-keys-retired.pem"))
	if err != nil || strings.Contains(string(retired), "PRIVATE") {
		t.Errorf("retired keys (%v) hold private ones", err)
	}
}

func header(token string) string {
	head, _, _ := strings.Cut(token, ".")
	return head
}

func fetch(t *testing.T, url string, into any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %s, %s", url, res.Status, res.Header.Get("Content-Type"))
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}

// Rule 32: a host allow-list on every route.
func TestHosts(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "127.0.0.1:8080", t.TempDir())
	if got, want := i.Hosts(), []string{"127.0.0.1:8080", "[::1]:8080", "localhost:8080"}; !slices.Equal(got, want) {
		t.Errorf("Hosts = %q, want %q", got, want)
	}
	mux := http.NewServeMux()
	i.Register(mux, map[string]string{})
	get := func(path, host string) int {
		r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w.Code
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"} {
		for _, host := range i.Hosts() {
			if code := get(path, host); code != http.StatusOK {
				t.Errorf("%s at %s: %d", path, host, code)
			}
		}
		for _, host := range []string{"evil.example", "evil.example:8080", "127.0.0.1:8081", "127.0.0.1", ""} {
			if code := get(path, host); code != http.StatusForbidden {
				t.Errorf("%s at %q: %d, want 403", path, host, code)
			}
		}
	}
	if code := get("/.well-known/jwks.json/x", "127.0.0.1:8080"); code != http.StatusNotFound {
		t.Errorf("a path below: %d, want 404", code)
	}
}
