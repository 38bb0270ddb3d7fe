package engine_test

import (
	"archive/zip"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/stacks/engine"
	"leasehold.example/stacks/forcenew"
	"leasehold.example/stacks/internal/need"
	"leasehold.example/stacks/preview"
	"leasehold.example/stacks/program"
)

func TestMain(m *testing.M) {
	engine.Main()
	os.Exit(m.Run())
}

// root is the repository's.
const root = "../.."

// deployment is the stack's own program, in an account of its own.
type deployment struct {
	*testing.T
	options engine.Options
	archive string // the directory of the zips
	stack   *engine.Stack
}

// deploy opens a stack with the settings of its file, and others in their place. Nothing is
// deployed yet.
func deploy(t *testing.T, stack string, settings map[string]string) *deployment {
	t.Helper()
	read, err := preview.ReadStack(root, stack, nil)
	if err != nil {
		t.Fatal(err)
	}
	sources := t.TempDir()
	d := &deployment{T: t, archive: filepath.Join(sources, "build")}
	for _, name := range []string{"auditor", "authorizer", "mcp", "pretoken", "rotator", "server"} {
		d.writeArchive(name, "the first")
	}
	d.options = engine.Options{
		CLI: need.Pulumi(t), Dir: t.TempDir(), Project: read.Project, Stack: stack, Config: read.Config, Secrets: read.Secrets,
		Program: program.Program{Root: sources, WithoutArchives: true}.Deploy,
	}
	d.configure(settings)
	return d
}

// run opens a stack of a small program in an account of its own.
func run(t *testing.T, dir string, program pulumi.RunFunc) *engine.Stack {
	t.Helper()
	s, err := engine.Open(t.Context(), engine.Options{CLI: need.Pulumi(t), Dir: dir, Project: "leasehold", Stack: "test", Program: program})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// configure changes settings; an empty one is taken back to its default.
func (d *deployment) configure(settings map[string]string) {
	d.Helper()
	maps.Copy(d.options.Config, settings)
	maps.DeleteFunc(d.options.Config, func(_, v string) bool { return v == "" })
	var err error
	if d.stack, err = engine.Open(d.Context(), d.options); err != nil {
		d.Fatal(err)
	}
}

// up must succeed, and must leave everything there that the state has.
func (d *deployment) up(replace ...string) engine.Result {
	d.Helper()
	r, err := d.stack.Up(d.Context(), replace...)
	if err != nil {
		d.Fatal(err)
	}
	missing, err := d.stack.Missing(d.Context())
	if err != nil || len(missing) > 0 {
		d.Errorf("destroyed without a word: %q, %v", missing, err)
	}
	return r
}

// writeArchive is what `make lambda` does, with another program.
func (d *deployment) writeArchive(name, text string) {
	d.Helper()
	if err := os.MkdirAll(d.archive, 0o700); err != nil {
		d.Fatal(err)
	}
	f, err := os.Create(filepath.Join(d.archive, name+".zip"))
	if err != nil {
		d.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	w, err := z.Create("bootstrap")
	if err != nil {
		d.Fatal(err)
	}
	if _, err := w.Write([]byte(name + ": " + text)); err != nil {
		d.Fatal(err)
	}
	if err := z.Close(); err != nil {
		d.Fatal(err)
	}
}

// record is a resource of the state.
type record struct {
	URN, Type, ID string
	Outputs       map[string]any
}

// only finds the one resource of a type in the state.
func (d *deployment) only(token string) record {
	d.Helper()
	state, err := d.stack.Export(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	var s struct {
		Deployment struct{ Resources []record }
	}
	if err := json.Unmarshal(state, &s); err != nil {
		d.Fatal(err)
	}
	found := slices.DeleteFunc(s.Deployment.Resources, func(r record) bool { return r.Type != token })
	if len(found) != 1 {
		d.Fatalf("%d resources of type %s, want 1", len(found), token)
	}
	return found[0]
}

// want compares steps with lines, in any order.
func want(t *testing.T, steps []engine.Step, lines ...string) {
	t.Helper()
	got := make([]string, len(steps))
	for i, s := range steps {
		got[i] = s.String()
	}
	slices.Sort(got)
	slices.Sort(lines)
	if !slices.Equal(got, lines) {
		t.Errorf("the engine did\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(lines, "\n\t"))
	}
}

// lost are the steps that end a resource whose re-creation does not bring back what it held.
func lost(steps []engine.Step) []string {
	var lines []string
	for _, s := range steps {
		if forcenew.Stateful(s.Type) && (s.Op == apitype.OpDelete || s.Op == apitype.OpDeleteReplaced || s.Op == apitype.OpCreateReplacement) {
			lines = append(lines, s.String())
		}
	}
	return lines
}

// of are the steps of one service, "apigateway".
func of(steps []engine.Step, service string) []engine.Step {
	return slices.DeleteFunc(slices.Clone(steps), func(s engine.Step) bool { return !strings.HasPrefix(s.Type, "aws:"+service+"/") })
}
