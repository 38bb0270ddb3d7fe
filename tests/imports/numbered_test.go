package imports

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"leasehold.example/tests/internal/repo"
)

// docs/rules.md numbers the rules. Those after fromAWS are about AWS, and what AWS alone can
// show of them is a line of docs/aws-checklist.md.
const (
	numbered = 47
	fromAWS  = 32
)

// Tests and checklist name a rule as "rule 9", "RULES 9", "rules 9, 24" or ...Rule9.
var naming = regexp.MustCompile(`(?i)\brules? ?((?:\d+(?:, | and )?)+)|Rule(\d+)`)

// TestEveryRuleIsHeld: a rule that neither a test nor the checklist names is a wish.
func TestEveryRuleIsHeld(t *testing.T) {
	t.Parallel()
	root := repo.Root(t)
	tested := map[int]bool{}
	for _, dir := range []string{"libs", "apps", "platform", "stacks", "tests"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "numbered_test.go" {
				return err
			}
			return name(tested, path)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	checked := map[int]bool{}
	if err := name(checked, filepath.Join(root, "docs", "aws-checklist.md")); err != nil {
		t.Fatal(err)
	}
	listed, err := os.ReadFile(filepath.Join(root, "docs", "rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= numbered; n++ {
		if !tested[n] && (n <= fromAWS || !checked[n]) {
			t.Errorf("no test names rule %d, nor does a line of the checklist that AWS alone can answer", n)
		}
		if !strings.Contains(string(listed), "\n"+strconv.Itoa(n)+". ") {
			t.Errorf("docs/rules.md lacks rule %d", n)
		}
	}
	if strings.Contains(string(listed), "\n"+strconv.Itoa(numbered+1)+". ") {
		t.Errorf("docs/rules.md has more than %d rules", numbered)
	}
}

// name adds the numbers of the rules that a file names.
func name(named map[int]bool, path string) error {
	text, err := os.ReadFile(path)
	for _, match := range naming.FindAllStringSubmatch(string(text), -1) {
		for _, digits := range regexp.MustCompile(`\d+`).FindAllString(match[0], -1) {
			n, _ := strconv.Atoi(digits) // digits only
			named[n] = true
		}
	}
	return err
}
