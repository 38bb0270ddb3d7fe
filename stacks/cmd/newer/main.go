// Command newer refuses a commit that does not have the deployed one in its history, so that no
// pipeline puts an older commit over a newer one:
//
//	pulumi stack history --stack prod --json --page-size 100 | newer
//
// `make newer-check` runs it, in a clone with the whole history. What is deployed is what Pulumi noted
// of itself with the last update, also of one that failed, as that changed something too. A stack that was
// never updated takes any commit.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
)

func main() {
	if err := run(context.Background(), ".", os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "newer-check:", err)
		os.Exit(1)
	}
}

// record is what Pulumi keeps of an update, a refresh or a destruction.
type record struct {
	Kind        string            `json:"kind"`
	Environment map[string]string `json:"environment"`
}

var hash = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// run reads the history, newest first, and asks Git in dir.
func run(ctx context.Context, dir string, in io.Reader, out io.Writer) error {
	var history []record
	if err := json.NewDecoder(in).Decode(&history); err != nil {
		return fmt.Errorf("the stack's history cannot be read: %w", err)
	}
	if len(history) == 0 {
		fmt.Fprintln(out, "nothing is deployed yet")
		return nil
	}
	commit, err := deployed(history)
	if err != nil {
		return err
	}
	git := exec.CommandContext(ctx, "git", "merge-base", "--is-ancestor", commit, "HEAD") //nolint:gosec // a hash, see above
	git.Dir, git.Stderr = dir, os.Stderr
	err = git.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 {
		return fmt.Errorf("%s is deployed, and is not in the history of this commit, which is older or of another branch: "+
			"deploy what the main branch has now, and take a change back with a commit that reverts it", commit)
	}
	if err != nil {
		return fmt.Errorf("%s is deployed, and this clone does not know it: fetch the whole history, or deploy a commit of the main branch by hand (git: %w)", commit, err)
	}
	fmt.Fprintf(out, "%s is deployed, and in the history of this commit\n", commit)
	return nil
}

// deployed is the commit of the last update. A refresh by hand has one too, of which nothing was deployed.
func deployed(history []record) (string, error) {
	for _, r := range history {
		if r.Kind != "update" {
			continue
		}
		if commit := r.Environment["git.head"]; hash.MatchString(commit) {
			return commit, nil
		}
		break
	}
	return "", errors.New("which commit is deployed is not in the stack's history: deploy one of the main branch by hand, from a whole clone of the repository, made without --filter")
}
