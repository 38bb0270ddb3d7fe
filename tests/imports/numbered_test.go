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

// The rules of transport, tokens, sessions and sealed values are numbered 1 to 31. Those of
// the edge on AWS come with the stack.
const numbered = 31

// Tests name a rule as "rule 9", "RULES 9", "rules 9, 24" or ...Rule9.
var naming = regexp.MustCompile(`(?i)\brules? ?((?:\d+(?:, | and )?)+)|Rule(\d+)`)

// TestEveryRuleHasATest: a rule that no test names is a wish.
func TestEveryRuleHasATest(t *testing.T) {
	t.Parallel()
	named := map[int]bool{}
	for _, dir := range []string{"libs", "apps", "tests"} {
		err := filepath.WalkDir(filepath.Join(repo.Root(t), dir), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "numbered_test.go" {
				return err
			}
			text, err := os.ReadFile(path)
			for _, match := range naming.FindAllStringSubmatch(string(text), -1) {
				for _, digits := range regexp.MustCompile(`\d+`).FindAllString(match[0], -1) {
					n, _ := strconv.Atoi(digits) // digits only
					named[n] = true
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= numbered; n++ {
		if !named[n] {
			t.Errorf("no test names rule %d", n)
		}
	}
}
