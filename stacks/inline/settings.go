// Package inline is what the stacks have in common whose program runs in the process that
// drives the engine, and which therefore need no language host.
// https://www.pulumi.com/docs/iac/automation-api/
package inline

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

// Settings are what a stack's settings file says of values: text, and JSON for objects and lists,
// under their full keys.
func Settings(values map[string]string) (config.Map, error) {
	settings := config.Map{}
	for name, value := range values {
		key, err := config.ParseKey(name)
		if err != nil {
			return nil, fmt.Errorf("setting %s: %w", name, err)
		}
		if settings[key] = config.NewValue(value); isObject(value) {
			settings[key] = config.NewObjectValue(value)
		}
	}
	return settings, nil
}

// isObject reports whether a setting is a JSON object or list, which the settings file
// holds as YAML of the same shape.
func isObject(value string) bool {
	return len(value) > 0 && (value[0] == '{' || value[0] == '[') && json.Valid([]byte(value))
}
