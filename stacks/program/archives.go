package program

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
)

// buildDir is where `make lambda` leaves the archives.
const buildDir = "build"

// The archives, by name without ".zip".
const (
	appServer     = "mcp"
	appContainer  = "server" // the same server, for the Lambda Web Adapter
	appAuthorizer = "authorizer"
	appPreToken   = "pretoken"
	appRotator    = "rotator"
	appAuditor    = "auditor"
)

// modules are the directories that archives are made of, besides what their go.mod replaces.
var modules = map[string]string{ //nolint:gosec // the names of an app, no credentials
	appServer: "apps/mcp", appContainer: "apps/mcp", appAuthorizer: "apps/authorizer",
	appPreToken: "apps/pretoken", appRotator: "apps/rotator", appAuditor: "apps/auditor",
}

// archives are those that the stack deploys.
func (c *Config) archives() []string {
	all := []string{appServer, appAuthorizer, appRotator, appAuditor}
	if c.Edge == EdgeHTTP {
		all = []string{appContainer, appRotator, appAuditor}
	}
	if c.Identity == IdentityCognito {
		all = append(all, appPreToken)
	}
	return all
}

// checkArchives reports archives that are not there or are older than what they are made of, so
// that nobody deploys yesterday's code. It compares times of modification.
func checkArchives(root string, names []string) error {
	var problems []error
	for _, name := range names {
		problems = append(problems, checkArchive(root, name))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w\nrun `make lambda`", err)
	}
	return nil
}

func checkArchive(root, name string) error {
	archive := filepath.Join(buildDir, name+".zip")
	info, err := os.Stat(filepath.Join(root, archive))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not there", archive)
	}
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	dirs, err := sourceDirs(filepath.Join(root, modules[name]))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		newer, err := newerThan(dir, info.ModTime())
		if err != nil {
			return err
		}
		if newer != "" {
			relative, err := filepath.Rel(root, newer)
			return errors.Join(fmt.Errorf("%s is older than %s", archive, relative), err)
		}
	}
	return nil
}

// sourceDirs are a module's directory and those that its go.mod puts in the place of modules.
func sourceDirs(dir string) ([]string, error) {
	path := filepath.Join(dir, "go.mod")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	mod, err := modfile.Parse(path, text, nil)
	if err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	all := []string{dir}
	for _, r := range mod.Replace {
		if modfile.IsDirectoryPath(r.New.Path) {
			all = append(all, filepath.Join(dir, r.New.Path))
		}
	}
	return all, nil
}

// newerThan returns one file of dir that was modified after when; empty when there is none. Tests
// and what they read are not built.
func newerThan(dir string, when time.Time) (newer string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err == nil && info.ModTime().After(when) && !strings.HasSuffix(path, "_test.go") {
			newer = path
			return filepath.SkipAll
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("sources: %w", err)
	}
	return newer, nil
}
