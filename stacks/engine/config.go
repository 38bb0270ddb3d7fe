package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

// configure writes the settings file of the stack, then the secret settings through the
// CLI, which encrypts them.
func configure(ctx context.Context, stack *auto.Stack, o Options) error {
	settings, err := stack.Workspace().StackSettings(ctx, o.Stack)
	if err != nil {
		return fmt.Errorf("settings of stack %s: %w", o.Stack, err)
	}
	secrets := auto.ConfigMap{}
	settings.Config = config.Map{}
	for name, value := range o.Config {
		key, err := config.ParseKey(name)
		if err != nil {
			return err
		}
		switch {
		case slices.Contains(o.Secrets, name):
			secrets[name] = auto.ConfigValue{Value: value, Secret: true}
		case isObject(value):
			settings.Config[key] = config.NewObjectValue(value)
		default:
			settings.Config[key] = config.NewValue(value)
		}
	}
	if err := stack.Workspace().SaveStackSettings(ctx, o.Stack, settings); err != nil {
		return err
	}
	if len(secrets) == 0 {
		return nil
	}
	return stack.SetAllConfig(ctx, secrets)
}

// isObject reports whether a setting is a JSON object or list, which the settings file
// holds as YAML of the same shape.
func isObject(value string) bool {
	return len(value) > 0 && (value[0] == '{' || value[0] == '[') && json.Valid([]byte(value))
}
