package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"

	"leasehold.example/tests/internal/shipped"
)

// bom describes the archive. Its licences are read from the modules of the same versions in
// Go's cache; it fails when the sources beside it would be built from other versions.
func (a *archive) bom(ctx context.Context) (*cyclonedx.BOM, error) {
	modules, err := shipped.Modules(ctx, shipped.Build{
		GOOS: a.setting("GOOS"), GOARCH: a.setting("GOARCH"), Tags: a.setting("-tags"), Packages: []string{a.info.Path},
	})
	if err != nil {
		return nil, err
	}
	licences := map[string][]string{}
	for _, m := range modules {
		licences[m.Path+"@"+m.Version] = m.Licences
	}
	components := []cyclonedx.Component{library(shipped.Stdlib, a.info.GoVersion, "")}
	for _, d := range a.info.Deps {
		components = append(components, dependency(d))
	}
	for i := range components {
		c := &components[i]
		found, ok := licences[c.Name+"@"+c.Version]
		if !ok {
			return nil, fmt.Errorf("it holds %s %s, which its sources no longer ask for: run make lambda again", c.Name, c.Version)
		}
		c.Licenses = known(found)
	}
	b := cyclonedx.NewBOM()
	// Derived from the archive, so that the same archive has the same: RFC 9562, section 5.5.
	b.SerialNumber = uuid.NewSHA1(uuid.NameSpaceOID, []byte(a.digest)).URN()
	b.Metadata = &cyclonedx.Metadata{Component: a.component()}
	b.Components = &components
	return b, nil
}

// component is the archive itself, with the program in it.
func (a *archive) component() *cyclonedx.Component {
	return &cyclonedx.Component{
		BOMRef: a.name + ".zip", Type: cyclonedx.ComponentTypeApplication, Name: a.name, Hashes: sha256Of(a.digest),
		Properties: &[]cyclonedx.Property{
			{Name: "go:package", Value: a.info.Path},
			{Name: "go:GOOS", Value: a.setting("GOOS")},
			{Name: "go:GOARCH", Value: a.setting("GOARCH")},
		},
		Components: &[]cyclonedx.Component{
			{BOMRef: a.name + ".zip/bootstrap", Type: cyclonedx.ComponentTypeFile, Name: "bootstrap", Hashes: sha256Of(a.bootstrapSum)},
		},
	}
}

// dependency is a module as the program names it. Those of this repository have no version.
func dependency(m *debug.Module) cyclonedx.Component {
	if m.Replace != nil {
		m = m.Replace
	}
	version := m.Version
	if version == "(devel)" {
		version = ""
	}
	return library(m.Path, version, m.Sum)
}

func library(path, version, h1 string) cyclonedx.Component {
	c := cyclonedx.Component{BOMRef: path, Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version}
	if version != "" {
		// Case is kept: module paths differ by it, and vulnerability databases look for them as they are
		// (https://github.com/package-url/purl-spec/issues/308). A plus sign is a space to some readers.
		c.PackageURL = "pkg:golang/" + path + "@" + strings.ReplaceAll(strings.TrimPrefix(version, "go"), "+", "%2B")
		c.BOMRef = c.PackageURL
	}
	// go.sum's h1 is a SHA-256 over the list of the module's files and their hashes:
	// https://go.dev/ref/mod#go-sum-files
	if digest, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(h1, "h1:")); err == nil && len(digest) > 0 {
		c.Hashes = sha256Of(hex.EncodeToString(digest))
	}
	return c
}

func sha256Of(digest string) *[]cyclonedx.Hash {
	return &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: digest}}
}

// known leaves out what SPDX has no licence for, and is nil when nothing remains.
func known(ids []string) *cyclonedx.Licenses {
	var all cyclonedx.Licenses
	for _, id := range ids {
		if id != shipped.NoAssertion && id != shipped.None {
			l := cyclonedx.License{ID: id, Acknowledgement: cyclonedx.LicenseAcknowledgementConcluded}
			all = append(all, cyclonedx.LicenseChoice{License: &l})
		}
	}
	if all == nil {
		return nil
	}
	return &all
}
