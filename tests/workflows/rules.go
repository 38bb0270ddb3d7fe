package workflows

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// rule is one that a file keeps; check returns what breaks it.
type rule struct {
	name  string
	check func(*Workflow, *Repo) []string
}

var rules = []rule{
	{"triggers", checkTriggers},
	{"permissions", checkPermissions},
	{"timeouts", checkTimeouts},
	{"pins", checkPins},
	{"checkout", checkCheckout},
	{"secrets", checkSecrets},
	{"shell", checkShell},
	{"commands", checkCommands},
	{"targets", checkTargets},
	{"listings", checkListings},
	{"forks", checkForks},
	{"concurrency", checkConcurrency},
	{"environments", checkEnvironments},
	{"identity", checkIdentity},
	{"caches", checkCaches},
	{"delivery", checkDelivery},
}

// Check returns what is wrong with a workflow or an action of the repository, each as
// "path: rule: sentence".
func Check(w *Workflow, repo *Repo) []string {
	var found []string
	for _, rule := range rules {
		for _, finding := range rule.check(w, repo) {
			found = append(found, w.Path+": "+rule.name+": "+finding)
		}
	}
	return found
}

// triggers are those whose workflow is that of the commit it runs on, or of the main branch, by
// somebody who may push. pull_request_target, workflow_run and the events of comments give a
// stranger's input a token that can write.
// https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
var triggers = []string{"pull_request", "push", "schedule", "workflow_dispatch"}

func checkTriggers(w *Workflow, _ *Repo) (found []string) {
	for _, trigger := range w.triggers() {
		if !slices.Contains(triggers, trigger) {
			found = append(found, fmt.Sprintf("%s is not among %s", trigger, strings.Join(triggers, ", ")))
		}
	}
	return found
}

// checkPermissions wants none for the whole and those of each job said.
func checkPermissions(w *Workflow, _ *Repo) (found []string) {
	if w.action() {
		return nil
	}
	if w.Permissions.Kind != yaml.MappingNode || len(w.Permissions.Content) > 0 {
		found = append(found, "want `permissions: {}` for the whole workflow")
	}
	for _, job := range w.jobs() {
		if len(job.permissions()) == 0 {
			found = append(found, fmt.Sprintf("job %s: want its permissions one by one", job.name))
		}
	}
	return found
}

func checkTimeouts(w *Workflow, _ *Repo) (found []string) {
	for _, job := range w.jobs() {
		if !w.action() && (job.Timeout < 1 || job.Timeout > 360) {
			found = append(found, fmt.Sprintf("job %s: want timeout-minutes from 1 to 360", job.name))
		}
	}
	return found
}

var (
	pinned  = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)+@[0-9a-f]{40}$`)
	version = regexp.MustCompile(`^# v\d+\.\d+\.\d+$`)
)

// checkPins wants foreign actions by the digest of a commit, with the version that it is, and
// our own to be there.
func checkPins(w *Workflow, repo *Repo) (found []string) {
	for _, job := range w.jobs() {
		for _, step := range job.Steps {
			uses := step.Uses.Value
			switch {
			case uses == "":
			case strings.HasPrefix(uses, "./"):
				if !repo.Actions[strings.TrimPrefix(uses, "./")] {
					found = append(found, fmt.Sprintf("job %s: there is no %s/action.yml", job.name, uses))
				}
			case !pinned.MatchString(uses):
				found = append(found, fmt.Sprintf("job %s: want the full digest of a commit, not %s", job.name, uses))
			case !version.MatchString(step.Uses.LineComment):
				found = append(found, fmt.Sprintf("job %s: want a comment with the version, as # v1.2.3, behind %s", job.name, uses))
			}
		}
	}
	return found
}

// defaultBranch is the one other commit that a job with a role may check out as it begins.
const defaultBranch = "${{ github.event.repository.default_branch }}"

// checkCheckout keeps the token out of .git/config, where every later step could read it. The branch
// of an environment is that of the event, and no other commit has its protection: one that Git is
// told to take later has to be in the history of the event's.
func checkCheckout(w *Workflow, _ *Repo) (found []string) {
	for _, job := range w.jobs() {
		for _, step := range job.Steps {
			if !strings.HasPrefix(step.Uses.Value, "actions/checkout@") {
				continue
			}
			if step.With["persist-credentials"] != "false" {
				found = append(found, fmt.Sprintf("job %s: want persist-credentials: false", job.name))
			}
			if ref := step.With["ref"]; job.Environment != "" && ref != "" && ref != defaultBranch {
				found = append(found, fmt.Sprintf("job %s: want no ref but the default branch beside an environment, not %s", job.name, ref))
			}
		}
		found = append(found, job.foreign()...)
	}
	return found
}

// taken is a commit that Git is told to take, asked before whether the event's commit has it.
var taken = regexp.MustCompile(`^git (?:checkout|switch) --detach (".*")$`)

// foreign are the commands of a job with an environment that take a commit from anywhere.
func (j namedJob) foreign() (found []string) {
	before := ""
	for _, line := range j.lines() {
		m := taken.FindStringSubmatch(line)
		takes := strings.HasPrefix(line, "git checkout") || strings.HasPrefix(line, "git switch")
		if j.Environment != "" && takes && (len(m) == 0 || before != `git merge-base --is-ancestor `+m[1]+` "$GITHUB_SHA"`) {
			found = append(found, fmt.Sprintf(`job %s: want git merge-base --is-ancestor … "$GITHUB_SHA" before %q`, j.name, line))
		}
		before = line
	}
	return found
}

var (
	secrets = regexp.MustCompile(`(?i)\bsecrets\b`) // GitHub does not mind the case
	// verifyKey signs the tokens that a pipeline tries staging and previews with.
	verifyKey  = "${{ secrets.VERIFY_KEY }}"
	verifyStep = regexp.MustCompile(`^make (verify|load) `)
)

// checkSecrets wants none but VERIFY_KEY, in the one step that takes it: AWS takes the workflow's own
// identity, GitHub the run's own token.
func checkSecrets(w *Workflow, _ *Repo) (found []string) {
	uses := mentions(&w.tree)
	for _, job := range w.jobs() {
		for _, step := range job.Steps {
			if step.Env["VERIFY_KEY"] == verifyKey && verifyStep.MatchString(step.Run) {
				uses--
			}
		}
	}
	if uses > 0 {
		found = append(found, "want no stored secret but VERIFY_KEY in steps that verify: OpenID Connect for AWS, github.token for GitHub")
	}
	return found
}

// mentions counts the secrets in keys and values, not in comments. An alias is what it stands for.
func mentions(node *yaml.Node) int {
	if node.Kind == yaml.AliasNode {
		return mentions(node.Alias)
	}
	n := len(secrets.FindAllString(node.Value, -1))
	for _, inner := range node.Content {
		n += mentions(inner)
	}
	return n
}

// checkShell wants bash by name, which GitHub starts with pipefail; without a name it does not.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#exit-codes-and-error-action-preference
func checkShell(w *Workflow, _ *Repo) (found []string) {
	for _, job := range w.jobs() {
		for _, step := range job.Steps {
			if shell := step.Shell; step.Run != "" && shell != "bash" && (shell != "" || w.Defaults.Run.Shell != "bash") {
				found = append(found, fmt.Sprintf("job %s: want the shell bash, by defaults.run.shell", job.name))
			}
		}
	}
	return found
}

// checkCommands wants one make target, gh or git command a line, and no expression in it: GitHub
// pastes those into the script, so that a branch's name could be a command.
func checkCommands(w *Workflow, _ *Repo) (found []string) {
	for _, job := range w.jobs() {
		for _, line := range job.lines() {
			if strings.Contains(line, "${{") {
				found = append(found, fmt.Sprintf("job %s: want values from env, no expression in %q", job.name, line))
			} else if !plain(line) {
				found = append(found, fmt.Sprintf("job %s: want one make, gh or git command, not %q", job.name, line))
			}
		}
	}
	return found
}

func checkTargets(w *Workflow, repo *Repo) (found []string) {
	for _, job := range w.jobs() {
		for _, line := range job.lines() {
			for _, c := range calls(line) {
				if len(c.targets) == 0 {
					found = append(found, fmt.Sprintf("job %s: want a target in %q", job.name, line))
				}
				for _, target := range c.targets {
					if !repo.Make.Target(target) {
						found = append(found, fmt.Sprintf("job %s: there is no make %s", job.name, target))
					}
				}
			}
		}
	}
	return found
}

// late are options of gh that find what GitHub's search knows, minutes late, or what somebody wrote last.
var late = regexp.MustCompile(`^gh .*(?:--(?:label|search|author|edit-last)\b| -[lSA]\b)`)

// checkListings wants lists that are whole and comments that are ours.
func checkListings(w *Workflow, _ *Repo) (found []string) {
	for _, job := range w.jobs() {
		for _, line := range job.lines() {
			if late.MatchString(line) {
				found = append(found, fmt.Sprintf("job %s: want --json and --jq in place of a search, and a comment by its id: %q", job.name, line))
			}
		}
	}
	return found
}
