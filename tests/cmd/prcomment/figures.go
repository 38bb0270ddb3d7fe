package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// figures are sections of what other targets left in build/; none of them has to be there.
func (c command) figures() ([]section, error) {
	text := map[string]string{}
	for _, name := range []string{"cover", "cover-base", "bench-compare"} {
		b, err := os.ReadFile(filepath.Join(c.dir, "build", name+".txt"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		text[name] = string(b)
	}
	var all []section
	if now := text["cover"]; now != "" {
		all = append(all, coverage(now, text["cover-base"]))
	}
	if table := text["bench-compare"]; table != "" {
		all = append(all, benchmarks(table))
	}
	return all, nil
}

// coverage shows the table of `make cover`, beside that of the base if there is one.
func coverage(now, was string) section {
	if was == "" {
		return section{head: "## Coverage\n\n" + fenced(now, 4_000)}
	}
	before := percentages(was)
	var text strings.Builder
	fmt.Fprintf(&text, "%-40s %9s %9s\n", "module", "coverage", "change")
	for _, line := range strings.Split(now, "\n") {
		name, v, ok := percentage(line)
		if !ok {
			continue
		}
		change := "new"
		if b, ok := before[name]; ok {
			change = fmt.Sprintf("%+.1f", v-b)
		}
		fmt.Fprintf(&text, "%-40s %8.1f%% %9s\n", name, v, change)
	}
	return section{head: "## Coverage\n\n" + fenced(text.String(), 4_000)}
}

func percentages(table string) map[string]float64 {
	all := map[string]float64{}
	for _, line := range strings.Split(table, "\n") {
		if name, v, ok := percentage(line); ok {
			all[name] = v
		}
	}
	return all
}

// percentage reads a line of tools/cover.sh: module, statements, those that were run, percentage.
func percentage(line string) (name string, v float64, ok bool) {
	fields := strings.Fields(line)
	if len(fields) != 4 || !strings.HasSuffix(fields[3], "%") {
		return "", 0, false
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(fields[3], "%"), 64)
	return fields[0], v, err == nil
}

// benchmarks shows what `make bench-compare` found significant, and folds its table.
func benchmarks(text string) section {
	var significant []string
	for _, line := range strings.Split(text, "\n") {
		if rest, ok := strings.CutPrefix(line, "significant: "); ok {
			significant = append(significant, rest)
		}
	}
	head := "## Benchmarks\n\nNo difference is significant.\n"
	if len(significant) > 0 {
		head = fmt.Sprintf("## Benchmarks\n\nSignificant differences: %d. One may be the machine's.\n\n%s", len(significant), fenced(strings.Join(significant, "\n"), 4_000))
	}
	return section{head: head, folds: []fold{{"All figures", fenced(text, 24_000)}}}
}
