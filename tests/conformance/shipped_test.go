package conformance

import (
	"fmt"
	"testing"

	served "leasehold.example/tests/internal/target"
)

// TestShipped judges a server with the tools that ship, where the suite finds none of its fixtures: the shipped
// server here, or the one of `make verify`. The suite's own verdict is about all scenarios, so it is not asked:
// testdata/shipped.txt has the least that has to pass.
func TestShipped(t *testing.T) {
	t.Parallel()
	suite := installed(t)
	address := behind(t, func(t *testing.T) (string, string) {
		s := served.Get(t)
		return s.URL, s.TokenA
	})
	for _, rev := range revisions {
		t.Run(rev.name, func(t *testing.T) {
			t.Parallel()
			report, err := suite.Do(t.Context(), Run{URL: address, Revision: rev.name, Dir: t.TempDir()})
			if report == nil {
				t.Fatal(err)
			}
			if *update {
				fmt.Print(lines(rev.name, report))
			}
			least := minimums(t, "shipped.txt")[rev.name]
			if len(least) < 8 {
				t.Errorf("only %d scenarios are judged", len(least))
			}
			for scenario, n := range least {
				if got := report[scenario]; got.Passed < n {
					t.Errorf("%s: %d checks passed, want at least %d; failed %q", scenario, got.Passed, n, got.Failed)
				}
			}
		})
	}
}
