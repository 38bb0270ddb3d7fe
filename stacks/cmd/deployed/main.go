// Command deployed writes the state that `pulumi up` would leave, of a stack that is
// deployed to nowhere: the real engine runs the real program, and package standin is AWS.
//
//	go run ./stacks/cmd/deployed -stack dev -o state.json [-set key=value ...] [-root dir]
//
// It runs in the root of the repository and needs .tools/pulumi and the archives of
// `make lambda`, or others in build/ of another root, whose age is then not looked at.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"leasehold.example/stacks/engine"
	"leasehold.example/stacks/preview"
	"leasehold.example/stacks/program"
)

func main() {
	engine.Main()
	stack := flag.String("stack", "", "whose Pulumi.<stack>.yaml; required")
	out := flag.String("o", "", "the file to write; required")
	root := flag.String("root", "", "whose build/*.zip to deploy; absent is the working directory's")
	keep := flag.String("keep", "", "the directory that the stack stays in, for a next run to update it; absent is one that goes")
	set := overrides{}
	flag.Var(set, "set", "a `key=value` in place of the stack's, as in leasehold:edge=http; without a value the stack has none")
	flag.Parse()
	if err := deploy(context.Background(), *stack, *out, *root, *keep, set); err != nil {
		fmt.Fprintln(os.Stderr, "deployed:", err)
		os.Exit(1)
	}
}

// overrides are settings by their full keys.
type overrides map[string]string

// String is part of flag.Value.
func (o overrides) String() string { return fmt.Sprint(map[string]string(o)) }

// Set is part of flag.Value.
func (o overrides) Set(s string) error {
	key, value, ok := strings.Cut(s, "=")
	if !ok || !strings.Contains(key, ":") {
		return errors.New("want namespace:key=value")
	}
	o[key] = value
	return nil
}

// apply changes what a stack's file says.
func (o overrides) apply(config map[string]string) {
	for key, value := range o {
		if config[key] = value; value == "" {
			delete(config, key)
		}
	}
}

func deploy(ctx context.Context, stack, out, archives, dir string, set overrides) error {
	if out == "" {
		return fmt.Errorf("-o: the file to write is required")
	}
	settings, err := preview.ReadStack(".", stack, nil)
	if err != nil {
		return err
	}
	set.apply(settings.Config)
	root, err := os.Getwd() // the program's archives, wherever the engine runs it
	if err != nil {
		return err
	}
	deployed := program.Program{Root: root}
	if archives != "" {
		if archives, err = filepath.Abs(archives); err != nil {
			return err
		}
		deployed = program.Program{Root: archives, WithoutArchives: true}
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "deployed"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	} else if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	s, err := engine.Open(ctx, engine.Options{
		CLI: filepath.Join(root, ".tools", "pulumi"), Dir: dir, Project: settings.Project, Stack: stack,
		Config: settings.Config, Secrets: settings.Secrets, Program: deployed.Deploy,
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
