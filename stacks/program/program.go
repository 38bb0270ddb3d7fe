package program

import (
	"fmt"
	"maps"
	"reflect"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
	"leasehold.example/stacks/archives"
)

// Program deploys one stack.
type Program struct {
	// Root is the repository's root directory. The functions' archives are in build/ below it.
	Root string
	// WithoutArchives does not look at the archives, which need not be there. Offline only (RULES 47).
	WithoutArchives bool
	// WithoutStacks puts a placeholder where a setting is an output of another stack. Offline only (RULES 47).
	WithoutStacks bool
	// Settings are all that the stack's file has, under their full keys, so that a setting with a typing mistake in its
	// name is an error. Absent means that only known keys are asked for: a pulumi.Context does not list the others.
	Settings map[string]string
}

// Deploy registers the stack's resources. It is a pulumi.RunFunc.
func (p Program) Deploy(ctx *pulumi.Context) error {
	values, secrets, err := p.settings(ctx)
	if err != nil {
		return wrong(ctx.Stack(), err)
	}
	c, err := Load(ctx.Stack(), values, secrets...)
	if err != nil {
		return err
	}
	for _, warning := range c.Warnings() {
		if err := ctx.Log.Warn(warning, nil); err != nil {
			return fmt.Errorf("warning: %w", err)
		}
	}
	if !p.WithoutArchives {
		if err := archives.Check(p.Root, c.archives()); err != nil {
			return err
		}
	}
	provider, err := c.provider(ctx)
	if err != nil {
		return err
	}
	b := builder{ctx: ctx, c: c, root: p.Root, opts: []pulumi.ResourceOption{pulumi.Provider(provider)}}
	outputs, err := b.build()
	if err != nil {
		return err
	}
	for name, value := range outputs {
		ctx.Export(name, value)
	}
	return nil
}

// settings are what the stack says, and the keys of it that are secret. Outputs of other stacks
// have taken their places.
func (p Program) settings(ctx *pulumi.Context) (values map[string]string, secrets []string, err error) {
	values = maps.Clone(p.Settings)
	if values == nil {
		values = map[string]string{}
	}
	for _, f := range fields(reflect.TypeFor[Config]()) {
		if value, ok := ctx.GetConfig(fullKey(f.name())); ok {
			values[fullKey(f.name())] = value
		}
	}
	for key := range values {
		if ctx.IsConfigSecret(key) {
			secrets = append(secrets, key)
		}
	}
	if p.WithoutStacks {
		values, _, err = WithPlaceholders(values)
		return values, secrets, err
	}
	values, more, err := resolve(values, readOutputs(ctx))
	return values, append(secrets, more...), err
}

// provider ties every resource to one account and one region, whatever the shell's credentials
// are for, and makes tags and the permissions boundary part of each (RULES 44).
func (c *Config) provider(ctx *pulumi.Context) (*aws.Provider, error) {
	tags := map[string]string{
		"project": ctx.Project(), "stack": ctx.Stack(), "owner": c.Tags.Owner, "cost-centre": c.Tags.CostCentre, "managed-by": "pulumi",
	}
	for _, transformation := range []pulumi.ResourceTransformation{platform.Tags(tags), platform.PermissionsBoundary(c.PermissionsBoundary)} {
		if err := ctx.RegisterStackTransformation(transformation); err != nil {
			return nil, fmt.Errorf("transformation: %w", err)
		}
	}
	// The partition follows from the region; checkPlace compares it with what the stack says.
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region: pulumi.String(c.Region), AllowedAccountIds: pulumi.ToStringArray([]string{c.AccountID}),
	})
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	return provider, nil
}
