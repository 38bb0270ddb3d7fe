package e2e_test

import (
	"archive/zip"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/tests/e2e"
	"leasehold.example/tests/e2e/e2etest"
	"leasehold.example/tests/gateway"
)

// kinds are the stacks whose edge differs.
var kinds = map[string]e2etest.Kind{"dev": e2etest.Dev, "prod with a domain": e2etest.Prod, "edge http": e2etest.HTTP}

// TestCheck: each kind of stack runs as it is deployed.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := e2etest.Up(t, e2etest.Options(t, kind.State(t)))
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestIsolation: rules 9 and 28, behind each edge.
func TestIsolation(t *testing.T) {
	t.Parallel()
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e2e.TestIsolationOf(t, e2etest.Up(t, e2etest.Options(t, kind.With(e2etest.Unthrottled).State(t))))
		})
	}
}

// TestUpdate: a new zip is put in place under load, by a second `up` where that moves the alias.
// In prod CodeDeploy does (RULES 40), which is nobody's here: the state is edited instead.
func TestUpdate(t *testing.T) {
	t.Parallel()
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind, app := kind.With(e2etest.Unthrottled), "mcp"
			if name == "edge http" {
				app = "server"
			}
			var state, next []byte
			if archive := released(t, e2etest.Archive(t, app)); kind.Stack == e2etest.Prod.Stack {
				state = kind.State(t)
				next = e2etest.WithArchive(t, state, "mcp-function", archive)
			} else {
				state, next = kind.Updated(t, app, archive)
				if was, is := served(t, state), served(t, next); was == "" || was == is {
					t.Fatalf("the alias serves version %q, and after a second up with another zip %q", was, is)
				}
			}
			o := e2etest.Options(t, state)
			var cold atomic.Int64
			o.Served = func(r gateway.Record) {
				if r.Cold {
					cold.Add(1)
				}
			}
			e2e.TestUpdateOf(t, e2etest.Up(t, o), next, func() int { return int(cold.Load()) })
		})
	}
}

// served is the version behind the alias of the MCP server.
func served(t *testing.T, state []byte) (version string) {
	t.Helper()
	e2etest.Edit(t, state, "mcp-live", func(alias map[string]any) {
		outputs, _ := alias["outputs"].(map[string]any)
		version, _ = outputs["functionVersion"].(string)
	})
	return version
}

// released is a copy of an archive that has a file more.
func released(t *testing.T, archive string) string {
	t.Helper()
	in, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	path := filepath.Join(t.TempDir(), "next.zip")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	out := zip.NewWriter(file)
	for _, f := range in.File {
		err = errors.Join(err, out.Copy(f))
	}
	_, errMore := out.Create("RELEASE")
	if err := errors.Join(err, errMore, out.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestStrangers: tokens that are not good get nothing, whichever edge asks for them.
func TestStrangers(t *testing.T) {
	t.Parallel()
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, issuer := e2etest.WithIssuer(t, kind.With(e2etest.Unthrottled).State(t))
			s := e2etest.Up(t, o)
			token := func(changes ...identitytest.Change) []string {
				return []string{"Bearer " + issuer.Token(append([]identitytest.Change{
					identitytest.Claim("aud", s.MCPURL), identitytest.Scopes("mcp:basic"),
				}, changes...)...)}
			}
			good := token()[0]
			for what, tt := range map[string]struct {
				authorization []string
				query         string
				status        int
			}{
				"good":                   {[]string{good}, "", http.StatusOK},
				"of another audience":    {token(identitytest.Claim("aud", "https://other.example/mcp")), "", http.StatusUnauthorized},
				"expired":                {token(identitytest.Expires(time.Now().Add(-time.Hour))), "", http.StatusUnauthorized},
				"signed by somebody":     {token(identitytest.ForgedBy(identitytest.NewKey(t, "ES256"))), "", http.StatusUnauthorized},
				"of another issuer":      {token(identitytest.Claim("iss", "https://other.example")), "", http.StatusUnauthorized},
				"without a tenant":       {token(identitytest.Without("tenant")), "", http.StatusForbidden},
				"in the query (rule 4)":  {nil, "?access_token=" + strings.TrimPrefix(good, "Bearer "), http.StatusUnauthorized},
				"beside itself (rule 4)": {[]string{good, good}, "", http.StatusUnauthorized},
			} {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.MCPURL+tt.query, strings.NewReader(
					`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`))
				if err != nil {
					t.Fatal(err)
				}
				r.Header = http.Header{
					"Authorization": tt.authorization, "Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
					"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/list"},
				}
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = res.Body.Close()
				if res.StatusCode != tt.status {
					t.Errorf("a token %s: %d, want %d", what, res.StatusCode, tt.status)
				}
			}
		})
	}
}
