// Command pr makes and destroys the stacks of pull requests:
//
//	pr -settings preview up 12
//	pr -settings preview down 12
//	pr -settings preview sweep "12 14"
//
// It runs in the root of the repository, with `pulumi` on PATH and its backend in the environment;
// `make pr-up` and its like build it. Up prints the server's URL, and gives it to later steps of a
// workflow as the output url.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"leasehold.example/stacks/preview"
	"leasehold.example/stacks/program"
	"leasehold.example/stacks/pullrequest"
)

func main() {
	settings := flag.String("settings", "", "whose Pulumi.<settings>.yaml all of them have; required")
	limit := flag.Int("max", 0, "how many may exist; required")
	age := flag.Duration("max-age", 0, "how long ago the last update of one may be; required")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *settings, *limit, *age, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "pr:", err)
		os.Exit(1) //nolint:gocritic // stop has nothing left to do
	}
}

func run(ctx context.Context, settings string, limit int, age time.Duration, args []string) error {
	if len(args) != 2 || limit < 1 || age <= 0 {
		return fmt.Errorf("want -settings, -max above 0, -max-age above 0, and then up, down or sweep with a value, got %q", args)
	}
	read, err := preview.ReadStack(".", settings, nil)
	if err != nil {
		return err
	}
	root, err := os.Getwd() // the archives', wherever the engine works
	if err != nil {
		return err
	}
	stacks := &pullrequest.Stacks{
		Settings: read, Program: program.Program{Root: root, Settings: read.Config}.Deploy, SecretsProvider: os.Getenv("SECRETS_PROVIDER"),
		Max: limit, MaxAge: age, Now: time.Now, Out: os.Stdout,
	}
	switch args[0] {
	case "up":
		url, err := stacks.Up(ctx, args[1])
		if err != nil {
			return err
		}
		fmt.Println(url)
		return output(os.Getenv("GITHUB_OUTPUT"), "url", url)
	case "down":
		return stacks.Down(ctx, args[1])
	case "sweep":
		return stacks.Sweep(ctx, strings.Fields(args[1]))
	default:
		return fmt.Errorf("want up, down or sweep, got %q", args[0])
	}
}

// output appends an output to the file of a workflow's step; without a file there is no workflow.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-output-parameter
func output(file, name, value string) error {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the file that the workflow runner names
	if err != nil {
		return fmt.Errorf("output %s: %w", name, err)
	}
	if _, err := fmt.Fprintf(f, "%s=%s\n", name, value); err != nil {
		return fmt.Errorf("output %s: %w", name, err)
	}
	return f.Close()
}
