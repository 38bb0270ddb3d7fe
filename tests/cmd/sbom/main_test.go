package main

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"leasehold.example/tests/internal/deployed"
)

func TestMain(m *testing.M) { os.Exit(deployed.Main(m)) }

// TestAgainstGo builds a function, packs it, and holds the list against what `go version -m`
// says of it: every module with its version and hash, and none besides. A second run gives the same bytes.
func TestAgainstGo(t *testing.T) {
	t.Parallel()
	program := deployed.Build(t, deployed.Shipped)
	bootstrap, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "mcp.zip")
	pack(t, archive, "bootstrap", bootstrap)

	var runs [2][]byte
	for i := range runs {
		out, err := write(t.Context(), archive)
		if err != nil || out != strings.TrimSuffix(archive, "zip")+"cdx.json" {
			t.Fatalf("%q, %v", out, err)
		}
		if runs[i], err = os.ReadFile(out); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(runs[0], runs[1]) {
		t.Error("two runs differ")
	}
	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(runs[0]), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	if got := (*bom.Metadata.Component.Hashes)[0].Value; got != sum(whole) {
		t.Errorf("hash of the archive %s, want %s", got, sum(whole))
	}
	var got []string
	for i := range *bom.Components {
		c := &(*bom.Components)[i]
		line := c.Name + " " + c.Version
		if c.Hashes != nil {
			line += " " + (*c.Hashes)[0].Value
		}
		got = append(got, line)
		if ours := c.Version == ""; ours == (c.Licenses != nil) || ours == (c.PackageURL != "") {
			t.Errorf("%s: licences %v, purl %q", c.Name, c.Licenses, c.PackageURL)
		}
	}
	slices.Sort(got)
	if want := recorded(t, program); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func pack(t *testing.T, file, name string, content []byte) {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	f, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// recorded is what go says of a program: path, version and the hash in hex, in order.
func recorded(t *testing.T, program string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "version", "-m", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	all := []string{"stdlib " + lines[0][strings.LastIndex(lines[0], " ")+1:]}
	for _, line := range lines[1:] {
		fields := strings.Fields(line)
		if fields[0] != "dep" {
			continue
		}
		if len(fields) < 4 { // one of ours
			all = append(all, fields[1]+" ")
			continue
		}
		digest, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(fields[3], "h1:"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fields[1]+" "+fields[2]+" "+hex.EncodeToString(digest))
	}
	slices.Sort(all)
	return all
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, member, content, want string }{
		{"no Go program", "bootstrap", "#!/bin/sh\n", "bootstrap: "},
		{"something else", "index.js", "", "expected one file named bootstrap"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "f.zip")
			pack(t, file, tt.member, []byte(tt.content))
			if _, err := write(t.Context(), file); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if _, err := os.Stat(strings.TrimSuffix(file, "zip") + "cdx.json"); err == nil {
				t.Error("left a list behind")
			}
		})
	}
}
