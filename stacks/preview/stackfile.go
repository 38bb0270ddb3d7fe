package preview

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"leasehold.example/platform/offline"
)

// UnknownStackError says that a stack has no file, and which ones have.
type UnknownStackError struct {
	Stack  string
	Stacks []string
}

func (e *UnknownStackError) Error() string {
	if len(e.Stacks) == 0 {
		return fmt.Sprintf("no stack %q: there is no Pulumi.<stack>.yaml here", e.Stack)
	}
	return fmt.Sprintf("no stack %q; there is %s", e.Stack, strings.Join(e.Stacks, ", "))
}

// Stacks are the names of the stacks that have a file in dir, in order.
func Stacks(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "Pulumi.*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("list stacks: %w", err)
	}
	var stacks []string
	for _, file := range files {
		name := strings.TrimPrefix(filepath.Base(file), "Pulumi.")
		stacks = append(stacks, strings.TrimSuffix(name, ".yaml"))
	}
	slices.Sort(stacks)
	return stacks, nil
}

// project is what matters here of Pulumi.yaml: https://www.pulumi.com/docs/iac/concepts/projects/project-file/
type project struct {
	Name   string         `yaml:"name"`
	Config map[string]any `yaml:"config"`
}

// stackSettings is what matters here of Pulumi.<stack>.yaml: https://www.pulumi.com/docs/iac/concepts/config/
type stackSettings struct {
	Config      map[string]yaml.Node `yaml:"config"`
	Environment any                  `yaml:"environment"`
}

// ReadStack reads the configuration of a stack as Pulumi passes it to a program: under full
// keys, objects and lists as JSON. `secure:` values are not decrypted (RULES 47): each is
// Secret, or what placeholders has for its key where a program needs another form of text.
// A stack without a file is an UnknownStackError.
func ReadStack(dir, stack string, placeholders map[string]string) (offline.Options, error) {
	o := offline.Options{Stack: stack, Config: map[string]string{}}
	stacks, err := Stacks(dir)
	if err != nil {
		return o, err
	}
	if !slices.Contains(stacks, stack) { // also keeps path elements out of the file's name
		return o, &UnknownStackError{stack, stacks}
	}
	var p project
	var s stackSettings
	if err := errors.Join(readYAML(dir, "Pulumi.yaml", &p), readYAML(dir, "Pulumi."+stack+".yaml", &s)); err != nil {
		return o, err
	}
	if s.Environment != nil {
		return o, fmt.Errorf("stack %s imports an environment: its values are in Pulumi Cloud, where a preview without a cloud cannot read them", stack)
	}
	o.Project = p.Name
	var problems []error
	set := func(key string, v any) {
		if !strings.Contains(key, ":") {
			key = p.Name + ":" + key
		}
		text, secret, err := passed(v)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", key, err))
		}
		if placeholder, ok := placeholders[key]; ok && secret {
			text = placeholder
		}
		o.Config[key] = text
		o.Secrets = slices.DeleteFunc(o.Secrets, func(s string) bool { return s == key })
		if secret {
			o.Secrets = append(o.Secrets, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.Config)) {
		if v, ok := projectValue(p.Config[key]); ok {
			set(key, v)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Config)) {
		var v any
		node := s.Config[key]
		if node.Kind == yaml.ScalarNode {
			v = node.Value // as written: 0.10 stays 0.10
		} else if err := node.Decode(&v); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", key, err))
			continue
		}
		set(key, v)
	}
	return o, errors.Join(problems...)
}

// projectValue is the value that Pulumi.yaml has for every stack, if it has one: it may also only declare a type.
func projectValue(v any) (any, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return v, true
	}
	for _, key := range []string{"value", "default"} {
		if v, ok := m[key]; ok {
			return v, true
		}
	}
	return nil, false
}

func readYAML(dir, name string, to any) error {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %s here", name)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err := yaml.Unmarshal(data, to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// passed is a value as a program gets it: text as it is, anything else as JSON.
func passed(v any) (text string, secret bool, err error) {
	v, secret = unsecured(v)
	if text, ok := v.(string); ok {
		return text, secret, nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return "", secret, fmt.Errorf("cannot be passed to a program: %w", err)
	}
	return string(data), secret, nil
}

// unsecured puts Secret in the place of every {secure: …}, at any depth.
func unsecured(v any) (plain any, secret bool) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["secure"]; ok && len(v) == 1 {
			return Secret, true
		}
		all := map[string]any{}
		for key, member := range v {
			got, hidden := unsecured(member)
			all[key], secret = got, secret || hidden
		}
		return all, secret
	case []any:
		all := make([]any, len(v))
		for i, element := range v {
			got, hidden := unsecured(element)
			all[i], secret = got, secret || hidden
		}
		return all, secret
	}
	return v, false
}
