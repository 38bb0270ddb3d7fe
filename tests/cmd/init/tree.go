package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/mod/modfile"
)

// tree is what git tracks below the working directory.
type tree struct {
	files  []string // with slashes, sorted
	commit string   // short; empty before the first commit
	// module and name are whose the tree is now.
	module, name string
}

func git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", args...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("git %s: %s", args[0], bytes.TrimSpace(exit.Stderr))
	}
	return string(out), err
}

func readTree(ctx context.Context) (*tree, error) {
	list, err := git(ctx, "ls-files", "-z")
	if err != nil {
		return nil, fmt.Errorf("want a clone made with git, so that what is changed can be seen and taken back: %w", err)
	}
	t := &tree{files: strings.FieldsFunc(list, func(r rune) bool { return r == 0 })}
	if commit, err := git(ctx, "rev-parse", "--short=12", "HEAD"); err == nil {
		t.commit = strings.TrimSpace(commit)
	}
	libs, err := os.ReadFile("libs/go.mod")
	if err != nil {
		return nil, fmt.Errorf("want the root of the repository: %w", err)
	}
	project, err := os.ReadFile("Pulumi.yaml")
	if err != nil {
		return nil, fmt.Errorf("want the root of the repository: %w", err)
	}
	t.module = strings.TrimSuffix(modfile.ModulePath(libs), "/libs")
	for line := range strings.Lines(string(project)) {
		if name, ok := strings.CutPrefix(line, "name: "); ok {
			t.name = strings.TrimSpace(name)
		}
	}
	return t, nil
}

// accepts refuses to rename what has been renamed to something else: unlike the first name, the
// present one may be a word that the tree has for other reasons.
func (t *tree) accepts(to identity) error {
	if t.module == oldModule && t.name == oldName || t.module == to.module && t.name == to.name {
		return nil
	}
	return fmt.Errorf("this is %s, named %s, already. A second name is not given: go back to the commit before the first make init, or to a fresh clone",
		t.module, t.name)
}

// clean refuses a tree with changes, which could not be told from those of init.
func (t *tree) clean(ctx context.Context) error {
	status, err := git(ctx, "status", "--porcelain", "--", ".")
	if err != nil {
		return err
	}
	if status != "" {
		return errors.New("want a tree without changes: commit or stash them (git status lists them); after a make init that was interrupted, git restore . takes its changes back")
	}
	return nil
}

// read returns a tracked file; nil when it is no regular file, or gone.
func read(name string) ([]byte, fs.FileMode, error) {
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	content, err := os.ReadFile(name)
	return content, info.Mode().Perm(), err
}
