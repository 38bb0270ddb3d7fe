package pullrequest_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"leasehold.example/stacks/engine"
	"leasehold.example/stacks/internal/need"
	"leasehold.example/stacks/preview"
	"leasehold.example/stacks/program"
	"leasehold.example/stacks/pullrequest"
)

func TestMain(m *testing.M) {
	engine.Main()
	os.Exit(m.Run())
}

// account is an AWS account and a backend, on the real engine.
type account struct {
	*pullrequest.Stacks
	t   *testing.T
	out bytes.Buffer
}

// newAccount has the settings that are shipped, and a program.
func newAccount(t *testing.T, deploy pulumi.RunFunc) *account {
	t.Helper()
	settings, err := preview.ReadStack("../..", "preview", nil)
	if err != nil {
		t.Fatal(err)
	}
	workspace, err := engine.Workspace(engine.Options{CLI: need.Pulumi(t), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	a := &account{t: t}
	a.Stacks = &pullrequest.Stacks{
		Settings: settings, Program: deploy, Max: 3, MaxAge: 24 * time.Hour, Now: time.Now, Out: &a.out, Workspace: workspace,
	}
	return a
}

func (a *account) up(number string) (url string) {
	a.t.Helper()
	url, err := a.Up(a.t.Context(), number)
	if err != nil {
		a.t.Fatal(err)
	}
	return url
}

// later is a time from now at which the sweep runs.
func (a *account) later(d time.Duration) {
	now := time.Now().Add(d)
	a.Now = func() time.Time { return now }
}

// workspace is one of somebody else's, with the same backend.
func (a *account) workspace() auto.Workspace {
	a.t.Helper()
	w, err := auto.NewLocalWorkspace(a.t.Context(), append(slices.Clone(a.Workspace), auto.WorkDir(a.t.TempDir()),
		auto.Project(*project(a.Settings.Project)))...)
	if err != nil {
		a.t.Fatal(err)
	}
	return w
}

// has compares the stacks that exist.
func (a *account) has(want ...string) {
	a.t.Helper()
	stacks, err := a.workspace().ListStacks(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	var got []string
	for _, s := range stacks {
		got = append(got, s.Name)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		a.t.Errorf("there is %q, want %q", got, want)
	}
}

// resources are those of a stack's state.
func (a *account) resources(stack string) []apitype.ResourceV3 {
	a.t.Helper()
	state, err := a.workspace().ExportStack(a.t.Context(), stack)
	if err != nil {
		a.t.Fatal(err)
	}
	var d apitype.DeploymentV3
	if err := json.Unmarshal(state.Deployment, &d); err != nil {
		a.t.Fatal(err)
	}
	return d.Resources
}

// small makes a provider as the real program does, and a topic.
func small(ctx *pulumi.Context) error {
	var c program.Config
	c.AccountID, c.Region = config.Require(ctx, "leasehold:accountId"), config.Require(ctx, "leasehold:region")
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region: pulumi.String(c.Region), AllowedAccountIds: pulumi.ToStringArray([]string{c.AccountID}),
	})
	if err != nil {
		return err
	}
	_, err = sns.NewTopic(ctx, "topic", nil, pulumi.Provider(provider), pulumi.Protect(config.GetBool(ctx, "test:protect")))
	ctx.Export("mcpUrl", pulumi.String("https://example.com/"+ctx.Stack()+"/mcp"))
	return err
}

// The shipped program and settings, from nothing to nothing. Each step begins in an empty
// directory, as each job of a pipeline does.
func TestUpAgainAndDown(t *testing.T) {
	t.Parallel()
	a := newAccount(t, program.Program{Root: archives(t), WithoutArchives: true}.Deploy)
	first := a.up("12")
	if !strings.HasPrefix(first, "https://") || !strings.HasSuffix(first, "/mcp") {
		t.Errorf("the URL is %q", first)
	}
	if again := a.up("12"); again != first {
		t.Errorf("a second update moved the server from %s to %s", first, again)
	}
	tagged := 0
	for _, r := range a.resources("pr-12") {
		if tags, ok := r.Inputs["tags"].(map[string]any); ok {
			if tagged++; tags["stack"] != "pr-12" {
				t.Errorf("%s has the tags %v", r.URN, tags)
			}
		}
		if r.Protect || r.RetainOnDelete {
			t.Errorf("%s is protected", r.URN)
		}
	}
	if tagged < 10 {
		t.Errorf("%d resources have tags", tagged)
	}
	for range 2 { // the second time there is nothing
		if err := a.Down(t.Context(), "12"); err != nil {
			t.Fatal(err)
		}
		a.has()
	}
}

func TestUpRefusesOneTooMany(t *testing.T) {
	t.Parallel()
	a := newAccount(t, small)
	a.Max = 2
	a.up("2")
	a.up("12")
	_, err := a.Up(t.Context(), "13")
	if err == nil || !strings.Contains(err.Error(), "there are 2 stacks of pull requests, and 2 may be: pr-2, pr-12;") {
		t.Errorf("got %v", err)
	}
	a.up("2") // the ones that are there may go on
	a.has("pr-12", "pr-2")
}

func TestSweep(t *testing.T) {
	t.Parallel()
	a := newAccount(t, small)
	a.Max = 9
	for _, number := range []string{"1", "2"} {
		a.up(number)
	}
	a.elsewhere("pr-3", "leasehold:accountId", "444455556666")
	a.elsewhere("pr-4", "leasehold:region", "us-east-1")
	a.elsewhere("pr-5", "test:protect", "true")
	a.elsewhere("prod", "", "")
	a.elsewhere("pr-06", "", "")
	a.elsewhere("pr-x", "", "")
	a.up("7")
	a.later(2 * time.Hour)

	err := a.Sweep(t.Context(), []string{"1"})
	for _, want := range []string{
		`stack pr-3 is not destroyed: it is in account ["444455556666"], and not in preview's 111122223333`,
		`stack pr-4 is not destroyed: it is in region us-east-1, and not in preview's eu-central-1`,
		"stack pr-5 is not destroyed: urn:pulumi:pr-5::leasehold::aws:sns/topic:Topic::topic is protected",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	a.has("pr-06", "pr-1", "pr-3", "pr-4", "pr-5", "pr-x", "prod")
	for _, stack := range []string{"pr-3", "pr-4", "pr-5"} {
		if len(a.resources(stack)) != 3 {
			t.Errorf("%s was touched", stack)
		}
	}
}

// A backend that knows no projects lists the stacks of all: pr-3 may be another repository's, in the same account.
func TestAnotherProject(t *testing.T) {
	t.Parallel()
	stacks := &pullrequest.Stacks{}
	stacks.Settings.Project = "leasehold"
	for project, want := range map[string]string{
		"leasehold": "",
		"other":     "urn:pulumi:pr-3::other::pulumi:pulumi:Stack::x is of the project other, and not of leasehold",
	} {
		got := ""
		if err := stacks.Ours([]apitype.ResourceV3{{URN: resource.URN("urn:pulumi:pr-3::" + project + "::pulumi:pulumi:Stack::x"), Type: "pulumi:pulumi:Stack"}}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", project, got, want)
		}
	}
}

func TestSweepByAge(t *testing.T) {
	t.Parallel()
	a := newAccount(t, small)
	a.up("1")
	a.later(a.MaxAge - time.Hour)
	if err := a.Sweep(t.Context(), []string{"1"}); err != nil {
		t.Fatal(err)
	}
	a.has("pr-1")
	a.later(a.MaxAge + time.Hour)
	if err := a.Sweep(t.Context(), []string{"1"}); err != nil {
		t.Fatal(err)
	}
	a.has()
}

// A job that makes a stack may run beside the sweep, whose list of open pull requests is older: what was updated
// since then stays, and what is being updated too.
func TestSweepBesideUp(t *testing.T) {
	t.Parallel()
	started, finish := make(chan bool), make(chan bool)
	a := newAccount(t, func(ctx *pulumi.Context) error {
		if ctx.Stack() == "pr-2" {
			started <- true
			<-finish
		}
		return small(ctx)
	})
	a.up("1")
	a.later(59 * time.Minute)
	if err := a.Sweep(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if said := a.out.String(); !strings.Contains(said, "pr-1 stays: it was updated less than 1h0m0s before the sweep began") {
		t.Errorf("it says:\n%s", said)
	}
	a.has("pr-1")

	a.later(2 * time.Hour)
	other := *a.Stacks
	other.Out = io.Discard
	done := make(chan error)
	go func() {
		_, err := other.Up(t.Context(), "2")
		done <- err
	}()
	<-started
	if err := a.Sweep(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "stack pr-2 is not destroyed") || !strings.Contains(err.Error(), "locked") {
		t.Errorf("beside an update: %v", err)
	}
	close(finish)
	if err := <-done; err != nil {
		t.Errorf("the update beside the sweep: %v", err)
	}
	a.has("pr-2")
}

// A list of open pull requests that is not one destroys nothing.
func TestNumbers(t *testing.T) {
	t.Parallel()
	a := newAccount(t, small)
	a.up("1")
	for _, number := range []string{"", "0", "-1", "01", "1.0", "pr-1", "main", "10000000", "99999999999999999999"} {
		_, errUp := a.Up(t.Context(), number)
		for step, err := range map[string]error{
			"up": errUp, "down": a.Down(t.Context(), number), "sweep": a.Sweep(t.Context(), []string{number}),
		} {
			if err == nil || !strings.Contains(err.Error(), "want the number of a pull request") {
				t.Errorf("%s %q: %v", step, number, err)
			}
		}
	}
	a.has("pr-1")
}

// Nobody but the file's own stack could decrypt a secret of it.
func TestSecretSettings(t *testing.T) {
	t.Parallel()
	a := newAccount(t, small)
	a.Settings.Secrets = []string{"leasehold:issuers"}
	if _, err := a.Up(t.Context(), "1"); err == nil || !strings.HasPrefix(err.Error(), "leasehold:issuers: is encrypted for the stack preview") {
		t.Errorf("got %v", err)
	}
	a.has()
}

// elsewhere is a stack of the small program with one setting of its own.
func (a *account) elsewhere(stack, key, value string) {
	a.t.Helper()
	s, err := auto.UpsertStackInlineSource(a.t.Context(), stack, a.Settings.Project, small,
		append(slices.Clone(a.Workspace), auto.WorkDir(a.t.TempDir()), auto.Project(*project(a.Settings.Project)))...)
	if err != nil {
		a.t.Fatal(err)
	}
	values := auto.ConfigMap{}
	for k, v := range maps.All(a.Settings.Config) {
		if k == "leasehold:accountId" || k == "leasehold:region" {
			values[k] = auto.ConfigValue{Value: v}
		}
	}
	if key != "" {
		values[key] = auto.ConfigValue{Value: value}
	}
	if err := s.SetAllConfig(a.t.Context(), values); err != nil {
		a.t.Fatal(err)
	}
	if _, err := s.Up(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
}

// archives is a root with a zip of each function, which hold no program.
func archives(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "build"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"auditor", "authorizer", "mcp", "rotator"} {
		f, err := os.Create(filepath.Join(root, "build", name+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		if err := zip.NewWriter(f).Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func project(name string) *workspace.Project {
	return &workspace.Project{Name: tokens.PackageName(name), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}
}
