// Command licences lists the licences of the modules that the functions consist of, and
// fails when one is not among those that we accept. `make licences` runs it.
//
//	licences [-arch arm64] [-tools DIR] PACKAGE...
//
// The tools of the modules in DIR and directly below are run and never passed on: their licences
// are listed, and not judged. npm and Python packages serve tests alone and are not looked at.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"leasehold.example/tests/internal/shipped"
)

// accepted are licences under which code may be passed on in a closed product, when their
// texts go along. MPL-2.0 asks for the source of its own files only, unchanged ones included.
var accepted = []string{
	"0BSD", "Apache-2.0", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "Unlicense", "Zlib",
}

// excused are files that name something else beside the licence of the code.
var excused = []struct{ module, licence, why string }{
	{"github.com/aws/aws-lambda-go", shipped.NoAssertion, "LICENSE-SUMMARY says which of its other two files is for what"},
	{"github.com/modelcontextprotocol/go-sdk", "CC-BY-4.0", "that is for its documentation, which no program holds"},
}

func main() {
	tools := flag.String("tools", "", "a directory with modules whose tools are listed too")
	arch := flag.String("arch", "arm64", "the functions' architecture")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *arch, *tools, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, arch, tools string, packages []string) error {
	modules, err := shipped.Modules(ctx, shipped.Build{GOOS: "linux", GOARCH: arch, Tags: "lambda.norpc", Packages: packages})
	if err != nil {
		return err
	}
	judged := judge(w, modules)
	for _, dir := range modulesIn(tools) {
		modules, err := shipped.Modules(ctx, shipped.Build{Dir: dir, Alone: true, Packages: []string{"tool"}})
		if err != nil {
			return err
		}
		count(w, dir, modules)
	}
	return judged
}

// modulesIn are the directories with a go.mod, dir itself and those below it.
func modulesIn(dir string) []string {
	var all []string
	for _, pattern := range []string{"go.mod", "*/go.mod"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			panic(err) // ErrBadPattern: the patterns are ours
		}
		for _, f := range files {
			all = append(all, filepath.Dir(f))
		}
	}
	return all
}

// judge prints one line for each module but this repository's own.
func judge(w io.Writer, modules []shipped.Module) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "module\tversion\tlicence\t")
	var refused []string
	for _, m := range modules {
		if m.Version == "" {
			continue
		}
		note := notes(m)
		if bad := refusal(m); len(bad) > 0 {
			note = "NOT ACCEPTED"
			refused = append(refused, m.Path+": "+strings.Join(bad, ", "))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", m.Path, m.Version, strings.Join(m.Licences, ", "), note)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(refused) > 0 {
		return fmt.Errorf("not accepted: %s; an exception is a line of excused in tests/cmd/licences", strings.Join(refused, "; "))
	}
	return nil
}

// refusal is empty when every licence of m is accepted or excused. We do not choose between
// two: a module with two may mean both.
func refusal(m shipped.Module) []string {
	var bad []string
	for _, l := range m.Licences {
		if !slices.Contains(accepted, l) && why(m.Path, l) == "" {
			bad = append(bad, l)
		}
	}
	return bad
}

func notes(m shipped.Module) string {
	var all []string
	for _, l := range m.Licences {
		if reason := why(m.Path, l); reason != "" {
			all = append(all, l+": "+reason)
		}
	}
	return strings.Join(all, "; ")
}

// why is the reason for which a licence of a module is excused, or empty.
func why(module, licence string) string {
	for _, e := range excused {
		if e.module == module && e.licence == licence {
			return e.why
		}
	}
	return ""
}

// count prints how many modules have which licences, and names those that would be refused.
func count(w io.Writer, dir string, modules []shipped.Module) {
	of := map[string][]string{}
	for _, m := range modules {
		l := strings.Join(m.Licences, ", ")
		of[l] = append(of[l], m.Path)
	}
	fmt.Fprintf(w, "\nthe tools of %s, which are not shipped: %d modules\n", dir, len(modules))
	for _, l := range slices.Sorted(maps.Keys(of)) {
		fmt.Fprintf(w, "%5d  %s", len(of[l]), l)
		if len(refusal(shipped.Module{Licences: strings.Split(l, ", ")})) > 0 {
			fmt.Fprintf(w, ": %s", strings.Join(of[l], ", "))
		}
		fmt.Fprintln(w)
	}
}
