// Command sbom writes what a function's archive consists of, as CycloneDX 1.6 JSON:
// build/mcp.cdx.json beside build/mcp.zip. `make sbom` runs it, from the repository's root.
//
//	sbom build/mcp.zip...
//
// The modules, their versions and hashes are those that Go recorded in the program inside.
// One archive always gives the same bytes. https://cyclonedx.org/docs/1.6/json/
package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: sbom archive.zip...")
		os.Exit(2)
	}
	for _, file := range os.Args[1:] {
		out, err := write(context.Background(), file)
		if err != nil {
			fmt.Fprintf(os.Stderr, "sbom: %s: %v\n", file, err)
			os.Exit(1)
		}
		fmt.Println(out)
	}
}

// write returns the name of the file that it wrote beside the archive.
func write(ctx context.Context, file string) (out string, err error) {
	a, err := open(file)
	if err != nil {
		return "", err
	}
	bom, err := a.bom(ctx)
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	encoder := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON)
	if err := encoder.SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6); err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	out = strings.TrimSuffix(file, ".zip") + ".cdx.json"
	return out, os.WriteFile(out, text.Bytes(), 0o644)
}

// archive is a function's zip and the program in it.
type archive struct {
	name                 string // of the function
	digest, bootstrapSum string // SHA-256 of the zip and of the program, in hex
	info                 *buildinfo.BuildInfo
}

func open(file string) (*archive, error) {
	whole, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		return nil, err
	}
	// More than the program would be left out of the list.
	if len(z.File) != 1 || z.File[0].Name != "bootstrap" {
		return nil, errors.New("expected one file named bootstrap")
	}
	r, err := z.File[0].Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	bootstrap, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	info, err := buildinfo.Read(bytes.NewReader(bootstrap))
	if err != nil {
		return nil, fmt.Errorf("bootstrap: %w", err)
	}
	name := strings.TrimSuffix(filepath.Base(file), ".zip")
	return &archive{name: name, digest: sum(whole), bootstrapSum: sum(bootstrap), info: info}, nil
}

func sum(b []byte) string {
	digest := sha256.Sum256(b)
	return hex.EncodeToString(digest[:])
}

// setting is a flag or variable of the build, empty when it was not given.
func (a *archive) setting(key string) string {
	for _, s := range a.info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
