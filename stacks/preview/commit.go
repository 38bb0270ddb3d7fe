package preview

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// commandPackage is the package of the command in a checkout of this repository, whichever
// commit it is of. The flags that it is run with are part of the format (FormatVersion).
const commandPackage = "stacks/cmd/preview"

// previewOf is the report of a stack as a commit made it: that commit's command builds it in
// a worktree of its own, once; build/preview keeps it, because a commit never changes.
func previewOf(ctx context.Context, dir, commit, stack string) (*Report, error) {
	cached := filepath.Join(dir, "build", "preview", commit+"-"+stack+".json")
	if data, err := os.ReadFile(cached); err == nil {
		if r, err := decode(data); err == nil {
			return r, nil
		}
	}
	// An interrupted run must still remove its worktree.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	data, err := runCommit(ctx, dir, commit, stack)
	if err != nil {
		return nil, err
	}
	r, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("the preview of commit %.12s prints no JSON that this one can read: %w", commit, err)
	}
	return r, keep(cached, data)
}

func decode(data []byte) (*Report, error) {
	var r Report
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("decode a preview: %w", err)
	}
	return &r, nil
}

// keep writes a file at once: a run that is interrupted leaves no half of one.
func keep(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return fmt.Errorf("keep a preview: %w", err)
	}
	part := fmt.Sprintf("%s.%d", file, os.Getpid())
	if err := os.WriteFile(part, data, 0o600); err != nil {
		return fmt.Errorf("keep a preview: %w", err)
	}
	if err := os.Rename(part, file); err != nil {
		return fmt.Errorf("keep a preview: %w", err)
	}
	return nil
}

// runCommit builds and runs a commit's preview, and removes what it built.
func runCommit(ctx context.Context, dir, commit, stack string) (data []byte, err error) {
	scratch, err := os.MkdirTemp("", "leasehold-preview-")
	if err != nil {
		return nil, fmt.Errorf("make a place for commit %.12s: %w", commit, err)
	}
	tree := filepath.Join(scratch, "tree")
	defer func() {
		// Also when ctx has ended: git must forget the worktree, and no copy may stay.
		_, removed := run(context.WithoutCancel(ctx), dir, "git", "worktree", "remove", "--force", tree)
		if _, statErr := os.Stat(tree); errors.Is(statErr, fs.ErrNotExist) {
			removed = nil
		}
		err = errors.Join(err, removed, os.RemoveAll(scratch))
	}()
	if _, err := run(ctx, dir, "git", "worktree", "add", "--quiet", "--detach", tree, commit); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(tree, commandPackage)); err != nil {
		return nil, fmt.Errorf("commit %.12s has no %s: it is from before there were previews, so nothing can be compared with it", commit, commandPackage)
	}
	stacks, err := Stacks(tree)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(tree, "Pulumi."+stack+".yaml")); err != nil {
		return nil, fmt.Errorf("commit %.12s: %w", commit, &UnknownStackError{stack, stacks})
	}
	command := filepath.Join(scratch, "preview")
	if _, err := run(ctx, tree, "go", "build", "-buildvcs=false", "-o", command, "./"+commandPackage); err != nil {
		return nil, fmt.Errorf("commit %.12s: %w", commit, err)
	}
	data, err = run(ctx, tree, command, "-stack", stack, "-format", "json")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitFailed && len(data) > 0 {
		return data, nil // its mandatory findings are no reason not to compare with it
	}
	return data, err
}

// run returns what a command prints; its error has what it complained.
func run(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // git, go and what go built of a commit of this repository; no shell
	cmd.Dir = dir
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return out.Bytes(), fmt.Errorf("%s %s: %w: %s", filepath.Base(name), args[0], err, strings.TrimSpace(complaint.String()))
	}
	return out.Bytes(), nil
}

// resolve is the commit that a name stands for; ok is false when git knows none.
func resolve(ctx context.Context, dir, ref string) (commit string, ok bool) {
	out, err := run(ctx, dir, "git", "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	return strings.TrimSpace(string(out)), err == nil
}
