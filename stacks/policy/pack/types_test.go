package pack

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A rule about a type that there is not would look at nothing.
func TestTypesExist(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/pulumi/pulumi-aws/sdk/v6/go/aws").Output() //nolint:noctx // a build tool
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules() {
		if (r.stack == nil) != (len(r.types) > 0) || (r.stack == nil) != (r.each != nil) {
			t.Errorf("%s: either the stack, or types and each", r.name)
		}
		for _, typ := range r.types {
			if typ == awsProvider {
				continue
			}
			path := strings.Split(typ, ":")[1]
			if _, err := os.Stat(filepath.Join(strings.TrimSpace(string(out)), filepath.FromSlash(path)+".go")); err != nil {
				t.Errorf("%s: %v", r.name, err)
			}
		}
	}
}
