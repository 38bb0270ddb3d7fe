package preview_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leasehold.example/stacks/preview"
)

// write makes a directory with files.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestRule47ReadStack: values arrive as Pulumi passes them, and `secure:` ones as placeholders.
func TestRule47ReadStack(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{
		"Pulumi.yaml": `
name: leasehold
config:
  pulumi:disable-default-providers: {value: ["*"]}
  leasehold:edge: {type: string, default: rest}
  leasehold:typed: {type: string}
`,
		"Pulumi.dev.yaml": `
config:
  leasehold:edge: http
  leasehold:account: "0123"
  leasehold:rate: 0.10
  leasehold:on: true
  short: namespaced
  leasehold:function: {memory: 512, name: a}
  leasehold:origins: [https://a.example]
  leasehold:token: {secure: v1:AAAA}
  leasehold:issuers: {secure: v1:BBBB}
  leasehold:nested: {list: [{key: {secure: v1:CCCC}}]}
`,
	})
	o, err := preview.ReadStack(dir, "dev", map[string]string{"leasehold:issuers": "[]", "leasehold:edge": "unused"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"pulumi:disable-default-providers": `["*"]`, "leasehold:edge": "http", "leasehold:account": "0123", "leasehold:rate": "0.10",
		"leasehold:on": "true", "leasehold:short": "namespaced", "leasehold:function": `{"memory":512,"name":"a"}`,
		"leasehold:origins": `["https://a.example"]`, "leasehold:token": "[secret]", "leasehold:issuers": "[]",
		"leasehold:nested": `{"list":[{"key":"[secret]"}]}`,
	}
	if !maps.Equal(o.Config, want) {
		t.Errorf("config %v\nwant %v", o.Config, want)
	}
	if want := []string{"leasehold:issuers", "leasehold:nested", "leasehold:token"}; !slices.Equal(o.Secrets, want) {
		t.Errorf("secrets %v, want %v", o.Secrets, want)
	}
	if o.Project != "leasehold" || o.Stack != "dev" {
		t.Errorf("project %q, stack %q", o.Project, o.Stack)
	}
}

func TestReadStackRefuses(t *testing.T) {
	t.Parallel()
	const project = "name: leasehold"
	for name, tt := range map[string]struct {
		files map[string]string
		stack string
		want  string
	}{
		"unknown":        {map[string]string{"Pulumi.dev.yaml": "", "Pulumi.prod.yaml": "", "Pulumi.yaml": project}, "prd", `no stack "prd"; there is dev, prod`},
		"none":           {nil, "dev", `no stack "dev": there is no Pulumi.<stack>.yaml here`},
		"a path":         {map[string]string{"Pulumi.dev.yaml": "", "Pulumi.yaml": project}, "../dev", `no stack "../dev"; there is dev`},
		"no project":     {map[string]string{"Pulumi.dev.yaml": ""}, "dev", "there is no Pulumi.yaml here"},
		"broken":         {map[string]string{"Pulumi.dev.yaml": "config: [", "Pulumi.yaml": project}, "dev", "Pulumi.dev.yaml: "},
		"an environment": {map[string]string{"Pulumi.dev.yaml": "environment: [prod]", "Pulumi.yaml": project}, "dev", "imports an environment"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := preview.ReadStack(write(t, tt.files), tt.stack, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			var unknown *preview.UnknownStackError
			if got, want := errors.As(err, &unknown), strings.HasPrefix(tt.want, "no stack"); got != want {
				t.Errorf("an UnknownStackError: %v, want %v", got, want)
			}
		})
	}
}
