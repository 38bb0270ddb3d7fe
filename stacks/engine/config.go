package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"leasehold.example/stacks/inline"
)

// configure writes the settings file of the stack, then the secret settings through the
// CLI, which encrypts them.
func configure(ctx context.Context, stack *auto.Stack, o Options) error {
	settings, err := stack.Workspace().StackSettings(ctx, o.Stack)
	if err != nil {
		return fmt.Errorf("settings of stack %s: %w", o.Stack, err)
	}
	plain, secrets := maps.Clone(o.Config), auto.ConfigMap{}
	maps.DeleteFunc(plain, func(name, value string) bool {
		secret := slices.Contains(o.Secrets, name)
		if secret {
			secrets[name] = auto.ConfigValue{Value: value, Secret: true}
		}
		return secret
	})
	if settings.Config, err = inline.Settings(plain); err != nil {
		return err
	}
	if err := stack.Workspace().SaveStackSettings(ctx, o.Stack, settings); err != nil {
		return err
	}
	if len(secrets) == 0 {
		return nil
	}
	return stack.SetAllConfig(ctx, secrets)
}
