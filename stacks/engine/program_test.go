package engine_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"leasehold.example/stacks/engine"
)

const (
	association = "aws:wafv2/webAclAssociation:WebAclAssociation"
	restAPI     = "aws:apigateway/restApi:RestApi"
	stage       = "aws:apigateway/stage:Stage"
	table       = "aws:dynamodb/table:Table"
)

// Every stack, and the other edge, comes up from nothing, and a second run has nothing to do.
func TestUpFromNothingAndAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stack    string
		settings map[string]string
	}{
		"dev":     {"dev", nil},
		"preview": {"preview", nil},
		"staging": {"staging", nil},
		"prod":    {"prod", nil},
		"domain": {"dev", map[string]string{
			"leasehold:domain": `{"name":"mcp.example.com","hostedZoneId":"Z0123456789ABC"}`,
		}},
		"edge http": {"dev", map[string]string{
			"leasehold:edge": "http", "leasehold:identity": "issuers", "leasehold:cognito": "",
			"leasehold:issuers": `[{"issuer":"https://idp.example.com","tenant_claim":"org","tenants":["acme"],"advertised":true}]`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, c.stack, c.settings)
			if steps := d.up().Steps; len(steps) < 30 {
				t.Errorf("%d resources made, want at least 30", len(steps))
			}
			want(t, d.up().Steps)
		})
	}
}

// Rule 35: what changes the definition makes a new snapshot, which the stage then serves.
func TestRule35BodyChangeRedeploys(t *testing.T) {
	t.Parallel()
	d := deploy(t, "dev", nil)
	d.up()
	d.configure(map[string]string{"leasehold:authorizer": `{"cacheSeconds":60}`})
	want(t, of(d.up().Steps, "apigateway"),
		"create-replacement aws:apigateway/restApiPut:RestApiPut api-definition (body)",
		"create-replacement aws:apigateway/deployment:Deployment api-deployment (triggers.definition)",
		"update aws:apigateway/stage:Stage api-stage (deployment)",
		"delete-replaced aws:apigateway/deployment:Deployment api-deployment",
		"delete-replaced aws:apigateway/restApiPut:RestApiPut api-definition",
	)
}

// The version is an attribute of the function here. Rule 40: with a canary the alias is
// CodeDeploy's to move.
func TestCodeChangeTouchesFunctionVersionAlias(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string][]string{
		"dev": {
			"update aws:lambda/function:Function mcp-function (code, sourceCodeHash)",
			"update aws:lambda/alias:Alias mcp-live (functionVersion)",
		},
		"prod": {"update aws:lambda/function:Function mcp-function (code, sourceCodeHash)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, name, nil)
			d.up()
			d.writeArchive("mcp", "the second")
			want(t, d.up().Steps, lines...)
		})
	}
}

// Rule 38: another API has another stage, and the firewall is before that one.
func TestRule38ReplacedAPIKeepsItsFirewall(t *testing.T) {
	t.Parallel()
	d := deploy(t, "prod", nil)
	d.up()
	before := d.only(stage).Outputs["arn"]
	steps := d.up(d.only(restAPI).URN).Steps // fails by itself if the association is gone
	after := d.only(stage).Outputs["arn"]
	if after == before {
		t.Fatalf("the stage is still %v: nothing was replaced", after)
	}
	if got := d.only(association).Outputs["resourceArn"]; got != after {
		t.Errorf("the web ACL is associated with %v, want %v", got, after)
	}
	for _, l := range lost(steps) {
		if !strings.Contains(l, "LogGroup api-execution-log") { // AWS names it after the API
			t.Errorf("replaced with the API: %s", l)
		}
	}
}

// Rule 38: another web ACL takes the place of the stack's own before the same stage.
func TestRule38AnotherWebACLIsAttached(t *testing.T) {
	t.Parallel()
	d := deploy(t, "prod", nil)
	d.up()
	const other = "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/theirs/11111111-1111-4111-8111-111111111111"
	d.configure(map[string]string{"leasehold:firewall": `{"webAclArn":"` + other + `"}`})
	d.up() // fails by itself if the association is gone
	if got := d.only(association).Outputs["webAclArn"]; got != other {
		t.Errorf("the stage is behind %v, want %v", got, other)
	}
}

// Rule 45: first Pulumi refuses, then AWS does; docs/deploy.md has the steps that end both.
func TestRule45DestroyRefusesProtectedTable(t *testing.T) {
	t.Parallel()
	t.Run("protected by Pulumi", func(t *testing.T) {
		t.Parallel()
		d := deploy(t, "prod", nil)
		d.up()
		d.refused(`sessions-table" cannot be deleted`)
	})
	t.Run("protected by AWS", func(t *testing.T) {
		t.Parallel()
		d := deploy(t, "dev", map[string]string{"leasehold:table": `{"deletionProtection":true,"retain":false,"pointInTimeRecovery":false}`})
		d.up()
		d.refused("is protected against deletion")
		d.configure(map[string]string{"leasehold:table": `{"deletionProtection":false,"retain":false,"pointInTimeRecovery":false}`})
		d.up()
		if r, err := d.stack.Destroy(t.Context()); err != nil {
			t.Errorf("after the protection is off: %v\n%s", err, strings.Join(r.Diagnostics, "\n"))
		}
	})
}

// Rule 45: the steps of docs/deploy.md under "Deleting" end a stack that keeps everything.
func TestRule45DeletingAsDocumented(t *testing.T) {
	t.Parallel()
	d := deploy(t, "prod", nil)
	d.up()
	var cognito map[string]any
	if err := json.Unmarshal([]byte(d.options.Config["leasehold:cognito"]), &cognito); err != nil {
		t.Fatal(err)
	}
	cognito["deletionProtection"], cognito["retain"] = false, false
	members, err := json.Marshal(cognito)
	if err != nil {
		t.Fatal(err)
	}
	d.configure(map[string]string{
		"leasehold:cognito": string(members), "leasehold:table": `{"deletionProtection":false,"retain":false}`, "leasehold:policies": "advisory",
	})
	for _, s := range d.up().Steps {
		if s.Op != apitype.OpUpdate {
			t.Errorf("taking protections off does more: %v", s)
		}
	}
	if r, err := d.stack.Destroy(t.Context()); err != nil {
		t.Errorf("%v\n%s", err, strings.Join(r.Diagnostics, "\n"))
	}
}

// refused runs a destroy that must fail, with a reason, and leave the table.
func (d *deployment) refused(reason string) {
	d.Helper()
	r, err := d.stack.Destroy(d.Context())
	if err == nil {
		d.Error("destroyed a protected table")
	}
	if said := strings.Join(r.Diagnostics, "\n"); !strings.Contains(said, reason) {
		d.Errorf("%q is not in:\n%s", reason, said)
	}
	d.only(table)
}

var update = flag.Bool("update", false, "record the state of this program as that of the last release")

// The program's next release runs on the state that the last one left.
func TestUpgradeReplacesNothingStateful(t *testing.T) {
	t.Parallel()
	release := filepath.Join("testdata", "release.json")
	d := deploy(t, "prod", nil)
	if *update {
		d.up()
		state, err := d.stack.Export(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		state = bytes.ReplaceAll(state, []byte(d.archive), []byte("build"))
		if err := os.WriteFile(release, append(state, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		d = deploy(t, "prod", nil)
	}
	state, err := os.ReadFile(release)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.stack.Import(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	d.writeArchive("mcp", "the next release")
	steps := d.up().Steps
	if len(steps) == 0 {
		t.Error("the release was not taken up: its code is another and nothing changed")
	}
	if l := lost(steps); len(l) > 0 {
		t.Errorf("the upgrade ends what it cannot bring back:\n\t%s", strings.Join(l, "\n\t"))
	}
}

// The pack as `pulumi preview --policy-pack stacks/policy` runs it.
func TestPolicyPack(t *testing.T) {
	t.Parallel()
	pack := filepath.Join(t.TempDir(), "pack")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", pack, "leasehold.example/stacks/policy").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dir, err := filepath.Abs(filepath.Join("..", "policy"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		settings map[string]string
		refused  bool
	}{
		"prod":                      {nil, false},
		"without tracing":           {map[string]string{"leasehold:tracing": "false"}, true},
		"without tracing, advisory": {map[string]string{"leasehold:tracing": "false", "leasehold:policies": "advisory"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, "prod", nil)
			d.options.Plugins = map[string]string{engine.PolicyPlugin: pack}
			d.configure(c.settings)
			r, err := d.stack.Preview(t.Context(), dir)
			mandatory := slices.DeleteFunc(slices.Clone(r.Violations), func(v apitype.PolicyEvent) bool { return v.EnforcementLevel != "mandatory" })
			if (err != nil) != c.refused || (len(mandatory) > 0) != c.refused {
				t.Errorf("error %v, mandatory findings %v; want refused %v", err, mandatory, c.refused)
			}
			if c.settings != nil && len(r.Violations) == 0 {
				t.Error("no finding")
			}
		})
	}
}
