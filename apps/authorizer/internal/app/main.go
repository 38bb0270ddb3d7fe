package app

import (
	"context"
	"os"

	"github.com/caarlos0/env/v11"
	"go.uber.org/dig"
	"go.uber.org/fx"

	"leasehold.example/apps/authorizer/internal/authorizer"
	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/lambdamain"
)

// RunLambda is the main function of a Lambda binary; more is added to what it wires. It
// returns only when the function could not be started; everything that is wrong with the
// environment is one message.
func RunLambda(more ...fx.Option) {
	if err := runLambda(more...); err != nil {
		lambdamain.Fail(os.Stderr, dig.RootCause(err))
	}
	os.Exit(1)
}

func runLambda(more ...fx.Option) error {
	environ := env.ToMap(os.Environ())
	lambdamain.UseMemory(environ)
	c, err := config.LoadAuthorizer(environ)
	if err != nil {
		return err
	}
	var a *authorizer.Authorizer
	parts := fx.New(Lambda(c, os.Stderr), fx.Options(more...), fx.Populate(&a))
	if err := parts.Start(context.Background()); err != nil {
		return err
	}
	lambdamain.Start(a.Authorize, parts.Stop)
	return nil
}
