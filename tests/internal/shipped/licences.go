package shipped

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// What SPDX calls a licence that nobody can tell, and the absence of one:
// https://spdx.github.io/spdx-spec/v2.3/package-information/#713-concluded-license-field
const (
	NoAssertion = "NOASSERTION"
	None        = "NONE"
)

// enough is the share of a file, in percent of its words, that must be the text of known
// licences. Below it the file says something else too. pkg.go.dev asks for the same.
const enough = 75

var licenceFile = regexp.MustCompile(`(?i)^(mit-)?(un)?(licen[cs]e|copying)([-._].*)?$`)

// Licences returns the SPDX identifiers of the licence files of a module in root, and of those
// beside its packages in dirs and above them, where code that came from elsewhere has its own.
// The result holds NoAssertion for a file that is not the text of a known licence, and is None
// alone when root has no such file.
func Licences(root string, dirs ...string) ([]string, error) {
	in, err := licencesIn(root)
	if err != nil {
		return nil, err
	}
	if len(in) == 0 {
		return []string{None}, nil
	}
	seen := map[string]bool{root: true}
	for _, dir := range dirs {
		for ; !seen[dir] && strings.HasPrefix(dir, root); dir = filepath.Dir(dir) {
			seen[dir] = true
			more, err := licencesIn(dir)
			if err != nil {
				return nil, err
			}
			in = append(in, more...)
		}
	}
	slices.Sort(in)
	return slices.Compact(in), nil
}

func licencesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, e := range entries {
		// A package called license has code, not the text of one.
		if !e.Type().IsRegular() || !licenceFile.MatchString(e.Name()) || filepath.Ext(e.Name()) == ".go" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		all = append(all, identify(text)...)
	}
	return all, nil
}

func identify(text []byte) []string {
	scanned := licensecheck.Scan(text)
	if scanned.Percent < enough {
		return []string{NoAssertion}
	}
	var all []string
	for _, m := range scanned.Match {
		all = append(all, m.ID)
	}
	return all
}
