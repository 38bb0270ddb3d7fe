package app

import (
	"context"
	"io"
	"os"

	"github.com/caarlos0/env/v11"
	"go.uber.org/dig"
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/lambdamain"
)

// RunLambda is the main function of a Lambda binary. It returns only when the function
// could not be started; everything that is wrong with the environment is one message.
func RunLambda(features fx.Option) {
	if err := runLambda(features); err != nil {
		Fail(os.Stderr, err)
	}
	os.Exit(1)
}

func runLambda(features fx.Option) error {
	environ := env.ToMap(os.Environ())
	lambdamain.UseMemory(environ)
	c, err := config.Load(environ)
	if err != nil {
		return err
	}
	var function Function
	parts := fx.New(Lambda(c, features, os.Stderr), fx.Populate(&function))
	if err := parts.Start(context.Background()); err != nil {
		return err
	}
	lambdamain.Start(function.Handler, parts.Stop)
	return nil
}

// Fail says why a binary does not run, without fx's account of the way there.
func Fail(w io.Writer, err error) { lambdamain.Fail(w, dig.RootCause(err)) }
