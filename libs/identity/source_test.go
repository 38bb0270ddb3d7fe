package identity_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold.example/libs/identity"
	it "leasehold.example/libs/identity/identitytest"
)

// overHTTP trusts issuers over real sockets, through the guarded transport.
func overHTTP(t *testing.T, trust identity.Issuer) *identity.Verifier {
	t.Helper()
	v, err := identity.NewVerifier(t.Context(), []identity.Issuer{trust}, identity.VerifierOptions{
		DefaultAudience: it.Audience,
		Logger:          slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		url    string
		silent string // the path of a metadata document that the issuer lacks
		asked  []string
	}{
		"OpenID Connect": {"https://a.example", "", []string{"/.well-known/openid-configuration"}},
		"RFC 8414": {
			"https://a.example", "/.well-known/openid-configuration",
			[]string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"},
		},
		"OpenID Connect with a path": {"https://a.example/pool", "", []string{"/pool/.well-known/openid-configuration"}},
		"RFC 8414 with a path": {
			"https://a.example/pool", "/pool/.well-known/openid-configuration",
			[]string{"/pool/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/pool"},
		},
		"trailing slash": {
			"https://a.example/", "/.well-known/openid-configuration",
			[]string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			iss := it.NewIssuer(t, c.url)
			if c.silent != "" {
				iss.Override(c.silent, http.NotFoundHandler())
			}
			mustVerify(t, verifierOf(t, iss), iss.Token())
			for _, path := range c.asked {
				if iss.Requests(path) != 1 {
					t.Errorf("%s was asked %d times", path, iss.Requests(path))
				}
			}
			if n := iss.Requests(""); n != len(c.asked)+1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestConfiguredKeysNeedNoDiscovery(t *testing.T) {
	t.Parallel()
	iss := it.NewIssuer(t, "https://a.example")
	v := verifierOf(t, iss, func(i *identity.Issuer) { i.JWKSURL = "https://a.example/jwks" })
	mustVerify(t, v, iss.Token())
	if iss.Requests("") != 1 || iss.Requests("/jwks") != 1 {
		t.Error("discovery in spite of jwks_url")
	}
}

// Rule 17: metadata that names another issuer, or keys where keys may not be, is no
// metadata.
func TestBadMetadata(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]any{
		"other issuer":         map[string]any{"issuer": "https://b.example", "jwks_uri": "https://a.example/jwks"},
		"trailing slash":       map[string]any{"issuer": "https://a.example/", "jwks_uri": "https://a.example/jwks"},
		"no issuer":            map[string]any{"jwks_uri": "https://a.example/jwks"},
		"no keys":              map[string]any{"issuer": "https://a.example"},
		"keys over http":       map[string]any{"issuer": "https://a.example", "jwks_uri": "http://a.example/jwks"},
		"keys in a file":       map[string]any{"issuer": "https://a.example", "jwks_uri": "file:///etc/keys"},
		"keys with a password": map[string]any{"issuer": "https://a.example", "jwks_uri": "https://u:p@a.example/jwks"},
		"relative keys":        map[string]any{"issuer": "https://a.example", "jwks_uri": "/jwks"},
		"not an object":        []int{1},
	} {
		t.Run("rule 17 "+name, func(t *testing.T) {
			t.Parallel()
			iss := it.NewIssuer(t, "https://a.example")
			iss.Override("/.well-known/openid-configuration", it.JSON(document))
			iss.Override("/.well-known/oauth-authorization-server", it.JSON(document))
			wantProblem(t, verifierOf(t, iss), iss.Token(), identity.Unavailable)
			if fetches(iss) != 0 {
				t.Error("the keys were fetched all the same")
			}
		})
	}
}

// Google's keys, for one, are on another host than the issuer. The issuer says so itself.
func TestKeysOnAnotherHost(t *testing.T) {
	t.Parallel()
	iss, keys := it.NewIssuer(t, "https://a.example"), it.NewIssuer(t, "https://keys.example")
	keys.PublishOnly(iss.SigningKey())
	iss.Override("/.well-known/openid-configuration",
		it.JSON(map[string]any{"issuer": iss.URL(), "jwks_uri": "https://keys.example/jwks"}))
	mustVerify(t, newVerifier(t, []identity.Issuer{iss.Trust()}, iss, keys), iss.Token())
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		to   string
		want identity.Problem
	}{
		"same host":                  {"https://a.example/jwks", 0},
		"rule 17 another host":       {"https://b.example/jwks", identity.Unavailable},
		"rule 17 another port":       {"https://a.example:444/jwks", identity.Unavailable},
		"rule 17 down to http":       {"http://a.example/jwks", identity.Unavailable},
		"rule 17 round and round":    {"https://a.example/moved", identity.Unavailable},
		"rule 17 to the metadata":    {"http://169.254.169.254/latest/meta-data/", identity.Unavailable},
		"rule 17 to a file, if ever": {"file:///etc/passwd", identity.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			iss, other := it.NewIssuer(t, "https://a.example"), it.NewIssuer(t, "https://b.example")
			other.PublishOnly(iss.SigningKey())
			iss.Override("/moved", http.RedirectHandler(c.to, http.StatusFound))
			trust := iss.Trust()
			trust.JWKSURL = "https://a.example/moved"
			v := newVerifier(t, []identity.Issuer{trust}, iss, other)
			if c.want == 0 {
				mustVerify(t, v, iss.Token())
			} else {
				wantProblem(t, v, iss.Token(), c.want)
			}
			if other.Requests("") != 0 {
				t.Error("rule 17: the other host was asked")
			}
			if n := iss.Requests("/moved"); n > 1+identity.MaxRedirects {
				t.Errorf("rule 17: %d requests in a circle", n)
			}
		})
	}
}

// Rule 17: at most 1 MiB is read, and only of a 200.
func TestDocumentLimits(t *testing.T) {
	t.Parallel()
	padded := func(size int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[]}` + strings.Repeat(" ", size-len(`{"keys":[]}`))))
		})
	}
	for name, c := range map[string]struct {
		keys http.Handler
		want identity.Problem
	}{
		"just fits":       {padded(identity.MaxDocument), identity.InvalidToken},
		"rule 17 too big": {padded(identity.MaxDocument + 1), identity.Unavailable},
		"not 200": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write([]byte(`{"keys":[]}`))
		}), identity.Unavailable},
	} {
		iss := it.NewIssuer(t, "https://a.example")
		iss.Override("/jwks", c.keys)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantProblem(t, verifierOf(t, iss), iss.Token(), c.want)
		})
	}
}

func TestLoopbackIssuer(t *testing.T) {
	t.Parallel()
	iss := it.Serve(t)
	mustVerify(t, overHTTP(t, iss.Trust()), iss.Token())
}

// Rule 17: an issuer whose name leads to this machine is not dialled, unless it is the
// local one. The check is on the address itself, which no name can hide.
func TestPrivateAddressIsNotDialled(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		iss := it.NewIssuer(t, "https://"+host+":"+port)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := overHTTP(t, iss.Trust()).Verify(ctx, iss.Token())
		cancel()
		if e, ok := errors.AsType[*identity.Error](err); !ok || e.Problem != identity.Unavailable {
			t.Errorf("%s: %v", host, err)
		}
	}
	ours, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ours.Close() }()
	first, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	if first.RemoteAddr().String() != ours.LocalAddr().String() {
		t.Error("rule 17: the private address was dialled")
	}
}

func TestMetadataURLs(t *testing.T) {
	t.Parallel()
	got := identity.MetadataURLs("https://a.example:8443/one/two/")
	want := []string{
		"https://a.example:8443/one/two/.well-known/openid-configuration",
		"https://a.example:8443/.well-known/oauth-authorization-server/one/two",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
