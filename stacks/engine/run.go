package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"leasehold.example/stacks/internal/standin"
)

// Step is one thing that the engine did, or would do, to a resource.
type Step struct {
	// Op is "create", "update", "delete", or one of the two halves of a replacement,
	// "create-replacement" and "delete-replaced".
	Op   apitype.OpType
	URN  string
	Type string // token
	Name string
	// Changed are the inputs that differ, as paths; empty but for updates and replacements.
	Changed []string
}

// String is the step as one line: what, on which, because of which inputs.
func (s Step) String() string {
	line := fmt.Sprintf("%s %s %s", s.Op, s.Type, s.Name)
	if len(s.Changed) > 0 {
		line += " (" + strings.Join(s.Changed, ", ") + ")"
	}
	return line
}

// Result is what one run did, in the order in which it began.
type Result struct {
	// Steps are without what stayed as it is.
	Steps []Step
	// Diagnostics are the lines that the program, the plugins and the policies printed.
	Diagnostics []string
	// Violations are the findings of policy packs, mandatory and advisory.
	Violations []apitype.PolicyEvent
}

// Up brings the cloud to what the program says. Replace forces a replacement of the
// resources with these URNs; none for a usual run. The result is there with an error, too:
// what was done before.
func (s *Stack) Up(ctx context.Context, replace ...string) (Result, error) {
	return collect(func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.Up(ctx, optup.EventStreams(stream), optup.Replace(replace), optup.SuppressProgress())
		return err
	})
}

// Preview says what Up would do. Packs are directories of policy packs; with a mandatory
// violation of one it returns an error.
func (s *Stack) Preview(ctx context.Context, packs ...string) (Result, error) {
	return collect(func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.Preview(ctx, optpreview.EventStreams(stream), optpreview.PolicyPacks(packs...), optpreview.SuppressProgress())
		return err
	})
}

// Drift returns an error when an Up would change something, after a look at what is there: what `pulumi preview
// --refresh --expect-no-changes` says.
func (s *Stack) Drift(ctx context.Context) (Result, error) {
	return collect(func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.Preview(ctx, optpreview.EventStreams(stream), optpreview.Refresh(), optpreview.ExpectNoChanges(), optpreview.SuppressProgress())
		return err
	})
}

// Cloud is what exists, for somebody to change it by hand.
func (s *Stack) Cloud() standin.Cloud { return s.cloud }

// Destroy deletes everything that the state has.
func (s *Stack) Destroy(ctx context.Context) (Result, error) {
	return collect(func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.Destroy(ctx, optdestroy.EventStreams(stream), optdestroy.SuppressProgress())
		return err
	})
}

// Export returns the state as `pulumi stack export` writes it, without the times and the
// places in sources, which say where it was made and not what there is.
func (s *Stack) Export(ctx context.Context) ([]byte, error) {
	untyped, err := s.stack.Export(ctx)
	if err != nil {
		return nil, err
	}
	var d apitype.DeploymentV3
	if err := json.Unmarshal(untyped.Deployment, &d); err != nil {
		return nil, err
	}
	d.Manifest.Time = time.Time{}
	for i := range d.Resources {
		r := &d.Resources[i]
		r.Created, r.Modified, r.SourcePosition, r.StackTrace = nil, nil, "", nil
	}
	if untyped.Deployment, err = json.Marshal(d); err != nil {
		return nil, err
	}
	return json.MarshalIndent(untyped, "", " ")
}

// Import replaces the state, and makes the cloud one in which exactly that exists.
func (s *Stack) Import(ctx context.Context, state []byte) error {
	var d apitype.UntypedDeployment
	if err := json.Unmarshal(state, &d); err != nil {
		return err
	}
	if err := s.stack.Import(ctx, d); err != nil {
		return err
	}
	resources, err := s.resources(ctx)
	if err != nil {
		return err
	}
	for _, r := range resources {
		if err := s.cloud.Put(string(r.Type), string(r.ID), resource.NewPropertyMapFromMap(r.Outputs)); err != nil {
			return err
		}
	}
	return nil
}

// Missing names the resources that the state has and the cloud has not: what a run
// destroyed without saying so.
func (s *Stack) Missing(ctx context.Context) ([]string, error) {
	resources, err := s.resources(ctx)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, r := range resources {
		if !s.cloud.Has(string(r.Type), string(r.ID), resource.NewPropertyMapFromMap(r.Outputs)) {
			missing = append(missing, string(r.URN))
		}
	}
	return missing, nil
}

// resources are the cloud's resources that the state has; those that wait for their
// deletion are not among them.
func (s *Stack) resources(ctx context.Context) ([]apitype.ResourceV3, error) {
	untyped, err := s.stack.Export(ctx)
	if err != nil {
		return nil, err
	}
	var d apitype.DeploymentV3
	if err := json.Unmarshal(untyped.Deployment, &d); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(d.Resources, func(r apitype.ResourceV3) bool {
		return !r.Custom || r.External || r.Delete || r.Type.Package() != "aws"
	}), nil
}

// collect runs the engine and gathers what it says. The stream has no buffer, so all that
// was sent is received when the run returns; it is closed only if the CLI came as far as
// to send something.
func collect(run func(chan<- events.EngineEvent) error) (Result, error) {
	var r Result
	stream, finished, received := make(chan events.EngineEvent), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(received)
		for {
			select {
			case e, open := <-stream:
				if !open {
					return
				}
				r.add(e)
			case <-finished:
				return
			}
		}
	}()
	err := run(stream)
	close(finished)
	<-received
	return r, err
}

func (r *Result) add(e events.EngineEvent) {
	switch {
	case e.ResourcePreEvent != nil:
		m := e.ResourcePreEvent.Metadata
		if m.Op == apitype.OpSame || m.Op == apitype.OpReplace {
			return
		}
		r.Steps = append(r.Steps, Step{
			Op: m.Op, URN: m.URN, Type: m.Type, Name: resource.URN(m.URN).Name(), Changed: slices.Sorted(slices.Values(m.Diffs)),
		})
	case e.DiagnosticEvent != nil:
		r.Diagnostics = append(r.Diagnostics, strings.TrimSpace(e.DiagnosticEvent.Prefix+e.DiagnosticEvent.Message))
	case e.PolicyEvent != nil:
		r.Violations = append(r.Violations, *e.PolicyEvent)
	}
}
