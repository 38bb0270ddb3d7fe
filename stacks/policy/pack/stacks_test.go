package pack_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"leasehold.example/platform/offline"
	"leasehold.example/stacks/policy/pack"
	"leasehold.example/stacks/program"
)

const root = "../../.."

// settings are those of Pulumi.<stack>.yaml as Pulumi hands them to a program, but for the
// ones given.
func settings(t *testing.T, stack string, instead map[string]string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Pulumi."+stack+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Config map[string]any }
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for key, value := range file.Config {
		values[key] = fmt.Sprint(value)
		if _, plain := value.(string); !plain {
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			values[key] = string(encoded)
		}
	}
	maps.Copy(values, instead)
	return values
}

// findings of a stack at the level that it asks for, as "policy resource: message".
func findings(t *testing.T, values map[string]string) (all []string, level pack.Level) {
	t.Helper()
	level, err := pack.ParseLevel(values[pack.ConfigKey])
	if err != nil {
		t.Fatal(err)
	}
	p := program.Program{Root: root, WithoutArchives: true, Settings: values}
	g, err := offline.Run(offline.Options{Project: "leasehold", Stack: "test", Config: values}, p.Deploy)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pack.Check(g, level)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, r := range g.Resources {
		names[r.URN] = r.Name
	}
	for _, f := range found {
		all = append(all, f.Policy+" "+names[f.URN]+": "+f.Message)
	}
	return all, level
}

func with(values map[string]string, more ...string) map[string]string {
	all := maps.Clone(values)
	for pair := range slices.Chunk(more, 2) {
		all[pair[0]] = pair[1]
	}
	return all
}

func TestStacks(t *testing.T) {
	t.Parallel()
	const domain = `{"name":"mcp.example.com","hostedZoneId":"Z0123456789ABC"}`
	issuers := map[string]string{
		"leasehold:identity": "issuers", "leasehold:cognito": "", "leasehold:issuers": `[{"issuer":"https://idp.example.com","tenant":"acme"}]`,
	}
	http := with(issuers, "leasehold:edge", "http", "leasehold:firewall", `{"enabled":false}`,
		"leasehold:streaming", "false", "leasehold:function", `{"timeout":29}`)
	for name, values := range map[string]map[string]string{
		"dev": settings(t, "dev", nil), "staging": settings(t, "staging", nil), "prod": settings(t, "prod", nil),
		"domain": settings(t, "prod", map[string]string{"leasehold:domain": domain}),
		"whole answers": settings(t, "prod", map[string]string{
			"leasehold:streaming": "false", "leasehold:function": `{"timeout":29}`,
		}),
		"edge http":               settings(t, "prod", http),
		"edge http with a domain": settings(t, "prod", with(http, "leasehold:domain", domain)),
		"issuers":                 settings(t, "prod", issuers),
		"VPC, boundary": settings(t, "prod", map[string]string{
			"leasehold:vpc":                 `{"id":"vpc-0a","subnetIds":["subnet-0a","subnet-0b"],"endpoints":true,"routeTableIds":["rtb-0a"]}`,
			"leasehold:permissionsBoundary": "arn:aws:iam::111122223333:policy/boundary",
		}),
		"own table, key and web ACL": settings(t, "prod", map[string]string{
			"leasehold:table":      `{"arn":"arn:aws:dynamodb:eu-central-1:111122223333:table/sessions"}`,
			"leasehold:encryption": `{"keyArn":"arn:aws:kms:eu-central-1:111122223333:key/0000"}`,
			"leasehold:firewall":   `{"webAclArn":"arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/own/1"}`,
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, level := findings(t, values)
			for _, f := range found {
				if level == pack.Mandatory {
					t.Errorf("%s", f)
				}
			}
			if name == "dev" && !slices.Equal(found, nil) {
				t.Errorf("advice: %q", found)
			}
		})
	}
}

// The stacks of pull requests are excused from these policies, each by a value in their file: with the default in its
// place there is nothing to excuse.
func TestPreviewIsExcusedByItsValues(t *testing.T) {
	t.Parallel()
	excused := map[string]string{
		"alarm-for-what-runs": "leasehold:monitoring", "audit-log-kept": "leasehold:table", "firewall-attached": "leasehold:firewall", "table-customer-key": "leasehold:encryption",
		"stateful-resources-protected": "leasehold:table", "table-deletion-protection": "leasehold:table", "table-point-in-time-recovery": "leasehold:table",
	}
	strict := settings(t, "preview", map[string]string{pack.ConfigKey: string(pack.Mandatory)})
	found, _ := findings(t, strict)
	for _, f := range found {
		policy, _, _ := strings.Cut(f, " ")
		if excused[policy] == "" {
			t.Error(f)
		}
		delete(strict, excused[policy])
	}
	if found, _ := findings(t, strict); len(found) > 0 {
		t.Errorf("with the defaults there is still %q", found)
	}
	if level := settings(t, "preview", nil)[pack.ConfigKey]; level != string(pack.Advisory) {
		t.Errorf("policies are %s: no stack could be made", level)
	}
}
