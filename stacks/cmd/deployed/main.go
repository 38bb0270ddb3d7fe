// Command deployed writes the state that `pulumi up` would leave, of a stack that is
// deployed to nowhere: the real engine runs the real program, and package standin is AWS.
//
//	go run ./stacks/cmd/deployed -stack dev -o state.json
//
// It runs in the root of the repository and needs .tools/pulumi and the archives of
// `make lambda`.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"leasehold.example/stacks/engine"
	"leasehold.example/stacks/preview"
	"leasehold.example/stacks/program"
)

func main() {
	engine.Main()
	stack := flag.String("stack", "", "whose Pulumi.<stack>.yaml; required")
	out := flag.String("o", "", "the file to write; required")
	flag.Parse()
	if err := deploy(context.Background(), *stack, *out); err != nil {
		fmt.Fprintln(os.Stderr, "deployed:", err)
		os.Exit(1)
	}
}

func deploy(ctx context.Context, stack, out string) error {
	if out == "" {
		return fmt.Errorf("-o: the file to write is required")
	}
	settings, err := preview.ReadStack(".", stack, nil)
	if err != nil {
		return err
	}
	root, err := os.Getwd() // the program's archives, wherever the engine runs it
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "deployed")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := engine.Open(ctx, engine.Options{
		CLI: filepath.Join(root, ".tools", "pulumi"), Dir: dir, Project: settings.Project, Stack: stack,
		Config: settings.Config, Secrets: settings.Secrets, Program: program.Program{Root: root}.Deploy,
	})
	if err != nil {
		return err
	}
	if _, err := s.Up(ctx); err != nil {
		return err // it has all that the engine printed
	}
	state, err := s.Export(ctx)
	if err != nil {
		return err
	}
	return os.WriteFile(out, append(state, '\n'), 0o600)
}
