// Command dashboards draws the dashboards that a stack deploys, without a cloud. `make dashboards` builds and runs it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"leasehold.example/platform/offline"
	"leasehold.example/stacks/preview"
	"leasehold.example/stacks/program"
	"leasehold.example/stacks/watch"
	"leasehold.example/stacks/watch/page"
)

func main() {
	stack := flag.String("stack", "", "the stack, as in Pulumi.STACK.yaml")
	out := flag.String("out", "build/dashboards.html", "the file to write")
	flag.Parse()
	if err := run(*stack, *out); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "dashboards:", err)
		os.Exit(1)
	}
	fmt.Println(*out)
}

func run(stack, out string) error {
	read, err := preview.ReadStack(".", stack, nil)
	if err != nil {
		return fmt.Errorf("stack: %w", err)
	}
	p := program.Program{Root: ".", WithoutArchives: true, Settings: read.Config}
	g, err := offline.Run(offline.Options{Project: read.Project, Stack: stack, Config: read.Config, Secrets: read.Secrets}, p.Deploy)
	if err != nil {
		return fmt.Errorf("program: %w", err)
	}
	var dashboards []page.Dashboard
	for _, r := range g.Resources {
		if r.Type == "aws:cloudwatch/dashboard:Dashboard" {
			dashboards = append(dashboards, page.Dashboard{Name: text(r, "dashboardName"), Body: text(r, "dashboardBody")})
		}
	}
	// The one for everybody first.
	slices.SortFunc(dashboards, func(a, b page.Dashboard) int { return place(a) - place(b) })
	if len(dashboards) == 0 {
		return fmt.Errorf("stack %s has none: leasehold:monitoring.enabled", stack)
	}
	html, err := page.Render(stack, dashboards)
	if err != nil {
		return fmt.Errorf("draw: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil { //nolint:gosec // a build directory
		return fmt.Errorf("directory: %w", err)
	}
	if err := os.WriteFile(out, html, 0o644); err != nil { //nolint:gosec // a page to look at
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func text(r *offline.Resource, input string) string {
	v := r.Inputs[resource.PropertyKey(input)]
	if !v.IsString() {
		return ""
	}
	return v.StringValue()
}

func place(d page.Dashboard) int {
	return slices.IndexFunc([]string{watch.High, watch.Low}, func(name string) bool { return strings.HasSuffix(d.Name, "-"+name) })
}
