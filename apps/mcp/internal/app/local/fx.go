package local

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"go.uber.org/fx"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/devidp"
	"leasehold.example/apps/mcp/internal/devidp/authserver"
	"leasehold.example/apps/mcp/internal/devidp/pages"
	"leasehold.example/libs/session"
)

// Server serves features on loopback.
func Server(c config.Config, o Options, features fx.Option, log io.Writer) fx.Option {
	return fx.Options(
		app.Base(c, log), app.Common, features,
		fx.Supply(o, app.Metrics(false)),
		fx.Provide(
			openKeys, newIssuer, localIssuers, localHosts, toolsByScope, newPages,
			func(lc fx.Lifecycle) (session.Store, error) {
				store, err := openStore(o)
				if err != nil {
					return nil, err
				}
				lc.Append(fx.StopHook(store.Close))
				return store, nil
			},
			func(lc fx.Lifecycle, i *devidp.Issuer, tools scopeTools, log *slog.Logger) (*authserver.Server, error) {
				server, err := newAuthServer(o, c, i, tools, log)
				if err != nil {
					return nil, err
				}
				lc.Append(fx.StopHook(server.Close))
				return server, nil
			},
			func() (app.Listener, error) { return app.Listen(context.Background(), o.Addr) },
		),
		fx.Decorate(func(s *http.Server, a *authserver.Server) *http.Server {
			s.Handler = a.Guard(s.Handler)
			return s
		}),
		fx.Invoke(func(mux *http.ServeMux, a *authserver.Server, p *pages.Pages) {
			a.Register(mux, p)
			p.Register(mux)
		}),
		fx.Invoke(func(lc fx.Lifecycle, i *devidp.Issuer, a *authserver.Server) {
			lc.Append(fx.StartHook(func() error {
				if err := i.Remember(); err != nil {
					return err
				}
				welcome(o, i, a.MachineClients())
				return nil
			}))
		}),
		app.Serving, // last, so that what is printed is there before the first answer
	)
}
