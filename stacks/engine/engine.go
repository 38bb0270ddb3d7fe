// Package engine runs a Pulumi program on the real engine without a network: the CLI that
// `make .tools/pulumi` builds, a backend of files, and package standin in the place of
// pulumi-aws.
//
// The program is inline (https://www.pulumi.com/docs/iac/automation-api/): it runs in this
// process, so the engine needs no language host. The plugin is this executable as well: Main
// must be the first call of a main function, or of a TestMain, that uses the package.
package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/stacks/internal/standin"
)

// PolicyPlugin is the executable that the engine starts for a policy pack in Go when it
// has no language host for Go.
const PolicyPlugin = "pulumi-analyzer-policy-go"

// Main is the provider plugin, and ends the process, when the engine started this
// executable as one. Otherwise it returns at once.
func Main() {
	if filepath.Base(os.Args[0]) != standin.Plugin {
		return
	}
	if err := standin.Serve(os.Getenv(standin.CloudVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Options say what runs where. All are required but those that say otherwise.
type Options struct {
	// CLI is the path of the Pulumi command line, of the SDK's version.
	CLI string
	// Dir holds state, cloud and plugins. A directory that was used before goes on where
	// it stopped; an empty one is an empty account.
	Dir            string
	Project, Stack string
	// Config has the stack's settings under their full keys ("leasehold:edge"): text, and
	// JSON for objects. Absent settings are the program's defaults.
	Config map[string]string
	// Secrets are the keys of Config that the backend encrypts; nil for none.
	Secrets []string
	Program pulumi.RunFunc
	// Plugins are further executables for the engine, as paths by the names that it looks
	// for; nil for none.
	Plugins map[string]string
}

// Stack is a program with its state and its cloud.
type Stack struct {
	stack auto.Stack
	cloud standin.Cloud
}

// Open makes the stack where it does not exist. Its configuration becomes exactly that of
// the options.
func Open(ctx context.Context, o Options) (*Stack, error) {
	workspaceOptions, err := Workspace(o)
	if err != nil {
		return nil, err
	}
	work := filepath.Join(o.Dir, "work")
	if err := os.MkdirAll(work, 0o700); err != nil {
		return nil, err
	}
	stack, err := auto.UpsertStackInlineSource(ctx, o.Stack, o.Project, o.Program, append(workspaceOptions,
		auto.WorkDir(work),
		auto.Project(workspace.Project{Name: tokens.PackageName(o.Project), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}),
	)...)
	if err != nil {
		return nil, fmt.Errorf("opening stack %s: %w", o.Stack, err)
	}
	if err := configure(ctx, &stack, o); err != nil {
		return nil, err
	}
	return &Stack{stack: stack, cloud: cloud(o)}, nil
}

func cloud(o Options) standin.Cloud { return standin.Cloud(filepath.Join(o.Dir, "cloud")) }

// Workspace returns what puts an inline stack of anybody's onto this engine and its cloud. Of the
// options it takes CLI, Dir and Plugins.
func Workspace(o Options) ([]auto.LocalWorkspaceOption, error) {
	bin := filepath.Join(o.Dir, "cli", "bin")
	for _, dir := range []string{string(cloud(o)), bin, filepath.Join(o.Dir, "backend")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	command, err := install(o, bin)
	if err != nil {
		return nil, err
	}
	return []auto.LocalWorkspaceOption{
		auto.Pulumi(command),
		auto.PulumiHome(filepath.Join(o.Dir, "home")),
		auto.EnvVars(map[string]string{
			// Nothing but what install put there: neither a plugin nor a language host of
			// this machine.
			"PATH":                     bin,
			standin.CloudVariable:      string(cloud(o)),
			"PULUMI_BACKEND_URL":       "file://" + filepath.Join(o.Dir, "backend"),
			"PULUMI_CONFIG_PASSPHRASE": "", // the state holds nothing real
			"PULUMI_SKIP_UPDATE_CHECK": "true",
			"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION":   "true",
			"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
		}),
	}, nil
}

// install links the CLI and the plugins where the Automation API and the CLI look for them.
func install(o Options, bin string) (auto.PulumiCommand, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cli, err := filepath.Abs(o.CLI)
	if err != nil {
		return nil, err
	}
	links := map[string]string{"pulumi": cli, standin.Plugin: self}
	maps.Copy(links, o.Plugins)
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(bin, name)); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, err
		}
	}
	command, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: filepath.Dir(bin)})
	if err != nil {
		return nil, fmt.Errorf("the Pulumi command line %s: %w", o.CLI, err)
	}
	return command, nil
}
