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

// tree is what git tracks of a directory.
type tree struct {
	dir    string
	root   *os.Root // nothing is read or written outside it
	files  []string // with slashes, sorted
	commit string   // short; empty before the first commit
	// module and name are whose the tree is now.
	module, name string
}

func (t *tree) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", t.dir}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C") // what it says goes into a sentence of ours
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("git %s: %s", args[0], bytes.TrimSpace(exit.Stderr))
	}
	return string(out), err
}

func openTree(ctx context.Context, dir string) (*tree, error) {
	t := &tree{dir: dir}
	list, err := t.git(ctx, "ls-files", "-z")
	if err != nil {
		return nil, fmt.Errorf("want a clone made with git, so that what is changed can be seen and taken back: %w", err)
	}
	t.files = strings.FieldsFunc(list, func(r rune) bool { return r == 0 })
	if commit, err := t.git(ctx, "rev-parse", "--short=12", "HEAD"); err == nil {
		t.commit = strings.TrimSpace(commit)
	}
	if t.root, err = os.OpenRoot(dir); err != nil {
		return nil, err
	}
	if err := t.readIdentity(); err != nil {
		t.root.Close()
		return nil, fmt.Errorf("want the root of the repository: %w", err)
	}
	return t, nil
}

func (t *tree) readIdentity() error {
	libs, err := t.root.ReadFile("libs/go.mod")
	if err != nil {
		return err
	}
	project, err := t.root.ReadFile("Pulumi.yaml")
	if err != nil {
		return err
	}
	t.module = strings.TrimSuffix(modfile.ModulePath(libs), "/libs")
	for line := range strings.Lines(string(project)) {
		if name, ok := strings.CutPrefix(line, "name: "); ok {
			t.name = strings.TrimSpace(name)
		}
	}
	return nil
}

// accepts refuses to rename what has been renamed to something else: unlike the first name, the
// present one may be a word that the tree has for other reasons.
func (t *tree) accepts(to identity) error {
	if (t.module == oldModule || t.module == to.module) && (t.name == oldName || t.name == to.name) {
		return nil // one old and one new: it was interrupted
	}
	return fmt.Errorf("this is %s, named %s, already. A second name is not given: go back to the commit before the first make init, or to a fresh clone",
		t.module, t.name)
}

// clean refuses a tree with changes, which could not be told from those of init.
func (t *tree) clean(ctx context.Context) error {
	status, err := t.git(ctx, "status", "--porcelain", "--", ".")
	if err != nil {
		return err
	}
	if status != "" {
		return errors.New("want a tree without changes: commit or stash them (git status lists them); after a make init that was interrupted, git restore . takes its changes back")
	}
	return nil
}

// read returns a tracked file; nil when it is no regular file, or gone.
func (t *tree) read(name string) ([]byte, fs.FileMode, error) {
	info, err := t.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	content, err := t.root.ReadFile(name)
	return content, info.Mode().Perm(), err
}

// replace writes beside the file and renames, so that a file is the old or the new one, never half.
func (t *tree) replace(c change) error {
	beside := c.name + ".init"
	if err := t.root.WriteFile(beside, c.content, c.mode); err != nil {
		return err
	}
	return t.root.Rename(beside, c.name)
}
