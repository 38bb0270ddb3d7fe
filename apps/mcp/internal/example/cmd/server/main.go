// Command server is cmd/server on a developer's machine with the tools of the examples, and with
// stand-ins on loopback for what they talk to. `make example` builds it; it is not deployed.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/app/local"
	"leasehold.example/apps/mcp/internal/example/onbehalf"
	"leasehold.example/apps/mcp/internal/example/standin"
	"leasehold.example/apps/mcp/internal/example/tenantsecret"
	"leasehold.example/libs/identity"
)

func main() {
	features, err := examples()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(local.Run(os.Args[1:], features))
}

// examples are the shipped tools and those of the examples. The authorization server of the
// invoices asks the verifier, which is there before the first request is.
func examples() (fx.Option, error) {
	var verifier *identity.Verifier
	invoices, err := standin.NewInvoices(func(ctx context.Context, token string) (identity.Principal, error) {
		return verifier.Verify(ctx, token)
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", invoices.Token)
	mux.HandleFunc("GET /invoices", invoices.List)
	mux.Handle("POST /{$}", standin.NewSecrets(map[string]string{
		"leasehold-local/tenant/acme/webhook":   "the secret of acme",
		"leasehold-local/tenant/globex/webhook": "the secret of globex",
	}))
	base, err := serve(mux)
	if err != nil {
		return nil, err
	}
	return fx.Options(
		app.Shipped, onbehalf.Module, tenantsecret.Module, fx.Populate(&verifier),
		fx.Decorate(
			func(onbehalf.Settings) onbehalf.Settings {
				return onbehalf.Settings{
					TokenURL: base + "/token", ClientID: standin.Client, Audience: standin.Audience, Scope: standin.Scope,
					APIURL: base, Insecure: true,
				}
			},
			func(tenantsecret.Settings) tenantsecret.Settings {
				return tenantsecret.Settings{Prefix: "leasehold-local", Client: standin.SecretsClient(base)}
			},
		),
	), nil
}

// serve listens on loopback until the process ends.
func serve(h http.Handler) (base string, err error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(l) }() // ends with the process
	return "http://" + l.Addr().String(), nil
}
