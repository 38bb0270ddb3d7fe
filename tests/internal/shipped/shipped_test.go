package shipped

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const mit = `Copyright (c) 2026 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`

const isc = `Copyright (c) 2026 Somebody

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
`

func TestLicences(t *testing.T) {
	t.Parallel()
	const ours = "All rights reserved. Nobody may use this without a contract with the vendor, who may end it."
	for _, tt := range []struct {
		name  string
		files map[string]string
		dirs  []string
		want  []string
	}{
		{"one", map[string]string{"LICENSE": mit}, nil, []string{"MIT"}},
		{"spelt otherwise", map[string]string{"licence.md": mit, "COPYING": isc}, nil, []string{"ISC", "MIT"}},
		{"none", map[string]string{"README.md": mit, "license.go": mit}, nil, []string{None}},
		{"no known one", map[string]string{"LICENSE": ours}, nil, []string{NoAssertion}},
		{"a known one in a longer text", map[string]string{"LICENSE": isc + ours + ours + ours + ours}, nil, []string{NoAssertion}},
		{"one more beside a package", map[string]string{"LICENSE": mit, "a/LICENSE": isc}, []string{"a/b"}, []string{"ISC", "MIT"}},
		{"a package that is not linked", map[string]string{"LICENSE": mit, "a/LICENSE": isc}, []string{"c"}, []string{"MIT"}},
		{"none at the root", map[string]string{"a/LICENSE": isc}, []string{"a"}, []string{None}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for _, dir := range []string{"a/b", "c"} {
				if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			for name, text := range tt.files {
				if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var dirs []string
			for _, dir := range tt.dirs {
				dirs = append(dirs, filepath.Join(root, dir))
			}
			got, err := Licences(root, dirs...)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// TestModules asks for a function: what it links is there with version and licence, what only
// tests or other tags import is not, and what is ours has neither.
func TestModules(t *testing.T) {
	t.Parallel()
	modules, err := Modules(t.Context(), Build{GOOS: "linux", GOARCH: "arm64", Packages: []string{"leasehold.example/apps/rotator/cmd/lambda"}})
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]Module{}
	for _, m := range modules {
		of[m.Path] = m
	}
	for path, licence := range map[string]string{Stdlib: "BSD-3-Clause", "github.com/aws/aws-sdk-go-v2/service/secretsmanager": "Apache-2.0"} {
		if m := of[path]; m.Version == "" || !slices.Equal(m.Licences, []string{licence}) {
			t.Errorf("%s: %+v, want %s", path, m, licence)
		}
	}
	if m, ok := of["leasehold.example/libs"]; !ok || m.Version != "" || m.Licences != nil {
		t.Errorf("libs: %v %+v", ok, m)
	}
	for path := range of {
		if path == "pgregory.net/rapid" || path == "github.com/modelcontextprotocol/go-sdk" {
			t.Errorf("%s is not in that function", path)
		}
	}
	if _, err := Modules(t.Context(), Build{Packages: []string{"leasehold.example/none"}}); err == nil {
		t.Error("listed a package that does not exist")
	}
}
