// Command archived writes the record of an archive that has just been built:
//
//	archived -o build/mcp.zip.json mcp
//
// It runs in the root of the repository; `make lambda` calls it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"leasehold.example/stacks/archives"
)

func main() {
	out := flag.String("o", "", "the file to write")
	flag.Parse()
	if *out == "" || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: archived -o build/NAME.zip.json NAME")
		os.Exit(2)
	}
	if err := run(*out, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "archived:", err)
		os.Exit(1)
	}
}

func run(out, name string) error {
	record, err := archives.Make(".", name)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(out, append(text, '\n'), 0o644) //nolint:gosec // as readable as the archive
}
