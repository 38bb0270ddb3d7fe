package program_test

import (
	"slices"
	"strings"
	"testing"

	"leasehold.example/platform/offline"
	"leasehold.example/stacks/program"
)

// Every stack has its outputs, and what it wants of the edges.
func TestStacks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, values map[string]string, g *offline.Graph) {
		c, err := program.Load("test", values)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"url", "mcpUrl", "metadataUrl", "functionName", "functionVersion", "aliasName", "auditLogGroupName", "logGroupName", "tableName", "sealSecretArn", "region"}
		counts := map[string]int{
			"aws:apigateway/restApi:RestApi": 1, "aws:apigatewayv2/api:Api": 0, "aws:wafv2/webAclAssociation:WebAclAssociation": 0,
			"aws:cognito/userPool:UserPool": 0, "aws:dynamodb/table:Table": 1, "aws:kms/key:Key": 0, "aws:codedeploy/deploymentGroup:DeploymentGroup": 0,
		}
		if c.Edge == program.EdgeHTTP {
			counts["aws:apigateway/restApi:RestApi"], counts["aws:apigatewayv2/api:Api"] = 0, 1
		}
		if c.Monitoring.Enabled {
			want = append(want, "alarmTopicArn")
		}
		if c.Firewall.Enabled {
			counts["aws:wafv2/webAclAssociation:WebAclAssociation"] = 1
			want = append(want, "webAclArn")
		}
		if c.Identity == program.IdentityCognito {
			counts["aws:cognito/userPool:UserPool"] = 1
			want = append(want, "cognitoUserPoolId", "cognitoClientId", "cognitoIssuer", "cognitoTokenUrl", "cognitoAuthorizeUrl")
		}
		if c.Canary.Enabled {
			counts["aws:codedeploy/deploymentGroup:DeploymentGroup"] = 1
			want = append(want, "deploymentApplication", "deploymentGroup")
		}
		if c.Table.ARN != "" {
			counts["aws:dynamodb/table:Table"] = 0
		}
		if c.Encryption.CustomerKey && c.Encryption.KeyARN == "" {
			counts["aws:kms/key:Key"]++
		}
		if c.Monitoring.Enabled && c.Monitoring.TopicARN == "" {
			counts["aws:kms/key:Key"]++ // the topic's own
		}
		for typ, n := range counts {
			if got := len(ofType(g, typ)); got != n {
				t.Errorf("%d of %s, want %d", got, typ, n)
			}
		}
		var got []string
		for name, value := range g.Outputs {
			got = append(got, string(name))
			if v := open(value); !v.IsString() || v.StringValue() == "" {
				t.Errorf("output %s is %v", name, value)
			}
		}
		if slices.Sort(want); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
			t.Errorf("outputs %v, want %v", got, want)
		}
	})
}

// TestRule44Provider: one provider, tied to the account and the region of the configuration, and every resource names it.
func TestRule44Provider(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, values map[string]string, g *offline.Graph) {
		providers := ofType(g, "pulumi:providers:aws")
		if len(providers) != 1 {
			t.Fatalf("%d providers", len(providers))
		}
		p := providers[0]
		if got := text(p, "region"); got != values["leasehold:region"] {
			t.Errorf("region %q", got)
		}
		if got := p.Inputs["allowedAccountIds"].ArrayValue(); len(got) != 1 || got[0].StringValue() != values["leasehold:accountId"] {
			t.Errorf("accounts %v", got)
		}
		for _, r := range g.Resources {
			if strings.HasPrefix(r.Type, "aws:") && !strings.HasPrefix(r.Provider, p.URN+"::") {
				t.Errorf("%s has the provider %q", r.URN, r.Provider)
			}
		}
	})
}

// TestRule44Tags: everything that has tags has these.
func TestRule44Tags(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ map[string]string, g *offline.Graph) {
		tagged := 0
		for _, r := range g.Resources {
			if !r.Custom || !taggable(r.Type) {
				continue
			}
			tagged++
			for _, key := range []string{"project", "stack", "owner", "cost-centre", "managed-by"} {
				if text(r, "tags."+key) == "" {
					t.Errorf("%s lacks the tag %s", r.URN, key)
				}
			}
		}
		if tagged < 5 {
			t.Errorf("%d resources with tags", tagged)
		}
	})
}

// TestRule44Boundary: the configured boundary is on every role.
func TestRule44Boundary(t *testing.T) {
	t.Parallel()
	const boundary = "arn:aws:iam::111122223333:policy/boundary"
	values := stackFile(t, "prod")
	values["leasehold:permissionsBoundary"] = boundary
	roles := ofType(run(t, values), "aws:iam/role:Role")
	for _, role := range roles {
		if got := text(role, "permissionsBoundary"); got != boundary {
			t.Errorf("%s has the boundary %q", role.URN, got)
		}
	}
	if len(roles) < 4 {
		t.Errorf("%d roles", len(roles))
	}
}

// What holds data is protected when the configuration says so, and only then (RULES 45).
func TestRule45Protection(t *testing.T) {
	t.Parallel()
	stateful := []string{
		"aws:dynamodb/table:Table", "aws:kms/key:Key", "aws:secretsmanager/secret:Secret", "aws:cognito/userPool:UserPool",
	}
	for stack, protected := range map[string]bool{"dev": false, "staging": true, "prod": true} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			values, seen, want := stackFile(t, stack), 0, 4 // two of them keys
			if values["leasehold:identity"] == program.IdentityCognito {
				want++
			}
			delete(values, "leasehold:encryption") // with a customer key
			for _, r := range run(t, values).Resources {
				if !slices.Contains(stateful, r.Type) {
					continue
				}
				seen++
				if r.Protect != protected || r.RetainOnDelete != protected {
					t.Errorf("%s: protect %v, retain %v", r.URN, r.Protect, r.RetainOnDelete)
				}
			}
			if seen != want {
				t.Errorf("%d stateful resources", seen)
			}
		})
	}
}

// A secret in the configuration stays one in the environment, and bad configuration keeps its messages.
func TestDeployReadsTheConfiguration(t *testing.T) {
	t.Parallel()
	g := run(t, good(), "leasehold:issuers")
	function := named(t, g, "mcp-function").Inputs
	if !function["environment"].ContainsSecrets() {
		t.Error("the issuers are no longer a secret")
	}
	if named(t, run(t, good()), "mcp-function").Inputs["environment"].ContainsSecrets() {
		t.Error("the issuers are a secret without having been one")
	}
	_, err := runErr(with(map[string]string{"leasehold:edge": "x", "leasehold:egde": "rest"}))
	if err == nil || !strings.Contains(err.Error(), `leasehold:edge: want rest or http, got "x"`) || !strings.Contains(err.Error(), "leasehold:egde: there is no such setting") {
		t.Errorf("got %v", err)
	}
	_, err = runErr(stacks(t)["domain"], "leasehold:domain")
	if err == nil || !strings.Contains(err.Error(), "leasehold:domain: must not be a secret") {
		t.Errorf("got %v", err)
	}
}

// A web ACL that is not ours is attached and nothing else; the name of ours stays (RULES 38).
func TestRule38WebACL(t *testing.T) {
	t.Parallel()
	g := run(t, stacks(t)["own table, key, web ACL and boundary"])
	if n := len(ofType(g, "aws:wafv2/webAcl:WebAcl")); n != 0 {
		t.Errorf("%d web ACLs", n)
	}
	g = run(t, stackFile(t, "prod"))
	if got := text(ofType(g, "aws:wafv2/webAcl:WebAcl")[0], "name"); got != "leasehold-test" {
		t.Errorf("the web ACL is called %q", got)
	}
}

// The deployment group names the alarms that exist, and those of the configuration (RULES 40).
func TestRule40Canary(t *testing.T) {
	t.Parallel()
	g := run(t, stacks(t)["canary"])
	alarm := text(named(t, g, "mcp-errors"), "name")
	group := ofType(g, "aws:codedeploy/deploymentGroup:DeploymentGroup")[0].Inputs["alarmConfiguration"].ObjectValue()
	var names []string
	for _, name := range group["alarms"].ArrayValue() {
		names = append(names, name.StringValue())
	}
	rate := text(named(t, g, "alarm-5xx-rate"), "name")
	if !slices.Equal(names, []string{alarm, rate, "api-5xx"}) || alarm == "" || rate == "" {
		t.Errorf("alarms %v, ours are %q and %q", names, alarm, rate)
	}
}
