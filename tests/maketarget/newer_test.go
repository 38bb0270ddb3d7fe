package maketarget

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leasehold.example/tests/internal/executable"
	"leasehold.example/tests/internal/repo"
)

// TestNewerCheck: the history of the stack that is named is what is judged, and one that cannot be had ends it.
func TestNewerCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, pulumi, args, says string
		passed                   bool
	}{
		{"a newer commit", `echo "$*"`, "STACK=acme", "judged: stack history --stack acme --json --page-size 100", true},
		{"an older one", `echo older`, "STACK=acme", "judged: older", false},
		{"no history", `echo "no such stack" >&2; exit 1`, "STACK=acme", "no such stack", false},
		{"no stack", `echo "$*"`, "STACK=", "say which stack", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := newTree(t)
			text, err := os.ReadFile(filepath.Join(repo.Root(t), "tools", "make", "pipeline.mk"))
			if err != nil {
				t.Fatal(err)
			}
			tr.bin = t.TempDir() // in place of what others want of go and pulumi
			tr.write("tools/make/pipeline.mk", string(text), 0o600)
			executable.Script(t, filepath.Join(tr.bin, "pulumi"), "#!/bin/sh\n"+tt.pulumi+"\n")
			executable.Script(t, filepath.Join(tr.dir, "build", "local", "newer"), "#!/bin/sh\nhistory=$(cat)\necho \"judged: $history\"\n[ \"$history\" != older ]\n")
			executable.Script(t, filepath.Join(tr.bin, "go"), "#!/bin/sh\n")
			out, err := tr.make("CI=true", "newer-check", tt.args)
			if (err == nil) != tt.passed || !strings.Contains(out, tt.says) {
				t.Errorf("%v, want %q:\n%s", err, tt.says, out)
			}
			if judged := strings.Contains(out, "judged"); judged != strings.HasPrefix(tt.says, "judged") {
				t.Errorf("judged is %v:\n%s", judged, out)
			}
		})
	}
}
