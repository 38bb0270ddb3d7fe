// Command init makes a clone of this repository somebody's own: module paths, the name of the
// Pulumi project and all that AWS and clients see of it, and the head of the README. It changes
// files that git tracks and nothing else, and commits nothing; docs/your-own.md has what is
// renamed, what is not, and why.
//
//	init -module github.com/acme/mcp -name acme-mcp [-owner @acme/platform] [-contact security@acme.example]
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, ".", os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "make init:", err)
		os.Exit(1) //nolint:gocritic // stop has nothing left to do
	}
}

// run works on the tree in dir, the root of a repository.
func run(ctx context.Context, dir string, args []string, out io.Writer) error {
	to, err := parse(args)
	if err != nil {
		return err
	}
	tree, err := openTree(ctx, dir)
	if err != nil {
		return err
	}
	defer tree.root.Close()
	if err := tree.accepts(to); err != nil {
		return err
	}
	plan, err := newPlan(tree, to)
	if err != nil {
		return err
	}
	if len(plan.files) == 0 {
		fmt.Fprintf(out, "Nothing to change: this is %s, named %s.\n", to.module, to.name)
		plan.printLeft(out)
		return nil
	}
	if err := tree.clean(ctx); err != nil {
		return err
	}
	if err := plan.write(ctx, tree); err != nil {
		return fmt.Errorf("%w; the tree is half renamed: `git restore .` takes it back, then run make init again", err)
	}
	plan.print(out)
	return nil
}

// parse reads the flags and checks them.
func parse(args []string) (to identity, err error) {
	flags := flag.NewFlagSet("init", flag.ContinueOnError)
	flags.StringVar(&to.module, "module", "", "module `path` of the repository, which every module's begins with")
	flags.StringVar(&to.name, "name", "", "`name` of the Pulumi project, and of what it deploys")
	flags.StringVar(&to.owner, "owner", "", "who owns the code on GitHub; `@user or @organization/team`")
	flags.StringVar(&to.contact, "contact", "", "where vulnerabilities are reported; `address or https URL`")
	if err := flags.Parse(args); err != nil {
		return to, fmt.Errorf("want MODULE and NAME, as in MODULE=github.com/acme/mcp NAME=acme-mcp: %w", err)
	}
	return to, to.check()
}

// print says what was changed, and what is left to do.
func (p *plan) print(out io.Writer) {
	fmt.Fprintf(out, "Renamed to %s, named %s: %d files.\n", p.to.module, p.to.name, len(p.files))
	for _, k := range kinds {
		if n := p.count[k]; n > 0 {
			fmt.Fprintf(out, "  %4d %s\n", n, k)
		}
	}
	p.printLeft(out)
	steps := []string{
		"git diff --stat, and git restore . to take everything back",
		"make test-unit, then git add -A && git commit",
		"README.md: say in its first lines what your server is for",
		"Pulumi.*.yaml and stacks/bootstrap/Pulumi.account.yaml: accountId, region, tags, repository (docs/deploy.md, docs/bootstrap.md)",
		"make tool NAME=invoices adds a tool of your own; docs/your-own.md has the rest",
	}
	if p.to.owner == "" {
		steps = append(steps, "make init again with OWNER=@organization/team, for .github/CODEOWNERS")
	}
	if p.to.contact == "" {
		steps = append(steps, "make init again with CONTACT=address, for SECURITY.md")
	}
	fmt.Fprintf(out, "\nNothing is committed. Next:\n  - %s\n", strings.Join(steps, "\n  - "))
}

func (p *plan) printLeft(out io.Writer) {
	for _, line := range p.left {
		fmt.Fprintln(out, "Left as it is:", line)
	}
}
