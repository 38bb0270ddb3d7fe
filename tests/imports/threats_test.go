package imports

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"leasehold.example/tests/internal/repo"
)

var named = regexp.MustCompile("`([a-z0-9/]+) (Test[A-Za-z0-9_]+)`")

// TestThreatsAreAnswered: each threat of docs/threat-model.md names tests, and they exist below
// the folders that it names.
func TestThreatsAreAnswered(t *testing.T) {
	t.Parallel()
	root := repo.Root(t)
	page, err := os.ReadFile(filepath.Join(root, "docs", "threat-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	threats := 0
	for section := range strings.SplitSeq(string(page), "\n## ") {
		if !strings.Contains(section, "| Threat | Answer | Test |") {
			continue
		}
		for row := range strings.Lines(section) {
			if !strings.HasPrefix(row, "| ") || strings.HasPrefix(row, "| Threat ") {
				continue
			}
			threats++
			if err := answered(root, row); err != nil {
				t.Errorf("%v, in %s", err, row)
			}
		}
	}
	if threats < 40 {
		t.Errorf("%d threats were read; expected those of six tables", threats)
	}
}

func TestAnswered(t *testing.T) {
	t.Parallel()
	root := repo.Root(t)
	for row, want := range map[string]bool{
		"| a | b | `tests/imports TestAnswered` |":                           true,
		"| a | b | `tests TestAnswered` |":                                   true,
		"| a | b | `tests/imports TestAnswere` |":                            false,
		"| a | b | `tests/imports TestAnswered`, `tests/nowhere TestMain` |": false,
		"| a | b | by hand |":                                                false,
	} {
		if err := answered(root, row); (err == nil) != want {
			t.Errorf("%s: %v", row, err)
		}
	}
}

func answered(root, row string) error {
	tests := named.FindAllStringSubmatch(row, -1)
	if len(tests) == 0 {
		return fmt.Errorf("no test is named")
	}
	for _, test := range tests {
		found, err := hasTest(filepath.Join(root, test[1]), test[2])
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("%s is not below %s", test[2], test[1])
		}
	}
	return nil
}

func hasTest(dir, name string) (found bool, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || found || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		found = strings.Contains(string(text), "\nfunc "+name+"(")
		return err
	})
	return found, err
}
