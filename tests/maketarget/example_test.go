package maketarget

import (
	"path/filepath"
	"strings"
	"testing"

	"leasehold.example/tests/internal/executable"
)

// fakeClient is a go whose every program prints what it is given.
const fakeClient = `#!/bin/sh
dir=.
while [ "$1" != -o ]; do [ "$1" = -C ] && dir=$2; shift; done
mkdir -p "$dir/$(dirname "$2")"
printf '#!/bin/sh\necho "called with $*"\n' > "$dir/$2"
chmod +x "$dir/$2"
`

// TestExampleURL: an example calls the server of `make run` unless it is told another, whatever the other parts of the
// Makefile take URL for.
func TestExampleURL(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	tr.write("docs/examples/go/main.go", "package main", 0o600)
	tr.addParts()
	tr.bin = t.TempDir()
	executable.Script(t, filepath.Join(tr.bin, "go"), fakeClient)
	for _, tt := range []struct {
		args []string
		url  string
	}{
		{[]string{"example", "NAME=go"}, "http://127.0.0.1:8080/mcp"},
		{[]string{"example", "NAME=go", "URL=https://mcp.example.com/mcp"}, "https://mcp.example.com/mcp"},
	} {
		if out, err := tr.make("URL=", tt.args...); err != nil || !strings.Contains(out, "called with "+tt.url+"\n") {
			t.Errorf("%q: %v\n%s", tt.args, err, out)
		}
	}
}
