// Command dashboards draws the dashboards that a stack deploys, without a cloud. `make dashboards` builds and runs it.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"leasehold.example/libs/observe/metric"
	"leasehold.example/platform/offline"
	"leasehold.example/stacks/preview"
	"leasehold.example/stacks/program"
	"leasehold.example/stacks/watch"
	"leasehold.example/stacks/watch/page"
)

func main() {
	stack := flag.String("stack", "", "the stack, as in Pulumi.STACK.yaml")
	logs := flag.String("logs", "build/summaries", "the `directory` with what the functions wrote in a run, a file SERVICE.jsonl each")
	out := flag.String("out", "build/dashboards.html", "the file to write")
	flag.Parse()
	if err := run(*stack, *logs, *out); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "dashboards:", err)
		os.Exit(1)
	}
	fmt.Println(*out)
}

func run(stack, logs, out string) error {
	figures, err := read(logs)
	if err != nil {
		return err
	}
	settings, err := preview.ReadStack(".", stack, nil)
	if err != nil {
		return fmt.Errorf("stack: %w", err)
	}
	p := program.Program{Root: ".", WithoutArchives: true, Settings: settings.Config}
	g, err := offline.Run(offline.Options{Project: settings.Project, Stack: stack, Config: settings.Config, Secrets: settings.Secrets}, p.Deploy)
	if err != nil {
		return fmt.Errorf("program: %w", err)
	}
	drawn := page.Stack{Name: stack, Rules: map[string]string{}}
	for _, r := range g.Resources {
		switch r.Type {
		case "aws:cloudwatch/dashboard:Dashboard":
			drawn.Dashboards = append(drawn.Dashboards, page.Dashboard{Name: text(r, "dashboardName"), Body: text(r, "dashboardBody")})
		case "aws:cloudwatch/contributorInsightRule:ContributorInsightRule":
			drawn.Rules[text(r, "ruleName")] = text(r, "ruleDefinition")
		}
	}
	// The one for everybody first.
	slices.SortFunc(drawn.Dashboards, func(a, b page.Dashboard) int { return place(a) - place(b) })
	if len(drawn.Dashboards) == 0 {
		return fmt.Errorf("stack %s has none: leasehold:monitoring.enabled", stack)
	}
	html, err := page.Render(drawn, figures)
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

// read reads the logs of all functions. At the edge http there is no authorizer; its log is read all the same.
func read(dir string) (*page.Figures, error) {
	logs := map[string]io.Reader{}
	for _, service := range []string{metric.ServiceMCP, metric.ServiceAuthorizer} {
		log, err := os.ReadFile(filepath.Join(dir, service+".jsonl"))
		if err != nil {
			return nil, fmt.Errorf("the functions' run: %w", err)
		}
		logs[service] = bytes.NewReader(log)
	}
	return page.ReadFigures(logs)
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
