package docs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Files returns what git has or would add, without what is ignored.
func Files(ctx context.Context, root string, patterns ...string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"ls-files", "-z", "-co", "--exclude-standard", "--deduplicate", "--"}, patterns...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	var found []string
	for rel := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		if _, err := os.Lstat(filepath.Join(root, rel)); err == nil { // not deleted since
			found = append(found, rel)
		}
	}
	return found, nil
}

// ReadPages reads every Markdown file of the repository.
func ReadPages(ctx context.Context, root string) ([]Page, error) {
	names, err := Files(ctx, root, "*.md")
	if err != nil {
		return nil, err
	}
	var pages []Page
	for _, rel := range names {
		src, err := os.ReadFile(filepath.Join(root, rel))
		if err != nil {
			return nil, err
		}
		pages = append(pages, Parse(rel, src))
	}
	return pages, nil
}
