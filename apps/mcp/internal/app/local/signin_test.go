package local

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leasehold.example/apps/mcp/internal/app/apptest"
)

// running is a started server.
func running(t *testing.T) Options {
	t.Helper()
	o := Options{Addr: freeAddr(t), Data: t.TempDir(), Out: io.Discard}
	s := newServer(t, o)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return o
}

func ask(t *testing.T, r *http.Request) (status int, body string) {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

// Rule 32: a Host allow-list on every route of the server, those of the resource server
// and those that do not exist included.
func TestHosts(t *testing.T) {
	t.Parallel()
	o := running(t)
	for _, path := range []string{
		"/mcp", "/healthz", "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp",
		"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/.well-known/jwks.json",
		"/authorize", "/signin", "/consent", "/token", "/revoke", "/register", "/", "/sessions", "/try", "/style.css", "/nowhere",
	} {
		for _, host := range []string{"attacker.example", "localhost", "127.0.0.1:1"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+o.Addr+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			if status, _ := ask(t, r); status != http.StatusForbidden {
				t.Errorf("%s at %s: %d, want 403", path, host, status)
			}
		}
	}
}

// TestRevokedToken: the resource server refuses an access token that was revoked, with the
// challenge that every bad token gets.
func TestRevokedToken(t *testing.T) {
	t.Parallel()
	o := running(t)
	secret, err := os.ReadFile(filepath.Join(o.Data, "machine-globex.secret"))
	if err != nil {
		t.Fatal(err)
	}
	post := func(path string, values url.Values) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+o.Addr+path, strings.NewReader(values.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("machine-globex", strings.TrimSpace(string(secret)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		status, body := ask(t, r)
		if status != http.StatusOK {
			t.Fatalf("%s: %d: %s", path, status, body)
		}
		return body
	}
	var given struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(post("/token", url.Values{"grant_type": {"client_credentials"}})), &given); err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	machine := apptest.Client{URL: "http://" + o.Addr + "/mcp", Token: given.Token, Transport: transport}
	if got := machine.ToolModern(t, "whoami", "{}").Member(t, "tenant"); got != "globex" {
		t.Errorf("the machine is of %q", got)
	}
	post("/revoke", url.Values{"token": {given.Token}})
	a := machine.ToolModern(t, "whoami", "{}")
	if a.Status != http.StatusUnauthorized || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("revoked: %d, %q", a.Status, a.Header.Get("WWW-Authenticate"))
	}
}
