package program_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// taggable asks the sources of pulumi-aws whether a type has tags, so that the test of tags
// does not believe the code that sets them.
func taggable(typ string) bool {
	answer, _ := answers.LoadOrStore(typ, sync.OnceValue(func() bool { return hasTags(typ) }))
	return answer.(func() bool)()
}

var answers sync.Map

var sdk = sync.OnceValue(func() string {
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/pulumi/pulumi-aws/sdk/v6/go/aws").Output()
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(dir))
})

// hasTags reads dynamodb/table.go for "aws:dynamodb/table:Table".
func hasTags(typ string) bool {
	parts := strings.Split(typ, ":")
	if len(parts) != 3 || parts[0] != "aws" {
		return false
	}
	source, err := os.ReadFile(filepath.Join(sdk(), filepath.FromSlash(parts[1])+".go"))
	if err != nil {
		panic(err)
	}
	_, args, _ := strings.Cut(string(source), "type "+parts[2]+"Args struct {")
	args, _, _ = strings.Cut(args, "\n}")
	return strings.Contains(args, "\tTags pulumi.StringMapInput")
}

func TestTaggable(t *testing.T) {
	t.Parallel()
	if !taggable("aws:dynamodb/table:Table") || taggable("aws:iam/rolePolicy:RolePolicy") || taggable("pulumi:providers:aws") {
		t.Error("what has tags is not known")
	}
}
