package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/fx"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
)

func deployedConfig(t *testing.T, change map[string]string) config.Config {
	t.Helper()
	environ := apptest.Environ(t, identitytest.NewIssuer(t, "https://issuer.example").Trust())
	for name, value := range change {
		environ[name] = value
	}
	c, err := config.Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGraphs: nothing is missing from what the deployed binaries wire.
func TestGraphs(t *testing.T) {
	t.Parallel()
	c := deployedConfig(t, nil)
	if err := fx.ValidateApp(app.Lambda(c, app.Shipped, io.Discard), fx.Invoke(func(app.Function) {})); err != nil {
		t.Errorf("Lambda: %v", err)
	}
	if err := fx.ValidateApp(app.Container(c, app.Shipped, io.Discard)); err != nil {
		t.Errorf("container: %v", err)
	}
	// And that a test of this kind can fail.
	if err := fx.ValidateApp(app.Lambda(c, fx.Options(), io.Discard), fx.Invoke(func(app.Function) {})); err == nil {
		t.Error("a server without features is valid")
	}
}

// TestFunction: the response mode chooses the kind of the Lambda's handler, and making one
// needs no network.
func TestFunction(t *testing.T) {
	t.Parallel()
	for mode, want := range map[config.ResponseMode]string{
		config.Buffered: "*lambdahttp.buffered", config.Streaming: "func(context.Context, json.RawMessage) (io.Reader, error)",
	} {
		var f app.Function
		c := deployedConfig(t, map[string]string{config.EnvResponseMode: string(mode)})
		if err := fx.New(app.Lambda(c, app.Shipped, io.Discard), fx.Populate(&f)).Err(); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%T", f.Handler); got != want {
			t.Errorf("%s: %s, want %s", mode, got, want)
		}
	}
}

// TestOrder: what serves starts last and stops first, so that no request meets a store that
// is not open yet or is closed already; and a listener that fails to open keeps everything
// else from starting.
func TestOrder(t *testing.T) {
	t.Parallel()
	c := deployedConfig(t, map[string]string{config.EnvListenAddr: "127.0.0.1:0"})
	var (
		order []string
		addr  string
	)
	note := func(what string) func() { return func() { order = append(order, what) } }
	serving := func() string {
		l, err := app.Listen(t.Context(), addr)
		if err != nil {
			return " while the port is taken"
		}
		_ = l.Close()
		return ""
	}
	parts := fx.New(
		app.Container(c, app.Shipped, io.Discard),
		fx.Decorate(func(lc fx.Lifecycle) session.Store {
			lc.Append(fx.StartStopHook(note("store opened"), func() { order = append(order, "store closed"+serving()) }))
			return memstore.New()
		}),
		fx.Invoke(func(l app.Listener) { addr = l.Addr().String() }),
	)
	if err := parts.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	res, err := http.Get("http://" + addr + "/healthz")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("it does not answer: %v", err)
	} else {
		_ = res.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	if err := parts.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(order, ", "), "store opened, store closed"; got != want {
		t.Errorf("order: %s, want %s", got, want)
	}
}

// TestPortTaken: the second server on a port says so, in one line that a person can read.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	l, err := app.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := deployedConfig(t, map[string]string{config.EnvListenAddr: l.Addr().String()})
	parts := fx.New(app.Container(c, app.Shipped, io.Discard))
	err = parts.Start(t.Context())
	if err == nil {
		t.Fatal("it started")
	}
	var out bytes.Buffer
	app.Fail(&out, err)
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "leasehold: ") || !strings.Contains(got, l.Addr().String()) {
		t.Errorf("it says %q", got)
	}
}

// TestFail: everything that is wrong with an environment reaches the reader.
func TestFail(t *testing.T) {
	t.Parallel()
	_, err := config.Load(map[string]string{config.EnvTable: "!"})
	var out bytes.Buffer
	app.Fail(&out, err)
	for _, name := range []string{config.EnvPublicURL, config.EnvIssuers, config.EnvTable, config.EnvSealSecretARN} {
		if !strings.Contains(out.String(), name) {
			t.Errorf("%s is not in %q", name, out.String())
		}
	}
	out.Reset()
	app.Fail(&out, errors.New("plain"))
	if got := out.String(); got != "leasehold: plain\n" {
		t.Errorf("it says %q", got)
	}
}

// TestScopes: tokens of the local issuer can have every scope that something needs.
func TestScopes(t *testing.T) {
	t.Parallel()
	scopes, err := app.Scopes(deployedConfig(t, nil))
	if err != nil || strings.Join(scopes, " ") != strings.Join(allScopes, " ") {
		t.Errorf("scopes %q (%v), want %q", scopes, err, allScopes)
	}
}
