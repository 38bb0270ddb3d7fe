package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"leasehold.example/tests/docs"
	"leasehold.example/tests/internal/repo"
)

// files returns what git has or would add, without what is ignored.
func files(t testing.TB, root string, patterns ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"ls-files", "-z", "-co", "--exclude-standard", "--deduplicate", "--"}, patterns...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	var found []string
	for _, rel := range strings.Split(strings.TrimRight(string(out), "\x00"), "\x00") {
		if _, err := os.Lstat(filepath.Join(root, rel)); err == nil { // not deleted since
			found = append(found, rel)
		}
	}
	return found
}

// pages returns every Markdown file of the repository.
func pages(t testing.TB) []docs.Page {
	t.Helper()
	root := repo.Root(t)
	var read []docs.Page
	for _, rel := range files(t, root, "*.md") {
		src, err := os.ReadFile(filepath.Join(root, rel))
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, docs.Parse(rel, src))
	}
	if len(read) < 20 {
		t.Fatalf("only %d Markdown files: git does not list the repository", len(read))
	}
	return read
}

// TestLinks: every link of every page leads somewhere.
func TestLinks(t *testing.T) {
	t.Parallel()
	broken, external := docs.CheckLinks(repo.Root(t), pages(t))
	for _, line := range broken {
		t.Error(line)
	}
	t.Logf("%d addresses elsewhere, not visited:\n%s", len(external), strings.Join(external, "\n"))
}
