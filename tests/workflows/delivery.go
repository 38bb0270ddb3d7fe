package workflows

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const (
	sums      = "make sums"
	sumsCheck = `make sums-check DIGEST="$DIGEST"`
)

// delivery is all that a job does that deploys a stack: a check that is gone is missed by nothing else.
type delivery struct {
	// after is a command of a job that it needs.
	after    string
	commands []string
}

// deliveries are by stack.
var deliveries = map[string]delivery{
	"staging": {"make test", []string{
		sumsCheck, "make newer-check STACK=staging", "make deploy STACK=staging ARCHIVES=build",
		"make canary STACK=staging CANARY_TIMEOUT=30m", `make verify URL="$(make -s url STACK=staging)"`,
	}},
	"prod": {"make deploy STACK=staging ARCHIVES=build", []string{
		sumsCheck, "make newer-check STACK=prod", "make deploy STACK=prod ARCHIVES=build",
		"make canary STACK=prod CANARY_TIMEOUT=30m", `make smoke URL="$(make -s url STACK=prod)"`,
	}},
}

// status are the functions with which a job runs though one that it needs did not succeed.
var status = regexp.MustCompile(`(?i)\b(always|cancelled|failure|success)\s*\(`)

// checkDelivery wants a job that deploys to do what the table says and nothing else, and archives to be
// compared with the digest of the job that built them.
func checkDelivery(w *Workflow, _ *Repo) (found []string) {
	for _, job := range w.jobs() {
		builder := job.needed(w, sums)
		compared := slices.Contains(job.certain(), sumsCheck) && job.Env["DIGEST"] == "${{ needs."+builder+".outputs.digest }}"
		if job.downloads() && (builder == "" || !compared) {
			found = append(found, fmt.Sprintf("job %s: want %s, with the output digest of a job with %s that it needs", job.name, sumsCheck, sums))
		}
		stack, deploys := job.deploys()
		if !deploys {
			continue
		}
		want, known := deliveries[stack]
		switch got := job.certain(); {
		case !known:
			found = append(found, fmt.Sprintf("job %s: nothing says how %q is deployed", job.name, stack))
		case !slices.Equal(got, want.commands):
			found = append(found, fmt.Sprintf("job %s: want these commands, none with a condition: %q; got %q", job.name, want.commands, got))
		case !job.downloads():
			found = append(found, fmt.Sprintf("job %s: want the archives of the job with %s", job.name, sums))
		case job.needed(w, want.after) == "" || status.MatchString(job.If):
			found = append(found, fmt.Sprintf("job %s: want it to need the success of a job with %s", job.name, want.after))
		}
	}
	return found
}

// needed is a job of those that this one needs that has the command, empty without.
func (j Job) needed(w *Workflow, command string) string {
	for _, name := range j.Needs {
		if slices.Contains(w.Jobs[name].certain(), command) {
			return name
		}
	}
	return ""
}

// downloads reports whether the job takes what another one built.
func (j Job) downloads() bool {
	return slices.ContainsFunc(j.Steps, func(s Step) bool {
		return strings.HasPrefix(s.Uses.Value, "actions/download-artifact@") && s.With["name"] == "archives"
	})
}

// deploys reports whether the job calls make deploy, and for which stack.
func (j Job) deploys() (stack string, deploys bool) {
	for _, line := range j.lines() {
		for _, c := range calls(line) {
			if slices.Contains(c.targets, "deploy") {
				return c.vars["STACK"], true
			}
		}
	}
	return "", false
}

// certain are the job's commands, those with a mark that may not run, or may fail in vain.
func (j Job) certain() (all []string) {
	for _, step := range j.Steps {
		mark := ""
		if step.If != "" || step.ContinueOnError != "" || j.ContinueOnError != "" {
			mark = "perhaps "
		}
		for _, line := range (Job{Steps: []Step{step}}).lines() {
			all = append(all, mark+line)
		}
	}
	return all
}

// duty is a command that some job has, whenever the event happens.
type duty struct {
	event string
	// condition is the job's if; most have none.
	condition string
	command   string
}

const (
	// whereDeployed is the condition of what needs an account.
	whereDeployed = "vars.DEPLOY == 'true'"
	labelled      = "contains(github.event.pull_request.labels.*.name, 'preview')"
	// whileLabelled and nowUnlabelled are the conditions of a preview and of its end.
	whileLabelled = sameRepository + " && " + whereDeployed + " && " + labelled + " && github.event.action != 'closed' && " +
		"(github.event.action != 'labeled' || github.event.label.name == 'preview') && github.event.action != 'unlabeled'"
	nowUnlabelled = sameRepository + " && " + whereDeployed + " && (github.event.action == 'closed' && " + labelled + " || " +
		"github.event.action == 'unlabeled' && github.event.label.name == 'preview')"
)

var duties = []duty{
	{"pull_request", "", "make lint"},
	{"pull_request", "", "make vuln"},
	{"pull_request", "", "make test-unit"},
	{"pull_request", "", "make test"},
	{"pull_request", "", `make cover AGAINST="origin/$BASE"`},
	{"pull_request", "", `make bench-compare AGAINST="origin/$BASE"`},
	{"pull_request", "", `make -s pr-comment AGAINST="origin/$BASE" | tee comment.md >> "$GITHUB_STEP_SUMMARY"`},
	{"pull_request", whileLabelled, `make pr-up PR="$NUMBER"`},
	{"pull_request", nowUnlabelled, `make pr-down PR="$NUMBER"`},
	{"push", "", "make test"},
	{"push", "", "make lambda"},
	{"push", "", "make sbom"},
	{"push", "", sums},
	{"push", whereDeployed, "make deploy STACK=staging ARCHIVES=build"},
	{"push", "", "make deploy STACK=prod ARCHIVES=build"}, // it needs the one before
	{"schedule", "", "make fuzz FUZZTIME=5m"},
	{"schedule", "", "make vuln"},
	{"schedule", "", `make -s licences | tee -a "$GITHUB_STEP_SUMMARY"`},
	{"schedule", "", `make -s outdated | tee -a "$GITHUB_STEP_SUMMARY"`},
	{"schedule", "", "make links"},
	{"schedule", whereDeployed, "make drift STACK=staging"},
	{"schedule", whereDeployed, `make load URL="$(make -s url STACK=staging)" RATE=20 DURATION=5m MAX_ERRORS=1 MAX_P99=2s`},
	{"schedule", noPullRequest + " && " + whereDeployed, `make pr-sweep OPEN="$OPEN"`},
	{"workflow_dispatch", whereDeployed, "make drift STACK=prod ARCHIVES=build"},
}

// Missing returns the duties that no job of the workflows has.
func Missing(all []*Workflow) (found []string) {
	for _, d := range duties {
		if !slices.ContainsFunc(all, d.done) {
			found = append(found, fmt.Sprintf("%s: no job has %s with the if %q", d.event, d.command, d.condition))
		}
	}
	return found
}

func (d duty) done(w *Workflow) bool {
	return slices.Contains(w.triggers(), d.event) && slices.ContainsFunc(w.jobs(), func(job namedJob) bool {
		return job.If == d.condition && slices.Contains(job.certain(), d.command)
	})
}
