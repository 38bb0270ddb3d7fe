package maketarget

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"leasehold.example/tests/internal/repo"
)

// fakeGo makes the file after -o: a preview that ends with PREVIEW, and anything else empty.
const fakeGo = `#!/bin/sh
while [ "$1" != -o ]; do shift; done
mkdir -p "$(dirname "$2")"
printf '#!/bin/sh\necho "findings of $2"\nexit "$PREVIEW"\n' > "$2"
chmod +x "$2"
`

// fakePulumi says how it was called.
const fakePulumi = `#!/bin/sh
echo "pulumi $*"
`

// TestDeployStopsOnMandatoryFindings: the preview's status decides whether `pulumi up` is run, and its findings are shown.
func TestDeployStopsOnMandatoryFindings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, preview string
		deployed      bool
	}{
		{"nothing mandatory", "0", true},
		{"a mandatory finding", "1", false},
		{"no such stack", "2", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			makefile, err := os.ReadFile(filepath.Join(repo.Root(t), "Makefile"))
			if err != nil {
				t.Fatal(err)
			}
			dir, bin := t.TempDir(), t.TempDir()
			for path, text := range map[string]string{
				filepath.Join(dir, "Makefile"): string(makefile), filepath.Join(bin, "go"): fakeGo, filepath.Join(bin, "pulumi"): fakePulumi,
			} {
				if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), "make", "-s", "deploy", "STACK=acme")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "PREVIEW="+tt.preview)
			text, err := cmd.CombinedOutput()
			out := string(text)
			if (err == nil) != tt.deployed || strings.Contains(out, "pulumi up --stack acme") != tt.deployed {
				t.Errorf("%v:\n%s", err, out)
			}
			if !strings.Contains(out, "findings of acme") {
				t.Errorf("the preview is not shown:\n%s", out)
			}
		})
	}
}
