// Package pullrequest makes and destroys the stacks of pull requests: pr-12 for number 12, all with
// the settings of one file. Their number is bounded, and so is how long one stays.
package pullrequest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform/offline"
	"leasehold.example/stacks/inline"
)

// Stacks are those of one project and one account.
type Stacks struct {
	// Settings are of the file that all of them share; its stack's name is not looked at.
	Settings offline.Options
	Program  pulumi.RunFunc
	// SecretsProvider encrypts the secrets of a state, as in `pulumi stack init`. Empty is a passphrase.
	SecretsProvider string
	// Max is how many may exist, and MaxAge how long ago the last update of one may be.
	Max    int
	MaxAge time.Duration
	Now    func() time.Time
	// Out is told of the engine's progress.
	Out io.Writer
	// Workspace says where the engine and its backend are. Nil is what PATH and the environment say.
	Workspace []auto.LocalWorkspaceOption
}

// name is a pull request's stack. A leading zero would give one number two stacks.
var name = regexp.MustCompile(`^pr-(0|[1-9][0-9]*)$`)

// Name returns the name of the stack of a pull request, given as its number. It is short, as names in
// AWS are made of it.
func Name(number string) (string, error) {
	if n, err := strconv.Atoi(number); err != nil || n < 1 || n > 9_999_999 || number != strconv.Itoa(n) {
		return "", fmt.Errorf("want the number of a pull request, such as 12, got %q", number)
	}
	return "pr-" + number, nil
}

// Up makes or updates the stack of a pull request, and returns the URL of its MCP server. It refuses
// another stack when there are Max, before it makes anything.
func (s *Stacks) Up(ctx context.Context, number string) (url string, err error) {
	stack, err := Name(number)
	if err != nil {
		return "", err
	}
	if err := s.secretless(); err != nil {
		return "", err
	}
	existing, err := s.list(ctx)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(existing, func(e entry) bool { return e.name == stack }) && len(existing) >= s.Max {
		return "", fmt.Errorf("there are %d stacks of pull requests, and %d may be: %s; close a pull request, or destroy one with `make pr-down`",
			len(existing), s.Max, strings.Join(names(existing), ", "))
	}
	err = s.open(ctx, stack, func(opened auto.Stack) error {
		result, err := opened.Up(ctx, optup.ProgressStreams(s.Out))
		if err != nil {
			return err
		}
		url, _ = result.Outputs["mcpUrl"].Value.(string)
		return nil
	})
	if err == nil && url == "" {
		err = fmt.Errorf("stack %s has no output mcpUrl", stack)
	}
	return url, err
}

// secretless refuses settings that only the stack of the file could decrypt.
func (s *Stacks) secretless() error {
	if len(s.Settings.Secrets) == 0 {
		return nil
	}
	return fmt.Errorf("%s: is encrypted for the stack %s, and cannot be read for another one: want a plain value",
		strings.Join(s.Settings.Secrets, ", "), s.Settings.Stack)
}

// Down destroys the stack of a pull request and forgets it. Without one there is nothing to do.
func (s *Stacks) Down(ctx context.Context, number string) error {
	stack, err := Name(number)
	if err != nil {
		return err
	}
	existing, err := s.list(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(existing, func(e entry) bool { return e.name == stack }) {
		fmt.Fprintf(s.Out, "there is no stack %s: nothing to destroy\n", stack)
		return nil
	}
	return s.destroy(ctx, stack, func(time.Time) error { return nil })
}

// recent is more than what passes between the list of what is open and the sweep's begin: a stack may have been
// made after the one and before the other.
const recent = time.Hour

var errRecent = fmt.Errorf("it was updated less than %v before the sweep began, or since", recent)

// Sweep destroys the stacks whose pull request is not among open, and those that nobody has updated for
// MaxAge, but none that is in use: a recent one stays, and of one that is being updated the engine's lock is
// an error. (One that is made at this moment, and not locked yet, goes: its job fails, and nothing was in it.) It goes on after a failure; the error has all of them.
func (s *Stacks) Sweep(ctx context.Context, open []string) error {
	begun := s.Now()
	keep := map[string]bool{}
	for _, number := range open {
		stack, err := Name(number)
		if err != nil {
			return err
		}
		keep[stack] = true
	}
	existing, err := s.list(ctx)
	if err != nil {
		return err
	}
	if len(existing) == 0 {
		fmt.Fprintln(s.Out, "there are no stacks of pull requests")
	}
	var failures []error
	for _, e := range existing {
		why := ""
		switch age := begun.Sub(e.updated); {
		case !keep[e.name]:
			why = "its pull request is not open"
		case !e.updated.IsZero() && age > s.MaxAge:
			why = fmt.Sprintf("its last update was %v ago, and %v are allowed", age.Round(time.Hour), s.MaxAge)
		}
		if why == "" {
			fmt.Fprintf(s.Out, "%s stays\n", e.name)
			continue
		}
		err := s.destroy(ctx, e.name, func(updated time.Time) error {
			if updated.After(begun.Add(-recent)) {
				return errRecent
			}
			fmt.Fprintf(s.Out, "%s goes: %s\n", e.name, why)
			return nil
		})
		if errors.Is(err, errRecent) {
			fmt.Fprintf(s.Out, "%s stays: %v\n", e.name, errRecent)
			continue
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// destroy looks at what the stack holds before it destroys it, from its state alone, and asks whether it may
// with the time of the last update, which is zero before the first one.
func (s *Stacks) destroy(ctx context.Context, stack string, may func(updated time.Time) error) error {
	err := s.open(ctx, stack, func(opened auto.Stack) error {
		state, err := opened.Export(ctx)
		if err != nil {
			return err
		}
		var d apitype.DeploymentV3
		if err := json.Unmarshal(state.Deployment, &d); err != nil {
			return fmt.Errorf("its state cannot be read: %w", err)
		}
		if err := s.ours(d.Resources); err != nil {
			return err
		}
		if err := may(d.Manifest.Time); err != nil {
			return err
		}
		_, err = opened.Destroy(ctx, optdestroy.ProgressStreams(s.Out), optdestroy.Remove())
		return err
	})
	if err != nil {
		return fmt.Errorf("stack %s is not destroyed: %w", stack, err)
	}
	return nil
}

// entry is a stack that the backend has.
type entry struct {
	name    string
	updated time.Time // zero before the first update, when there is nothing in it
}

func names(all []entry) []string {
	var list []string
	for _, e := range all {
		list = append(list, e.name)
	}
	return list
}

// list are the stacks of pull requests that the backend has, in the order of their numbers. Others are
// nobody's business here.
func (s *Stacks) list(ctx context.Context) (all []entry, err error) {
	err = s.within(func(options []auto.LocalWorkspaceOption) error {
		w, err := auto.NewLocalWorkspace(ctx, options...)
		if err != nil {
			return err
		}
		stacks, err := w.ListStacks(ctx)
		if err != nil {
			return err
		}
		for _, stack := range stacks {
			if !name.MatchString(stack.Name) {
				continue
			}
			e := entry{name: stack.Name}
			if stack.LastUpdate != "" {
				if e.updated, err = time.Parse(time.RFC3339, stack.LastUpdate); err != nil {
					return fmt.Errorf("last update of %s: %w", stack.Name, err)
				}
			}
			all = append(all, e)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b entry) int { // pr-2 before pr-12
		return cmp.Or(cmp.Compare(len(a.name), len(b.name)), cmp.Compare(a.name, b.name))
	})
	return all, err
}

// open makes the stack where there is none and hands it over, with the settings that all have: an
// earlier run left its file elsewhere.
func (s *Stacks) open(ctx context.Context, stack string, use func(auto.Stack) error) error {
	settings, err := inline.Settings(s.Settings.Config)
	if err != nil {
		return err
	}
	return s.within(func(options []auto.LocalWorkspaceOption) error {
		options = append(options, auto.Stacks(map[string]workspace.ProjectStack{
			stack: {SecretsProvider: s.SecretsProvider, Config: settings},
		}))
		opened, err := auto.UpsertStackInlineSource(ctx, stack, s.Settings.Project, s.Program, options...)
		if err != nil {
			return err
		}
		return use(opened)
	})
}

// within gives a workspace to work in, as a directory of its own that goes with it: what the engine
// writes of a stack's settings is not the repository's.
func (s *Stacks) within(use func([]auto.LocalWorkspaceOption) error) (err error) {
	dir, err := os.MkdirTemp("", "pullrequest")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	options := append(slices.Clone(s.Workspace),
		auto.WorkDir(dir),
		auto.Project(workspace.Project{Name: tokens.PackageName(s.Settings.Project), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}))
	if s.SecretsProvider != "" {
		options = append(options, auto.SecretsProvider(s.SecretsProvider))
	}
	return use(options)
}
