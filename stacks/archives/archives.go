// Package archives knows what the functions' archives are made of. `make lambda` writes a record beside each, and a
// deployment compares it with the sources that it is made from, so that nobody deploys yesterday's code, nor an
// archive that is not the one that was built. Times of modification say neither: a checkout and a download set them anew.
package archives

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// Dir is where `make lambda` leaves the archives, below the root of the repository.
const Dir = "build"

// The archives, by name without ".zip".
const (
	Server     = "mcp"
	Container  = "server" // the same server, for the Lambda Web Adapter
	Authorizer = "authorizer"
	PreToken   = "pretoken"
	Rotator    = "rotator"
	Auditor    = "auditor"
)

// modules are the directories that archives are made of, besides what their go.mod replaces.
var modules = map[string]string{ //nolint:gosec // the names of an app, no credentials
	Server: "apps/mcp", Container: "apps/mcp", Authorizer: "apps/authorizer",
	PreToken: "apps/pretoken", Rotator: "apps/rotator", Auditor: "apps/auditor",
}

// Record is what an archive was when it was built. Digests are SHA-256, in hexadecimal digits.
type Record struct {
	Archive string `json:"archive"`
	// Sources are by directory below the root.
	Sources map[string]string `json:"sources"`
}

// Path is that of an archive below the root; its record has ".json" behind it.
func Path(name string) string { return filepath.Join(Dir, name+".zip") }

// Make describes an archive and its sources as they are now.
func Make(root, name string) (Record, error) {
	dirs, err := sourceDirs(root, modules[name])
	if err != nil {
		return Record{}, err
	}
	r := Record{Sources: map[string]string{}}
	for _, dir := range dirs {
		if r.Sources[dir], err = digestOf(root, dir); err != nil {
			return Record{}, err
		}
	}
	r.Archive, err = digest(filepath.Join(root, Path(name)))
	return r, err
}

// Check reports archives that are not there, are not those that were built, or were built from other sources
// than those of this root.
func Check(root string, names []string) error {
	var problems []error
	for _, name := range names {
		problems = append(problems, check(root, name))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w\nrun `make lambda`", err)
	}
	return nil
}

func check(root, name string) error {
	archive := Path(name)
	if _, err := os.Stat(filepath.Join(root, archive)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not there", archive)
	}
	is, err := Make(root, name)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(root, archive+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there without its record %s.json", archive, archive)
	}
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	var was Record
	if err := json.Unmarshal(text, &was); err != nil {
		return fmt.Errorf("%s.json: %w", archive, err)
	}
	if was.Archive != is.Archive {
		return fmt.Errorf("%s is not the archive of its record %s.json", archive, archive)
	}
	var changed []string
	for dir, digest := range is.Sources {
		if was.Sources[dir] != digest {
			changed = append(changed, dir)
		}
	}
	if len(changed) > 0 {
		slices.Sort(changed)
		return fmt.Errorf("%s is made of other sources than those in %s", archive, strings.Join(changed, ", "))
	}
	return nil
}

// sourceDirs are a module's directory and those that its go.mod puts in the place of modules, relative to the root.
func sourceDirs(root, module string) ([]string, error) {
	path := filepath.Join(root, module, "go.mod")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	mod, err := modfile.Parse(path, text, nil)
	if err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	all := []string{module}
	for _, r := range mod.Replace {
		if modfile.IsDirectoryPath(r.New.Path) {
			all = append(all, filepath.Join(module, r.New.Path))
		}
	}
	return all, nil
}

// digestOf is one of the names and contents of a directory's files. Tests and what they read are not built, and
// neither is what go ignores.
func digestOf(root, dir string) (string, error) {
	sum := sha256.New()
	err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		switch hidden := strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_"); {
		case d.IsDir() && (hidden || name == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || hidden || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		content, err := digest(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		fmt.Fprintf(sum, "%s %q\n", content, filepath.ToSlash(relative))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("sources: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
