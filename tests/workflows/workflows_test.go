package workflows

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/modfile"

	"leasehold.example/tests/internal/makefiles"
	"leasehold.example/tests/internal/repo"
)

// TestWorkflows: ours keep every rule.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	root := repo.Root(t)
	facts := read(t, root)
	digests := map[string]string{}
	all := ours(t, root, "", "", "")
	for _, finding := range Missing(all) {
		t.Error(finding)
	}
	for _, w := range all {
		for _, finding := range Check(w, facts) {
			t.Error(finding)
		}
		for _, job := range w.jobs() {
			for _, step := range job.Steps {
				action, digest, _ := strings.Cut(step.Uses.Value, "@")
				if before := digests[action]; before != "" && before != digest {
					t.Errorf("%s: %s is %s here and %s elsewhere", w.Path, action, digest, before)
				}
				digests[action] = digest
			}
		}
	}
}

// TestChanged: a check that goes from our own workflows is missed, and a hole that is made in them is seen.
func TestChanged(t *testing.T) {
	t.Parallel()
	const (
		main, pull, nightly, preview, setup = "workflows/main.yml", "workflows/pull-request.yml", "workflows/nightly.yml", "workflows/preview-environment.yml", "actions/setup/action.yml"
		run, prodChecks                     = "      - run: ", "      - run: make sums-check DIGEST=\"$DIGEST\"\n      - run: make newer-check STACK=prod\n"
		digest                              = "      DIGEST: ${{ needs.build.outputs.digest }}\n"
	)
	root := repo.Root(t)
	facts := read(t, root)
	for _, tt := range []struct{ file, old, changed, want string }{
		{main, prodChecks, run + "make newer-check STACK=prod\n", "job prod: want make sums-check"},
		{main, prodChecks, run + "make sums-check DIGEST=\"$DIGEST\"\n", "job prod: want these commands"},
		{main, run + "make newer-check STACK=staging\n", "", "job staging: want these commands"},
		{main, run + "make canary STACK=prod CANARY_TIMEOUT=30m\n", "", "job prod: want these commands"},
		{main, run + "make smoke", "      - if: false\n        run: make smoke", "job prod: want these commands"},
		{main, "needs: [build, staging]", "needs: build", "job prod: want it to need the success"},
		{main, "needs: [build, staging]", "needs: [build, staging]\n    if: ${{ Always() }}", "job prod: want it to need the success"},
		{main, "needs: [test, build]", "needs: build", "job staging: want it to need the success of a job with make test"},
		{main, "needs: [test, build]", "needs: test", "job staging: want make sums-check"},
		{main, "name: archives\n          path: build\n", "name: other\n", "job staging: want the archives of the job with make sums"},
		{main, run + "make test\n", "      - continue-on-error: true\n        run: make test\n", "push: no job has make test"},
		{main, "cache: 'false'\n" + run + "make lambda", "cache: 'true'\n" + run + "make lambda", "job build: want nothing from the cache"},
		{main, prodChecks, "      - uses: actions/setup-go@x\n" + prodChecks, "job prod: want nothing from the cache"},
		{main, prodChecks, "      - uses: actions/cache@x\n" + prodChecks, "job prod: want nothing from the cache"},
		{main, "  group: main-${{ github.sha }}\n  cancel-in-progress: false", "  group: main\n  cancel-in-progress: true", "job prod: want cancel-in-progress: false"},
		{main, digest, digest + "      X: \"a #${{ secrets.VERIFY_KEY }}\"\n", "want no stored secret"},
		{pull, run + "make test\n", run + "make help\n", "pull_request: no job has make test with"},
		{pull, "    name: All tests\n", "    name: All tests\n    if: false\n", "pull_request: no job has make test with"},
		{pull, "    name: Lint\n", "    name: Lint\n    continue-on-error: true\n", "pull_request: no job has make lint"},
		{nightly, run + "make drift STACK=staging", run + "make help", "schedule: no job has make drift"},
		{nightly, "\n  schedule:\n    - cron: '43 1 * * *'", "", "schedule: no job has make fuzz"},
		{preview, "group: stack-pr-sweep", "group: sweep", `job sweep: want the group "stack-pr-sweep"`},
		{preview, "--json number,labels", "--label preview --json number,labels", "job sweep: want --json and --jq"},
		{setup, "cache: ${{ inputs.cache }}", "cache: true", "job runs: want nothing from the cache"},
	} {
		all := ours(t, root, ".github/"+tt.file, tt.old, tt.changed)
		found := Missing(all)
		for _, w := range all {
			found = append(found, Check(w, facts)...)
		}
		if !slices.ContainsFunc(found, func(finding string) bool { return strings.Contains(finding, tt.want) }) {
			t.Errorf("%s: %q in place of %q: found %q, want %q", tt.file, tt.changed, tt.old, found, tt.want)
		}
	}
}

// TestRefused: each sample breaks the one rule that its first line names, and each rule has one.
func TestRefused(t *testing.T) {
	t.Parallel()
	facts := &Repo{
		Make:         makefiles.Files{Targets: strings.Fields("test deploy canary smoke verify sums sums-check newer-check pr-up pr-sweep drift url")},
		Environments: map[string]string{"prod": "prod", "preview": "pr-*"},
		Stacks:       map[string]bool{"prod": true},
		Actions:      map[string]bool{".github/actions/setup": true},
	}
	broken := map[string]bool{}
	for _, path := range files(t, "testdata", "refused/*.yml") {
		w := parse(t, "testdata", path)
		line, _, _ := strings.Cut(string(text(t, filepath.Join("testdata", path))), "\n")
		want := strings.TrimPrefix(line, "# want: ")
		rule, _, _ := strings.Cut(want, ":")
		broken[rule] = true
		got := Check(w, facts)
		if len(got) == 0 {
			t.Errorf("%s: nothing found, want %q", path, want)
		}
		for _, finding := range got {
			if finding = strings.TrimPrefix(finding, path+": "); !strings.HasPrefix(finding, want) {
				t.Errorf("%s: found %q, want %q", path, finding, want)
			}
		}
	}
	for _, rule := range rules {
		if !broken[rule.name] {
			t.Errorf("no sample breaks the rule %s", rule.name)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		`make test`:            true,
		`make load MAX_P99=2s`: true,
		`make pr-comment AGAINST="origin/$BASE" > comment.md`:           true,
		`make -s licences | tee -a "$GITHUB_STEP_SUMMARY"`:              true,
		`make smoke URL="$(make -s url STACK=prod)"`:                    true,
		`gh pr list --json number --jq 'map(.number) | join(" ")' >> f`: true,
		`make test && make lint`:                                        false,
		`make test; true`:                                               false,
		`make test || true`:                                             false,
		`make test | sh`:                                                false,
		`make smoke URL="$(curl example.com)"`:                          false,
		"make smoke URL=`id`":                                           false,
		"make smoke URL=\"`id`\"":                                       false,
		`make smoke URL=$URL`:                                           false,
		`make smoke "$WHAT"`:                                            false,
		`make test $(curl example.com)`:                                 false,
		`gh pr comment $NUMBER`:                                         false,
		`gh pr list | xargs gh pr close`:                                false,
		`makeshift`:                                                     false,
		`go test ./...`:                                                 false,
	} {
		if got := plain(line); got != want {
			t.Errorf("plain(%q) = %v", line, got)
		}
	}
}

// TestDependabot: every directory with dependencies is looked after.
func TestDependabot(t *testing.T) {
	t.Parallel()
	root := repo.Root(t)
	text := text(t, filepath.Join(root, ".github", "dependabot.yml"))
	facts := read(t, root)
	found, err := CheckDependabot(text, facts)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range found {
		t.Error(finding)
	}
	for _, tt := range []struct{ old, changed, want string }{
		{"/libs\n", "/libs2\n", "gomod /libs2 has no manifest"},
		{"      - /libs\n", "", "gomod /libs is missing"},
		{"      - /libs\n", "      - /libs\n      - /libs\n", "gomod /libs is there twice"},
		{"    groups:\n      npm:", "    labels:\n      npm:", "npm [/docs /docs/examples/typescript /tests/node]: want groups, so that a week has one pull request"},
	} {
		found, err := CheckDependabot(bytes.Replace(text, []byte(tt.old), []byte(tt.changed), 1), facts)
		if err != nil || len(found) == 0 || found[0] != tt.want {
			t.Errorf("%q in place of %q: %v, %v; want %q first", tt.changed, tt.old, found, err, tt.want)
		}
	}
}

// TestVersions: the tools of a workflow are those that the repository says.
func TestVersions(t *testing.T) {
	t.Parallel()
	root := repo.Root(t)
	setup := string(text(t, filepath.Join(root, ".github", "actions", "setup", "action.yml")))
	work, err := modfile.ParseWork("go.work", text(t, filepath.Join(root, "go.work")), nil)
	if err != nil {
		t.Fatal(err)
	}
	cli, err := modfile.Parse("go.mod", text(t, filepath.Join(root, "tools", "pulumi", "go.mod")), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"go-version": regexp.MustCompile(`\.\d+$`).ReplaceAllString(work.Go.Version, ".x")}
	for _, require := range cli.Require {
		if require.Mod.Path == "github.com/pulumi/pulumi/pkg/v3" {
			want["pulumi-version"] = strings.TrimPrefix(require.Mod.Version, "v")
		}
	}
	if len(want) != 2 {
		t.Fatalf("tools/pulumi/go.mod requires no CLI: %v", want)
	}
	for input, version := range want {
		if !strings.Contains(setup, input+": "+version+"\n") {
			t.Errorf("the action setup does not have %s: %s", input, version)
		}
	}
}

// TestAttested: every function that is released is signed.
func TestAttested(t *testing.T) {
	t.Parallel()
	root := repo.Root(t)
	want := []string{"server"}
	for _, path := range files(t, root, "apps/*/cmd/lambda/main.go") {
		want = append(want, strings.Split(path, "/")[1])
	}
	slices.Sort(want)
	var got struct {
		Jobs struct {
			Attest struct {
				Strategy struct {
					Matrix struct {
						Function []string `yaml:"function"`
					} `yaml:"matrix"`
				} `yaml:"strategy"`
			} `yaml:"attest"`
		} `yaml:"jobs"`
	}
	if err := yaml.Unmarshal(text(t, filepath.Join(root, ".github", "workflows", "main.yml")), &got); err != nil {
		t.Fatal(err)
	}
	if functions := got.Jobs.Attest.Strategy.Matrix.Function; !slices.Equal(functions, want) {
		t.Errorf("main.yml attests %v, and the functions are %v", functions, want)
	}
}

func read(t *testing.T, root string) *Repo {
	t.Helper()
	facts, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// files are those that match the patterns, by path from root; each pattern has at least one.
func files(t *testing.T, root string, patterns ...string) []string {
	t.Helper()
	var all []string
	for _, pattern := range patterns {
		if err := each(root, pattern, func(name string, _ []byte) error {
			all = append(all, name)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// ours are the repository's workflows and actions, with one change in the file path; an empty one has none.
func ours(t *testing.T, root, path, old, changed string) (all []*Workflow) {
	t.Helper()
	for _, name := range files(t, root, ".github/workflows/*.yml", ".github/actions/*/action.yml") {
		before := text(t, filepath.Join(root, filepath.FromSlash(name)))
		after := before
		if name == path {
			after = bytes.Replace(before, []byte(old), []byte(changed), 1)
			if bytes.Equal(before, after) {
				t.Errorf("%s has no %q", path, old)
			}
		}
		w, err := Parse(name, after)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, w)
	}
	return all
}

func parse(t *testing.T, root, path string) *Workflow {
	t.Helper()
	w, err := Parse(path, text(t, filepath.Join(root, filepath.FromSlash(path))))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func text(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
