package workflows

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"leasehold.example/tests/internal/makefiles"
)

// Repo is what the rules have to know of the repository.
type Repo struct {
	// Make is the Makefile and its parts.
	Make makefiles.Files
	// Environments are those on GitHub that the bootstrap program makes roles for, with the stack
	// of each: a name, or its beginning and `*`.
	Environments map[string]string
	// Stacks are those with a file of settings.
	Stacks map[string]bool
	// Actions are the directories with an action.yml.
	Actions map[string]bool
	// Manifests are the directories with dependencies, by Dependabot's name of the kind.
	Manifests map[string][]string
}

// Read looks at the repository under root.
func Read(root string) (*Repo, error) {
	read, err := makefiles.Read(root)
	r := &Repo{Make: read, Environments: map[string]string{}, Stacks: map[string]bool{}, Actions: map[string]bool{}}
	return r, errors.Join(
		err,
		each(root, "stacks/bootstrap/Pulumi.*.yaml", r.addEnvironments),
		each(root, "Pulumi.*.yaml", func(name string, _ []byte) error {
			r.Stacks[strings.TrimSuffix(strings.TrimPrefix(name, "Pulumi."), ".yaml")] = true
			return nil
		}),
		each(root, ".github/actions/*/action.yml", func(name string, _ []byte) error {
			r.Actions[path.Dir(name)] = true
			return nil
		}),
		r.addManifests(root),
	)
}

// each calls fn with the files that match, by slash-separated path from root.
func each(root, pattern string, fn func(name string, text []byte) error) error {
	matches, err := fs.Glob(os.DirFS(root), pattern)
	if err == nil && len(matches) == 0 {
		err = fmt.Errorf("no file is %s", pattern)
	}
	problems := []error{err}
	for _, name := range matches {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err == nil {
			err = fn(name, text)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// addEnvironments takes them from an example of the bootstrap program's settings.
func (r *Repo) addEnvironments(name string, text []byte) error {
	var file struct {
		Config struct {
			Environments []struct {
				Name  string `yaml:"name"`
				Stack string `yaml:"stack"`
			} `yaml:"leasehold-account:environments"`
		} `yaml:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, e := range file.Config.Environments {
		r.Environments[e.Name] = e.Stack
	}
	return nil
}

// manifests are the files that say what a directory depends on, with Dependabot's name of the kind.
// https://docs.github.com/en/code-security/reference/supply-chain-security/supported-ecosystems-and-repositories
var manifests = map[string]string{
	"go.mod": "gomod", "package.json": "npm", "requirements.txt": "pip", "pom.xml": "maven", "action.yml": "github-actions",
	"devcontainer.json": "devcontainers",
}

// notOurs are directories with what others wrote, or what is built.
var notOurs = map[string]bool{".git": true, "node_modules": true, ".venv": true, "build": true, ".tools": true, ".data": true, "testdata": true}

func (r *Repo) addManifests(root string) error {
	r.Manifests = map[string][]string{"github-actions": {"/"}} // the workflows
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && notOurs[d.Name()] {
			return filepath.SkipDir
		}
		kind := manifests[d.Name()]
		if kind == "" {
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(p))
		dir = strings.TrimSuffix(dir, ".devcontainer") // Dependabot looks there by itself
		r.Manifests[kind] = append(r.Manifests[kind], path.Join("/", filepath.ToSlash(dir)))
		return err
	})
}
