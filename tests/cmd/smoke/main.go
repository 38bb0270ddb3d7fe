// Command smoke asks a deployed server for what a client meets first, in a minute at most:
//
//	smoke https://mcp.example.com/mcp
//
// With TOKEN in the environment, or what package pipeline makes tokens of, it calls a tool as well.
// A line is printed for each check; one that fails makes the exit status 1.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"leasehold.example/tests/pipeline"
	"leasehold.example/tests/smoke"
)

// bound is for all checks together.
const bound = time.Minute

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "smoke:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one URL, got %d arguments", len(args))
	}
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	token := os.Getenv("TOKEN")
	if token == "" {
		var err error
		if token, _, err = pipeline.Tokens(os.Getenv, args[0], time.Now()); err != nil {
			return err
		}
	}
	fmt.Println(args[0])
	return (&smoke.Server{URL: args[0], Token: token, Now: time.Now, Out: os.Stdout}).Run(ctx)
}
