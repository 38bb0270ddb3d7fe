package workflows

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// pages is the environment that GitHub makes for its Pages; no role of AWS trusts it.
	pages = "github-pages"
	// sameRepository is true for pull requests from this repository, whose authors may push to it.
	sameRepository = "github.event.pull_request.head.repo.full_name == github.repository"
	noPullRequest  = "github.event_name != 'pull_request'"
	// pullRequestStack is the stack of the pull request at hand.
	pullRequestStack = "pr-${{ github.event.pull_request.number }}"
	// sweep changes the stacks of several pull requests, and leaves those alone that are in use. Two of it wait for each other.
	sweep = "pr-sweep"
)

// deploying are the targets that change a stack.
var deploying = []string{"deploy", "canary", "pr-up", "pr-down", sweep}

// stacks are those that the job's commands name, and those of them that it changes.
func (j Job) stacks() (named, changed []string) {
	for _, line := range j.lines() {
		for _, c := range calls(line) {
			stack := c.vars["STACK"]
			if c.vars["PR"] != "" {
				stack = pullRequestStack
			}
			if slices.Contains(c.targets, sweep) {
				stack = sweep
			}
			if stack == "" {
				continue
			}
			named = append(named, stack)
			if slices.ContainsFunc(c.targets, func(t string) bool { return slices.Contains(deploying, t) }) {
				changed = append(changed, stack)
			}
		}
	}
	return slices.Compact(named), slices.Compact(changed)
}

// reaches reports whether the job can change something that outlives it: it has an environment,
// or a token that can write. Findings of an analysis are no such thing; GitHub lets forks upload theirs.
func (j Job) reaches() bool {
	for scope, access := range j.permissions() {
		if access == "write" && scope != "security-events" {
			return true
		}
	}
	return j.Environment != ""
}

// checkForks wants jobs that reach something kept from pull requests of forks. The condition begins
// with what decides, so that nothing is true beside it.
func checkForks(w *Workflow, _ *Repo) (found []string) {
	if !slices.Contains(w.triggers(), "pull_request") {
		return nil
	}
	for _, job := range w.jobs() {
		if !job.reaches() {
			continue
		}
		decides, rest, _ := strings.Cut(strings.TrimSpace(job.If), " &&")
		if (decides != sameRepository && decides != noPullRequest) || alternative(rest) {
			found = append(found, fmt.Sprintf("job %s: want an if that begins with %q or %q and has no || outside parentheses",
				job.name, sameRepository, noPullRequest))
		}
	}
	return found
}

// alternative reports whether a condition has an || outside parentheses, which is true whatever
// stands before it.
func alternative(condition string) bool {
	depth := 0
	for _, c := range quoted.ReplaceAllString(condition, "") {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case '|':
			if depth <= 0 {
				return true
			}
		}
	}
	return false
}

// checkConcurrency wants every job in a group, by itself or with its workflow, and what has an
// environment or changes a stack never cancelled, nor its workflow. A job that changes a stack has that stack's group, and no other job
// has it: of those that wait in a group, GitHub keeps the last.
func checkConcurrency(w *Workflow, repo *Repo) (found []string) {
	if w.action() {
		return nil
	}
	for _, job := range w.jobs() {
		group := job.Concurrency
		if group == nil {
			group = w.Concurrency
		}
		if group == nil || group.Group == "" {
			found = append(found, fmt.Sprintf("job %s: want a concurrency group, its own or the workflow's", job.name))
			continue
		}
		_, changed := job.stacks()
		if (job.Environment != "" || len(changed) > 0) && w.cancels(group) {
			found = append(found, fmt.Sprintf("job %s: want cancel-in-progress: false, of itself and of the workflow, as it reaches a stack or an environment", job.name))
		}
		for _, stack := range changed {
			if group.Group != "stack-"+stack {
				found = append(found, fmt.Sprintf("job %s: want the group %q, as it changes that stack", job.name, "stack-"+stack))
			}
		}
		if stack, ok := strings.CutPrefix(group.Group, "stack-"); ok && len(changed) == 0 && (repo.Stacks[stack] || stack == pullRequestStack || stack == sweep) {
			found = append(found, fmt.Sprintf("job %s: want another group than %q, which is for what changes that stack", job.name, group.Group))
		}
	}
	return found
}

// cancels reports whether a newer run ends a job of the group, by itself or with its workflow.
func (w *Workflow) cancels(group *Concurrency) bool {
	return group.CancelInProgress != "false" || w.Concurrency != nil && w.Concurrency.CancelInProgress != "false"
}

// checkEnvironments wants environments that the bootstrap program makes a role for, and each to
// deploy the stacks that its role reaches.
func checkEnvironments(w *Workflow, repo *Repo) (found []string) {
	for _, job := range w.jobs() {
		environment := string(job.Environment)
		pattern, trusted := repo.Environments[environment]
		if environment != "" && environment != pages && !trusted {
			found = append(found, fmt.Sprintf("job %s: no role trusts the environment %q", job.name, environment))
			continue
		}
		named, changed := job.stacks()
		for _, stack := range changed {
			if !trusted {
				found = append(found, fmt.Sprintf("job %s: want an environment, to deploy %s", job.name, stack))
			}
		}
		for _, stack := range named {
			if prefix, open := strings.CutSuffix(pattern, "*"); trusted && stack != pattern && (!open || !strings.HasPrefix(stack, prefix)) {
				found = append(found, fmt.Sprintf("job %s: the role of %s reaches %s, not %s", job.name, environment, pattern, stack))
			}
		}
	}
	return found
}

// checkIdentity wants an identity token only where something takes it: AWS in an environment that
// a role trusts, Pages, or a signature.
func checkIdentity(w *Workflow, _ *Repo) (found []string) {
	for _, job := range w.jobs() {
		aws := job.uses("aws-actions/configure-aws-credentials")
		if aws && job.Environment == "" {
			found = append(found, fmt.Sprintf("job %s: want an environment, as no role trusts a job without", job.name))
		}
		token := job.permissions()["id-token"] == "write"
		if token && !aws && !job.uses("actions/attest") && job.Environment != pages {
			found = append(found, fmt.Sprintf("job %s: want no id-token, which nothing in it takes", job.name))
		}
		if aws && !token {
			found = append(found, fmt.Sprintf("job %s: want id-token: write, which AWS's role is given for", job.name))
		}
	}
	return found
}

// cacheless are the actions that take nothing from the cache.
var cacheless = []string{
	"actions/attest", "actions/checkout", "actions/download-artifact", "actions/upload-artifact",
	"aws-actions/configure-aws-credentials", "pulumi/actions",
}

// checkCaches wants nothing from the cache, which every job of the branch can write, where archives are built,
// checked or signed, nor beside a role, but where the role is for stacks that run the code of pull requests anyhow.
// Our own action hands its input on.
func checkCaches(w *Workflow, repo *Repo) (found []string) {
	for _, job := range w.jobs() {
		archives := slices.ContainsFunc(job.lines(), func(line string) bool { return strings.HasPrefix(line, sums) })
		role := job.uses("aws-actions/configure-aws-credentials") && !strings.HasSuffix(repo.Environments[string(job.Environment)], "*")
		for _, step := range job.Steps {
			action, _, _ := strings.Cut(step.Uses.Value, "@")
			switch {
			case action == "" || slices.Contains(cacheless, action) || !w.action() && !archives && !role:
			case action == "./.github/actions/setup" && step.With["cache"] == "false":
			case w.action() && step.With["cache"] == "${{ inputs.cache }}":
			default:
				found = append(found, fmt.Sprintf("job %s: want nothing from the cache beside a role or archives: cache: 'false' for our own action, and not %s", job.name, action))
			}
		}
	}
	return found
}
