// Command prcomment prints the comment of a pull request: what each stack would become, what the
// policies find, coverage and benchmarks. `make pr-comment` runs it, from the repository's root.
//
//	prcomment [-against origin/main] -- dev staging prod
//
// Its first line is always Marker. The comment is printed whole also when it fails, which it
// does when a stack has a mandatory finding or cannot be previewed.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Marker is by which a workflow finds the comment that it wrote before, among those of the same author.
const Marker = "<!-- pull-request-report -->"

// command is what a run needs.
type command struct {
	dir     string // of the repository
	preview string // the program of stacks/cmd/preview, relative to dir
	against string // a commit; empty: nothing is compared
}

func main() {
	c := command{dir: "."}
	flag.StringVar(&c.against, "against", "", "a commit to compare with")
	flag.StringVar(&c.preview, "preview", "build/local/preview", "the preview program")
	flag.Parse()
	if err := c.run(context.Background(), os.Stdout, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "pr-comment:", err)
		os.Exit(1)
	}
}

func (c command) run(ctx context.Context, w io.Writer, stacks []string) error {
	if len(stacks) == 0 {
		return errors.New("no stack to preview")
	}
	var sections []section
	var failed []string
	for _, stack := range stacks {
		s, ok, err := c.stack(ctx, stack)
		if err != nil {
			return err
		}
		if !ok {
			failed = append(failed, stack)
		}
		sections = append(sections, s)
	}
	figures, err := c.figures()
	if err != nil {
		return err
	}
	sections = append(sections, figures...)
	if _, err := io.WriteString(w, comment(sections)); err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("a mandatory finding, or no preview: %s", strings.Join(failed, ", "))
	}
	return nil
}

// stack previews a stack; ok is whether it could be, and has no mandatory finding.
func (c command) stack(ctx context.Context, name string) (s section, ok bool, err error) {
	args := []string{"-stack", name, "-format", "markdown"}
	if c.against != "" && c.had(ctx, name) {
		args = append(args, "-against", c.against)
	}
	program, err := filepath.Abs(filepath.Join(c.dir, c.preview))
	if err != nil {
		return section{}, false, err
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = c.dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return section{}, false, fmt.Errorf("preview %s: %w", name, err)
	}
	if stdout.Len() == 0 {
		return section{head: "## No preview of " + code(name) + "\n\n" + fenced(stderr.String(), 8_000)}, false, nil
	}
	return parse(stdout.String()), err == nil, nil
}

// had is whether the commit that we compare with has the stack: a new one has nothing to be
// compared with. A commit that git does not know is left to the preview to refuse.
func (c command) had(ctx context.Context, stack string) bool {
	git := func(args ...string) error {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = c.dir
		return cmd.Run()
	}
	return git("cat-file", "-e", c.against+":Pulumi."+stack+".yaml") == nil || git("cat-file", "-e", c.against+"^{commit}") != nil
}
