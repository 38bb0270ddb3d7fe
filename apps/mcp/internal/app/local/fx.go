package local

import (
	"context"
	"io"
	"net/http"

	"go.uber.org/fx"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/devidp"
	"leasehold.example/libs/session"
)

// Server serves features on loopback.
func Server(c config.Config, o Options, features fx.Option, log io.Writer) fx.Option {
	return fx.Options(
		app.Base(c, log), app.Common, features, app.Serving,
		fx.Supply(o),
		fx.Provide(
			openKeys, newIssuer, localIssuers, localHosts,
			func(lc fx.Lifecycle) (session.Store, error) {
				store, err := openStore(o)
				if err != nil {
					return nil, err
				}
				lc.Append(fx.StopHook(store.Close))
				return store, nil
			},
			func() (app.Listener, error) { return app.Listen(context.Background(), o.Addr) },
		),
		fx.Invoke(func(mux *http.ServeMux, i *devidp.Issuer) error { return i.Register(mux) }),
		fx.Invoke(func(lc fx.Lifecycle, i *devidp.Issuer) {
			lc.Append(fx.StartHook(func() error {
				welcome(o, i)
				return i.Remember()
			}))
		}),
	)
}
