// Command beside reads the output of go test -bench and prints, for benchmarks that name
// who they measure (server=leasehold, server=go-sdk, server=mcp-go), the medians side by
// side and ours as a multiple of each other's.
//
//	beside <build/bench.txt
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

const ours = "leasehold"

var (
	peers   = []string{"go-sdk", "mcp-go"}
	metrics = []string{"ns/op", "B/op", "allocs/op"}
)

func main() {
	if err := run(os.Stdout, os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "beside:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, r io.Reader) error {
	all, err := read(r)
	if err != nil {
		return err
	}
	return all.print(w)
}

// key is one figure of one server; name is the benchmark without the server.
type key struct{ name, server, metric string }

// figures are the samples of each key, and the names in the order of the input.
type figures struct {
	names   []string
	samples map[key][]float64
}

// read skips whatever is no result of a benchmark that names its server.
func read(r io.Reader) (*figures, error) {
	all := &figures{samples: map[key][]float64{}}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name, rest, ok := strings.Cut(fields[0], "/server=")
		if !ok {
			continue
		}
		// Behind the server stands the number of processors.
		server := rest
		if i := strings.LastIndexByte(rest, '-'); i > 0 && !slices.Contains(append(peers, ours), rest) {
			server = rest[:i]
		}
		if !slices.Contains(all.names, name) {
			all.names = append(all.names, name)
		}
		for i := 2; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("line %q: %w", lines.Text(), err)
			}
			k := key{name, server, fields[i+1]}
			all.samples[k] = append(all.samples[k], v)
		}
	}
	return all, nil
}

// print fails when a server is missing: a comparison with nobody would look like a good one.
func (f *figures) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\t\t%s\t", ours)
	for _, peer := range peers {
		fmt.Fprintf(t, "%s\tratio\t", peer)
	}
	fmt.Fprintln(t)
	for _, name := range f.names {
		for _, metric := range metrics {
			us, err := f.median(name, ours, metric)
			if err != nil {
				return err
			}
			fmt.Fprintf(t, "%s\t%s\t%.0f\t", strings.TrimPrefix(name, "Benchmark"), metric, us)
			for _, peer := range peers {
				them, err := f.median(name, peer, metric)
				if err != nil {
					return err
				}
				fmt.Fprintf(t, "%.0f\t%.2f\t", them, us/them)
			}
			fmt.Fprintln(t)
		}
	}
	return t.Flush()
}

func (f *figures) median(name, server, metric string) (float64, error) {
	all := slices.Sorted(slices.Values(f.samples[key{name, server, metric}]))
	if len(all) == 0 || all[(len(all)-1)/2] == 0 {
		return 0, fmt.Errorf("%s: no %s of %s", name, metric, server)
	}
	return all[(len(all)-1)/2], nil
}
