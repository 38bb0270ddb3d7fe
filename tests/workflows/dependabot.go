package workflows

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"
)

// dependabot is .github/dependabot.yml.
// https://docs.github.com/en/code-security/reference/supply-chain-security/dependabot-options-reference
type dependabot struct {
	Updates []struct {
		Ecosystem   string               `yaml:"package-ecosystem"`
		Directories []string             `yaml:"directories"`
		Groups      map[string]yaml.Node `yaml:"groups"`
	} `yaml:"updates"`
}

// CheckDependabot returns what .github/dependabot.yml leaves out of the repository's manifests,
// names twice or names in vain.
func CheckDependabot(text []byte, repo *Repo) ([]string, error) {
	var file dependabot
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("dependabot.yml: %w", err)
	}
	var found []string
	listed := map[string][]string{}
	for _, update := range file.Updates {
		if len(update.Groups) == 0 {
			found = append(found, fmt.Sprintf("%s %v: want groups, so that a week has one pull request", update.Ecosystem, update.Directories))
		}
		for _, dir := range update.Directories {
			if slices.Contains(listed[update.Ecosystem], dir) {
				found = append(found, fmt.Sprintf("%s %s is there twice", update.Ecosystem, dir))
			}
			if !slices.Contains(repo.Manifests[update.Ecosystem], dir) {
				found = append(found, fmt.Sprintf("%s %s has no manifest", update.Ecosystem, dir))
			}
			listed[update.Ecosystem] = append(listed[update.Ecosystem], dir)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(repo.Manifests)) {
		for _, dir := range repo.Manifests[kind] {
			if !slices.Contains(listed[kind], dir) {
				found = append(found, fmt.Sprintf("%s %s is missing", kind, dir))
			}
		}
	}
	return found, nil
}
