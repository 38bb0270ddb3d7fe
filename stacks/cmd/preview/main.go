// Command preview shows what `pulumi up` would make of a stack, without a cloud. `make preview` builds and runs it.
package main

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/term"

	"leasehold.example/platform/offline"
	"leasehold.example/stacks/policy/pack"
	"leasehold.example/stacks/preview"
	"leasehold.example/stacks/program"
)

func main() {
	command := preview.Command{Load: load, Placeholders: placeholders, Dir: ".", Out: os.Stdout, Err: os.Stderr, Style: style()}
	os.Exit(command.Main(context.Background(), os.Args[1:]))
}

// placeholders are what a secret must look like for the program to read it; the addresses
// are of a name that nobody can have (RFC 2606).
var placeholders = map[string]string{
	program.Namespace + ":issuers": `[{"issuer": "https://secret.invalid", "tenant": "secret", "advertised": true}]`,
}

// load binds the program to a stack. The archives need not be there (RULES 47).
func load(o offline.Options) (preview.Program, error) {
	values, notes, err := program.WithPlaceholders(o.Config)
	if err != nil {
		return preview.Program{}, fmt.Errorf("stack %s: %w", o.Stack, err)
	}
	c, err := program.Load(o.Stack, values, o.Secrets...)
	if err != nil {
		return preview.Program{}, err // it says which stack, and what is wrong with it
	}
	p := program.Program{Root: ".", WithoutArchives: true, WithoutStacks: true, Settings: o.Config}
	check := func(g *offline.Graph) ([]preview.Finding, error) {
		found, err := pack.Check(g, pack.Level(c.Policies))
		if err != nil {
			return nil, fmt.Errorf("check: %w", err)
		}
		var all []preview.Finding
		for _, f := range found {
			all = append(all, preview.Finding{Policy: f.Policy, Level: string(f.Level), URN: f.URN, Message: f.Message, Why: f.Why})
		}
		return all, nil
	}
	return preview.Program{Run: p.Deploy, Warnings: append(notes, c.Warnings()...), Check: check}, nil
}

// style is for people where standard output is a terminal. https://no-color.org
func style() preview.Style {
	out := int(os.Stdout.Fd())
	if !term.IsTerminal(out) {
		return preview.Style{}
	}
	width, _, err := term.GetSize(out)
	if err != nil {
		width = 0
	}
	return preview.Style{Color: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb", Width: width}
}
