package preview

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform/offline"
)

// Program is a Pulumi program with the configuration of one stack.
type Program struct {
	Run pulumi.RunFunc
	// Warnings are what the program says of its configuration.
	Warnings []string
	// Check is the policies' word on what it makes.
	Check func(*offline.Graph) ([]Finding, error)
}

// Command is `make preview`.
type Command struct {
	// Load reads the configuration of a stack and binds the program to it.
	Load func(offline.Options) (Program, error)
	// Placeholders stand for the `secure:` values of keys that cannot be Secret.
	Placeholders map[string]string
	Dir          string // that of Pulumi.yaml, the root of the repository
	Out, Err     io.Writer
	Style        Style
}

// Exit statuses.
const (
	exitFailed = 1 // the program failed, or a mandatory policy found something
	exitUsage  = 2
)

var formats = map[string]func(*Report, Style) string{
	"text":     (*Report).Text,
	"markdown": func(r *Report, _ Style) string { return r.Markdown() },
	"mermaid":  func(r *Report, _ Style) string { return r.Mermaid() },
	"json":     func(r *Report, _ Style) string { return r.JSON() },
}

// usageError is a mistake of the person who called.
type usageError struct{ error }

// Main runs the command with its arguments and returns its exit status.
func (c Command) Main(ctx context.Context, args []string) int {
	report, format, err := c.run(ctx, args)
	var usage usageError
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintln(c.Err, "preview:", err)
		return exitUsage
	case err != nil:
		fmt.Fprintln(c.Err, "preview:", err)
		return exitFailed
	}
	fmt.Fprint(c.Out, formats[format](report, c.Style))
	if report.Failed() {
		return exitFailed
	}
	return 0
}

func (c Command) run(ctx context.Context, args []string) (r *Report, format string, err error) {
	flags := flag.NewFlagSet("preview", flag.ContinueOnError)
	flags.SetOutput(c.Err)
	stack := flags.String("stack", "", "the stack to show")
	against := flags.String("against", "", "a stack or a git ref to compare with")
	flags.StringVar(&format, "format", "text", "text, markdown, json or mermaid")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, "", err
		}
		return nil, "", usageError{err}
	}
	if flags.NArg() > 0 {
		return nil, "", usageError{fmt.Errorf("unexpected argument %q", flags.Arg(0))}
	}
	if formats[format] == nil {
		return nil, "", usageError{fmt.Errorf("no format %q; there is text, markdown, json and mermaid", format)}
	}
	if r, err = c.report(*stack); err != nil {
		return nil, "", err
	}
	if *against != "" {
		r.Changes, err = c.compare(ctx, r, *against)
	}
	return r, format, err
}

// report runs the program of a stack.
func (c Command) report(stack string) (*Report, error) {
	options, err := ReadStack(c.Dir, stack, c.Placeholders)
	var unknown *UnknownStackError
	if errors.As(err, &unknown) {
		return nil, usageError{err}
	}
	if err != nil {
		return nil, err
	}
	program, err := c.Load(options)
	if err != nil {
		return nil, err
	}
	graph, err := offline.Run(options, program.Run)
	if err != nil {
		return nil, fmt.Errorf("the program of stack %s failed: %w", stack, flattened(err))
	}
	findings, err := program.Check(graph)
	if err != nil {
		return nil, fmt.Errorf("the policies of stack %s: %w", stack, err)
	}
	return New(graph, program.Warnings, findings), nil
}

// flattened takes the SDK's list of errors apart, which it prints as a bulleted one.
func flattened(err error) error {
	var several interface{ WrappedErrors() []error }
	if errors.As(err, &several) {
		return errors.Join(several.WrappedErrors()...)
	}
	return err
}

// compare compares with a stack or, if there is none of that name, with a commit.
func (c Command) compare(ctx context.Context, r *Report, against string) (*Changes, error) {
	stacks, err := Stacks(c.Dir)
	if err != nil {
		return nil, err
	}
	if slices.Contains(stacks, against) {
		was, err := c.report(against)
		if err != nil {
			return nil, err
		}
		return Compare(was, r, "stack "+against)
	}
	commit, ok := resolve(ctx, c.Dir, against)
	if !ok {
		return nil, usageError{fmt.Errorf("%q is neither a stack (%s) nor a commit that git knows", against, strings.Join(stacks, ", "))}
	}
	was, err := previewOf(ctx, c.Dir, commit, r.Stack)
	if err != nil {
		return nil, err
	}
	title := fmt.Sprintf("commit %.12s", commit)
	if !strings.HasPrefix(commit, against) {
		title += " (" + against + ")"
	}
	return Compare(was, r, title)
}

// JSON is the report as docs/preview.md describes it.
func (r *Report) JSON() string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		panic(fmt.Sprintf("preview: a report is plain data: %v", err)) // no input makes it anything else
	}
	return out.String()
}
