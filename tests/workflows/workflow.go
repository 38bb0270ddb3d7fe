// Package workflows holds the rules that this repository's workflows on GitHub keep, and that
// neither actionlint nor zizmor knows: what may run where, with which role, and that every
// command is one that runs here too. docs/pipelines.md says why.
package workflows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Workflow is a file of .github/workflows, or the action.yml of an action.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
type Workflow struct {
	// Path is where the file is, for findings.
	Path string `yaml:"-"`

	On          yaml.Node      `yaml:"on"`
	Permissions yaml.Node      `yaml:"permissions"`
	Concurrency *Concurrency   `yaml:"concurrency"`
	Defaults    Defaults       `yaml:"defaults"`
	Jobs        map[string]Job `yaml:"jobs"`
	// Runs is an action's; its steps are checked as those of a job.
	Runs Job `yaml:"runs"`

	tree yaml.Node
}

// Concurrency says which runs wait for each other.
type Concurrency struct {
	Group            string `yaml:"group"`
	CancelInProgress string `yaml:"cancel-in-progress"`
}

// Defaults are what steps have that say nothing else.
type Defaults struct {
	Run struct {
		Shell string `yaml:"shell"`
	} `yaml:"run"`
}

// Job is one job of a workflow.
type Job struct {
	If              string            `yaml:"if"`
	Needs           Needs             `yaml:"needs"`
	Permissions     yaml.Node         `yaml:"permissions"`
	Timeout         int               `yaml:"timeout-minutes"`
	Environment     Environment       `yaml:"environment"`
	Concurrency     *Concurrency      `yaml:"concurrency"`
	ContinueOnError string            `yaml:"continue-on-error"`
	Env             map[string]string `yaml:"env"`
	Steps           []Step            `yaml:"steps"`
}

// Step is one step of a job or an action.
type Step struct {
	If              string            `yaml:"if"`
	Uses            yaml.Node         `yaml:"uses"`
	Run             string            `yaml:"run"`
	Shell           string            `yaml:"shell"`
	ContinueOnError string            `yaml:"continue-on-error"`
	With            map[string]string `yaml:"with"`
	Env             map[string]string `yaml:"env"`
}

// Needs are names of jobs, whichever of its two forms the file has.
type Needs []string

// UnmarshalYAML reads a name or several.
func (n *Needs) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*n = Needs{node.Value}
		return nil
	}
	return node.Decode((*[]string)(n))
}

// Environment is the name of an environment, whichever of its two forms the file has.
type Environment string

// UnmarshalYAML reads a name, or the name of an object.
func (e *Environment) UnmarshalYAML(node *yaml.Node) error {
	var long struct {
		Name string `yaml:"name"`
	}
	if node.Kind == yaml.ScalarNode {
		return node.Decode((*string)(e))
	}
	err := node.Decode(&long)
	*e = Environment(long.Name)
	return err
}

// Parse reads a workflow or an action.
func Parse(path string, text []byte) (*Workflow, error) {
	w := &Workflow{Path: path}
	err := yaml.Unmarshal(text, &w.tree)
	if err == nil {
		err = w.tree.Decode(w)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return w, nil
}

// action reports whether the file is an action, which has no jobs, triggers and permissions.
func (w *Workflow) action() bool { return w.Runs.Steps != nil }

// jobs are those of the file in the order of their names; an action is one.
func (w *Workflow) jobs() []namedJob {
	if w.action() {
		return []namedJob{{"runs", w.Runs}}
	}
	var all []namedJob
	for name, job := range w.Jobs {
		all = append(all, namedJob{name, job})
	}
	slices.SortFunc(all, func(a, b namedJob) int { return cmp.Compare(a.name, b.name) })
	return all
}

type namedJob struct {
	name string
	Job
}

// triggers are the names of the events, whichever of its three forms `on` has.
func (w *Workflow) triggers() []string {
	if w.On.Kind == yaml.ScalarNode {
		return []string{w.On.Value}
	}
	var all []string
	for i, node := range w.On.Content {
		if w.On.Kind == yaml.SequenceNode || i%2 == 0 {
			all = append(all, node.Value)
		}
	}
	return all
}

// permissions are a job's as scope and access. It is nil where the job has none of its own, or
// has them as one word.
func (j Job) permissions() map[string]string {
	var all map[string]string
	if err := j.Permissions.Decode(&all); err != nil {
		return nil
	}
	return all
}

// lines are the commands of the job's steps, one a line.
func (j Job) lines() []string {
	var all []string
	for _, step := range j.Steps {
		for line := range strings.Lines(step.Run) {
			if line = strings.TrimSpace(line); line != "" {
				all = append(all, line)
			}
		}
	}
	return all
}

// uses reports whether a step of the job is the action owner/name, at whatever version.
func (j Job) uses(action string) bool {
	return slices.ContainsFunc(j.Steps, func(s Step) bool {
		return strings.HasPrefix(s.Uses.Value, action+"@")
	})
}
