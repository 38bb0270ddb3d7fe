package docs_test

import (
	"testing"

	"leasehold.example/tests/docs"
	"leasehold.example/tests/internal/repo"
)

func files(t testing.TB, root string) []string {
	t.Helper()
	found, err := docs.Files(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// pages returns every Markdown file of the repository.
func pages(t testing.TB) []docs.Page {
	t.Helper()
	read, err := docs.ReadPages(t.Context(), repo.Root(t))
	if err != nil || len(read) < 20 {
		t.Fatalf("%d Markdown files, %v: git does not list the repository", len(read), err)
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
	if len(external) < 50 {
		t.Errorf("%d addresses elsewhere for `make links` to visit", len(external))
	}
}
