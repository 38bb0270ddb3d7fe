package tenantsecret_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/apps/mcp/internal/example/standin"
	"leasehold.example/apps/mcp/internal/example/tenantsecret"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/session/memstore"
)

const prefix = "leasehold-dev"

// secrets are those of two tenants, of which one is named like the beginning of the other, and
// what must not be anybody's.
func secrets() map[string]string {
	return map[string]string{
		"leasehold-dev/tenant/tenant-acme/webhook":    "the secret of acme",
		"leasehold-dev/tenant/tenant-acme-eu/webhook": "the secret of acme-eu",
		"leasehold-dev/tenant/tenant-/webhook":        "the secret of a cut-off name",
		"leasehold-dev/tenant/webhook":                "the secret of no tenant",
		"leasehold-dev2/tenant/tenant-late/webhook":   "the secret of another stack",
	}
}

// aws is Secrets Manager on loopback.
func aws(t *testing.T) (*standin.Secrets, tenantsecret.Getter) {
	t.Helper()
	s := standin.NewSecrets(secrets())
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, standin.SecretsClient(server.URL)
}

func newServer(t *testing.T, issuer *identitytest.Issuer, s tenantsecret.Settings) *apptest.Server {
	t.Helper()
	return apptest.New(t, apptest.Options{
		Issuers: []*identitytest.Issuer{issuer}, Store: memstore.New(),
		More: fx.Options(tenantsecret.Module, fx.Decorate(func(tenantsecret.Settings) tenantsecret.Settings { return s })),
	})
}

func signature(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

// TestTool: every tenant signs with its own secret, whatever it asks for, and sees none.
func TestTool(t *testing.T) {
	t.Parallel()
	asked, client := aws(t)
	issuer := identitytest.NewIssuer(t, "https://issuer.example")
	s := newServer(t, issuer, tenantsecret.Settings{Prefix: prefix, Client: client})
	sign := func(tenant, arguments string) (string, bool) {
		token := issuer.Token(identitytest.Tenant(tenant), identitytest.Scopes("mcp:basic"))
		return s.Client(token).ToolModern(t, "webhook_sign", arguments).Text(t)
	}
	for range 2 {
		for tenant, secret := range map[string]string{"tenant-acme": "the secret of acme", "tenant-acme-eu": "the secret of acme-eu"} {
			if text, isError := sign(tenant, `{"body":"hello"}`); isError || !strings.Contains(text, signature(secret, "hello")) {
				t.Errorf("%s: %s", tenant, text)
			}
		}
		for _, tenant := range []string{"tenant-acm", "tenant-acme-", "tenant-acme.", "tenant-ACME", "tenant-late"} {
			const want = "your organisation has no webhook secret yet; an administrator has to set one"
			if text, isError := sign(tenant, `{"body":"hello"}`); !isError || text != want {
				t.Errorf("%s: %q, want %q", tenant, text, want)
			}
		}
	}
	if text, isError := sign("tenant-acme", `{"body":"hello","tenant":"tenant-acme-eu"}`); !isError {
		t.Errorf("a tenant is an argument: %s", text)
	}
	names := asked.Asked()
	if each := slices.Compact(slices.Sorted(slices.Values(names))); len(names) != 7 || len(each) != 7 {
		t.Errorf("%d requests for %d names, want one for each of seven tenants: %q", len(names), len(each), names)
	}
	for secret := range maps.Values(secrets()) {
		if strings.Contains(s.Log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	asked.SetDown(true)
	const want = "the webhook secret cannot be read now; try again later"
	if text, isError := sign("tenant-other", `{"body":"hello"}`); !isError || text != want {
		t.Errorf("AWS is down: %q", text)
	}
	if text, isError := sign("tenant-acme", `{"body":"hello"}`); isError {
		t.Errorf("AWS is down, and what is known is not used: %s", text)
	}
}

func acme() identity.Principal { return identity.Principal{Tenant: "tenant-acme"} }

// TestTime: a rotated secret, and one that is set late, are seen after five minutes.
func TestTime(t *testing.T) {
	t.Parallel()
	asked, client := aws(t)
	now := time.Now()
	s, err := tenantsecret.NewSecrets(client, prefix, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	late := identity.Principal{Tenant: "tenant-late"}
	want := func(p identity.Principal, want string) {
		t.Helper()
		got, err := s.Of(t.Context(), p, "webhook")
		if got != want || (want == "") != errors.Is(err, tenantsecret.ErrAbsent) {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	want(acme(), "the secret of acme")
	want(late, "")
	asked.Set("leasehold-dev/tenant/tenant-acme/webhook", "rotated")
	asked.Set("leasehold-dev/tenant/tenant-late/webhook", "set")
	now = now.Add(5*time.Minute - 1)
	want(acme(), "the secret of acme")
	want(late, "")
	now = now.Add(1)
	want(acme(), "rotated")
	want(late, "set")
}

// TestTrouble: what AWS fails to say is an error each time, not an absent secret.
func TestTrouble(t *testing.T) {
	t.Parallel()
	asked, client := aws(t)
	s, err := tenantsecret.NewSecrets(client, prefix, nil)
	if err != nil {
		t.Fatal(err)
	}
	asked.SetDown(true)
	for range 2 {
		if got, err := s.Of(t.Context(), acme(), "webhook"); got != "" || err == nil || errors.Is(err, tenantsecret.ErrAbsent) {
			t.Errorf("%q, %v", got, err)
		}
	}
	asked.SetDown(false)
	asked.Set("leasehold-dev/tenant/tenant-acme/webhook", "")
	if got, err := s.Of(t.Context(), acme(), "webhook"); got != "" || err == nil || errors.Is(err, tenantsecret.ErrAbsent) {
		t.Errorf("an empty secret: %q, %v", got, err)
	}
	before := len(asked.Asked())
	for _, tenant := range []string{"", "/", "tenant-acme/webhook", "../tenant-acme"} {
		if got, err := s.Of(t.Context(), identity.Principal{Tenant: tenant}, "webhook"); got != "" || err == nil {
			t.Errorf("tenant %q: %q, %v", tenant, got, err)
		}
	}
	if len(asked.Asked()) != before {
		t.Error("a tenant with a slash is asked for")
	}
}

// TestBound: of many tenants the memory holds some.
func TestBound(t *testing.T) {
	t.Parallel()
	asked, client := aws(t)
	s, err := tenantsecret.NewSecrets(client, prefix, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, round := range []int{0, 1} {
		for n := range 300 {
			p := identity.Principal{Tenant: fmt.Sprintf("tenant-%d", n)}
			if _, err := s.Of(t.Context(), p, "webhook"); !errors.Is(err, tenantsecret.ErrAbsent) {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	}
	if got := len(asked.Asked()); got != 600 {
		t.Errorf("%d requests: 300 tenants fit into the memory", got)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	issuer := identitytest.NewIssuer(t, "https://issuer.example")
	off := newServer(t, issuer, tenantsecret.Settings{})
	client := off.Client(issuer.Token(identitytest.Tenant("tenant-acme"), identitytest.Scopes("mcp:basic")))
	if text, isError := client.ToolModern(t, "webhook_sign", `{"body":"hello"}`).Text(t); !isError || text != "this server keeps no webhook secrets" {
		t.Errorf("without settings: %s", text)
	}
	for value, good := range map[string]bool{"leasehold-dev": true, "leasehold/dev": false, "-x": false, "a*": false, "a b": false} {
		_, client := aws(t)
		if _, err := (tenantsecret.Settings{Prefix: value, Client: client}).Open(); (err == nil) != good {
			t.Errorf("TENANT_SECRET_PREFIX=%s: %v", value, err)
		}
	}
}
