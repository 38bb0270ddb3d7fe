package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// mains are the packages behind the archives of a stack, by name. Those with an issuer and a
// public URL differ from the shipped ones in accepting both on 127.0.0.1.
var mains = map[string]string{
	"mcp":        "./apps/mcp/internal/everything/cmd/stack",
	"server":     "./apps/mcp/internal/everything/cmd/stackserver",
	"authorizer": "./apps/authorizer/internal/loopback/cmd/stack",
	"auditor":    "./apps/auditor/cmd/lambda",
	"pretoken":   "./apps/pretoken/cmd/lambda",
	"rotator":    "./apps/rotator/cmd/lambda",
}

// Builder builds what a stack consists of, below build/e2e of the repository. Go's cache knows what has
// not changed; archives are packed again, which takes no time without compression.
type Builder struct {
	// Root is the repository's root directory; the working directory when empty.
	Root string
}

func (b Builder) dir() string { return filepath.Join(b.Root, "build", "e2e") }

// Archives builds the zips of all functions, for this machine.
func (b Builder) Archives(ctx context.Context) error {
	for name, pkg := range mains {
		if err := b.archive(ctx, name, pkg); err != nil {
			return err
		}
	}
	return nil
}

// Archive is the path of the zip of a function, by the name of its app.
func (b Builder) Archive(name string) string { return filepath.Join(b.dir(), "build", name+".zip") }

// Fixtures builds the server with the conformance suite's fixtures in place of the tools,
// and returns the path of its zip.
func (b Builder) Fixtures(ctx context.Context) (string, error) {
	const name = "fixtures"
	return b.Archive(name), b.archive(ctx, name, "./apps/mcp/internal/everything/cmd/stackfixtures")
}

func (b Builder) archive(ctx context.Context, name, pkg string) error {
	bootstrap, zip := filepath.Join(b.dir(), "build", name, "bootstrap"), b.Archive(name)
	err := b.run(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-o", bootstrap, pkg)
	if err != nil {
		return err
	}
	return b.run(ctx, "go", "run", "./tests/cmd/lambdazip", "-store", "-o", zip, bootstrap)
}

// WebAdapter builds what stands in for the Lambda Web Adapter.
func (b Builder) WebAdapter(ctx context.Context) (string, error) {
	out := filepath.Join(b.dir(), "webadapter")
	return out, b.run(ctx, "go", "build", "-o", out, "./tests/lambdapool/internal/webadapter")
}

// Engine builds the command that makes states. It links Pulumi's AWS SDK, which takes a
// minute the first time.
func (b Builder) Engine(ctx context.Context) error {
	return b.run(ctx, "go", "build", "-o", filepath.Join("build", "local", "deployed"), "./stacks/cmd/deployed")
}

// State returns the state of a stack, with settings in place of its own. Its issuer is
// IssuerName and nobody else.
func (b Builder) State(ctx context.Context, stack string, settings ...string) ([]byte, error) {
	return b.up(ctx, b.dir(), "", stack, settings)
}

// Updated returns the states that two `up`s of a stack leave, one after the other: with the
// archives as they are, and with next in place of the archive of the app. The second refers
// to archives in dir.
func (b Builder) Updated(ctx context.Context, dir, app, next, stack string, settings ...string) (before, after []byte, err error) {
	kept, root := filepath.Join(dir, "stack"), filepath.Join(dir, "next")
	if err := os.MkdirAll(filepath.Join(root, "build"), 0o700); err != nil {
		return nil, nil, err
	}
	for name := range mains {
		archive := b.Archive(name)
		if name == app {
			archive = next
		}
		if err := os.Symlink(archive, filepath.Join(root, "build", name+".zip")); err != nil {
			return nil, nil, err
		}
	}
	if before, err = b.up(ctx, b.dir(), kept, stack, settings); err != nil {
		return nil, nil, err
	}
	after, err = b.up(ctx, root, kept, stack, settings)
	return before, after, err
}

// up runs the engine with the archives below root; kept is what keeps the stack, or empty.
func (b Builder) up(ctx context.Context, root, kept, stack string, settings []string) ([]byte, error) {
	out, err := os.CreateTemp("", "state")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(out.Name()) }() // in the system's own directory for such files
	if err := out.Close(); err != nil {
		return nil, err
	}
	args := []string{
		"-stack", stack, "-o", out.Name(), "-root", root, "-keep", kept, "-set", "leasehold:identity=issuers", "-set", "leasehold:cognito=",
		"-set", `leasehold:issuers=[{"issuer":"` + IssuerName + `","tenant_claim":"tenant","advertised":true}]`,
	}
	for _, setting := range settings {
		args = append(args, "-set", setting)
	}
	if err := b.run(ctx, filepath.Join(b.Root, "build", "local", "deployed"), args...); err != nil {
		return nil, err
	}
	return os.ReadFile(out.Name())
}

func (b Builder) run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = b.Root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("e2e: %s %v: %w\n%s", filepath.Base(name), args, err, out)
	}
	return nil
}
