package local

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/caarlos0/env/v11"
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/devidp"
)

// stopMargin is what a server that was told to stop has beyond the time of one request.
const stopMargin = 5 * time.Second

// Run is the main function of a server binary and returns its exit code. It ends on
// SIGINT and SIGTERM.
func Run(args []string, features fx.Option) int {
	o := Options{Out: os.Stdout}
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	local := flags.Bool("local", false, "serve on loopback, with an embedded store and a local issuer")
	flags.StringVar(&o.Addr, "addr", devidp.DefaultAddr, "with -local: the `address` to listen on")
	rotate := flags.Bool("rotate-key", false, "with -data: make a new signing key, which a running server notices, and exit")
	flags.StringVar(&o.Data, "data", defaultData, "with -local: the `directory` of store and keys")
	flags.StringVar(&o.Audience, "audience", "", "with -local: the MCP `url` that tokens are for, of a server that trusts this issuer; its own when empty")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(os.Stderr, "server: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	if *rotate {
		return rotateKey(o, os.Stderr)
	}
	server, err := options(*local, o, features, os.Stderr)
	if err != nil {
		app.Fail(os.Stderr, err)
		return 1
	}
	return serve(fx.New(server))
}

// rotateKey makes a new signing key for whatever server has the data directory.
func rotateKey(o Options, log io.Writer) int {
	_, err := os.Stat(o.Data)
	if err != nil { // a typing mistake, which must not look like a rotation
		app.Fail(log, err)
		return 1
	}
	i, err := devidp.Last(devidp.Options{Dir: o.Data})
	if err == nil {
		err = i.Rotate()
	}
	if err != nil {
		app.Fail(log, err)
		return 1
	}
	_, _ = fmt.Fprintln(log, "there is a new signing key in "+o.Data) // it is there in any case
	return 0
}

func options(local bool, o Options, features fx.Option, log io.Writer) (fx.Option, error) {
	environ := env.ToMap(os.Environ())
	if local {
		c, err := config.LoadLocal(environ, o.Addr)
		return fx.Options(Server(c, o, features, log), stopsWithin(c)), err
	}
	c, err := config.Load(environ)
	return fx.Options(app.Container(c, features, log), stopsWithin(c)), err
}

// stopsWithin leaves every request that has begun its time.
func stopsWithin(c config.Config) fx.Option { return fx.StopTimeout(c.RequestTimeout + stopMargin) }

func serve(server *fx.App) int {
	// Listens for signals from here on: one that comes while the server starts stops it too.
	stopped := server.Wait()
	if err := server.Start(context.Background()); err != nil {
		app.Fail(os.Stderr, err)
		return 1
	}
	signal := <-stopped
	ctx, cancel := context.WithTimeout(context.Background(), server.StopTimeout())
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		app.Fail(os.Stderr, err)
		return 1
	}
	return signal.ExitCode
}
