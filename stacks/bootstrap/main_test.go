package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"gopkg.in/yaml.v3"

	"leasehold.example/platform/offline"
)

func bootstrap(settings map[string]string) (*offline.Graph, error) {
	config := map[string]string{}
	for name, value := range settings {
		config[namespace+":"+name] = value
	}
	return offline.Run(offline.Options{Project: namespace, Stack: "account", Config: config}, deploy)
}

func good() map[string]string {
	return map[string]string{
		"accountId": "111122223333", "region": "eu-central-1", "repository": "acme/mcp", "tags": `{"owner":"platform","costCentre":"42"}`,
		"environments": `[{"name":"prod","stack":"prod"},{"name":"preview","stack":"pr-*"}]`,
	}
}

// Rule 39: what the account has once is here, and nothing that a stack would have again.
func TestRule39Bootstrap(t *testing.T) {
	t.Parallel()
	g, err := bootstrap(good())
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, r := range g.Resources {
		counts[r.Type]++
	}
	for typ, want := range map[string]int{
		"leasehold:platform:Account": 1, "leasehold:platform:GitHub": 1, "leasehold:platform:StateBackend": 2,
		"aws:apigateway/account:Account": 1, "aws:iam/openIdConnectProvider:OpenIdConnectProvider": 1,
		"aws:cloudwatch/logResourcePolicy:LogResourcePolicy": 1, "aws:s3/bucketV2:BucketV2": 2, "aws:kms/key:Key": 2,
		"aws:lambda/function:Function": 0,
	} {
		if counts[typ] != want {
			t.Errorf("%d of %s, want %d", counts[typ], typ, want)
		}
	}
}

// Rule 44: one explicit provider, tied to account and region, and tags on what has tags.
func TestRule44Provider(t *testing.T) {
	t.Parallel()
	g, err := bootstrap(good())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range g.Resources {
		switch {
		case r.Type == "pulumi:providers:aws":
			accounts := r.Inputs["allowedAccountIds"]
			if accounts.IsString() { // providers take their inputs as JSON
				if accounts.StringValue() != `["111122223333"]` {
					t.Errorf("allowed accounts %v", accounts)
				}
			} else if a := accounts.ArrayValue(); len(a) != 1 || a[0].StringValue() != "111122223333" {
				t.Errorf("allowed accounts %v", accounts)
			}
			if r.Inputs["region"].StringValue() != "eu-central-1" {
				t.Errorf("region %v", r.Inputs["region"])
			}
		case r.Custom && !strings.Contains(r.Provider, "::aws::"):
			t.Errorf("%s has the provider %q", r.Name, r.Provider)
		}
		if r.Type == "aws:iam/role:Role" || r.Type == "aws:s3/bucketV2:BucketV2" {
			if tags := r.Inputs["tags"].ObjectValue(); tags["owner"].StringValue() != "platform" || tags["cost-centre"].StringValue() != "42" {
				t.Errorf("%s has the tags %v", r.Name, tags)
			}
		}
	}
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	g, err := bootstrap(good())
	if err != nil {
		t.Fatal(err)
	}
	prod := g.Outputs["environments"].ObjectValue()["prod"].ObjectValue()
	for name, want := range map[string]string{
		"backend":             "s3://leasehold-state-prod-bucket?region=eu-central-1&awssdk=v2",
		"secretsProvider":     "awskms://alias/leasehold-state-prod?region=eu-central-1",
		"permissionsBoundary": "arn:aws:iam::111122223333:policy/leasehold-boundary-prod",
		"deployRole":          "arn:aws:iam::111122223333:role/leasehold-deploy-prod", // AWS adds the path
	} {
		if got := prod[resource.PropertyKey(name)].StringValue(); got != want {
			t.Errorf("prod.%s %s, want %s", name, got, want)
		}
	}
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		key, value, want string
	}{
		"account":         {"accountId", "42", `leasehold-account:accountId: want 12 digits in quotes, got "42"`},
		"no region":       {"region", "", `leasehold-account:region: want a region such as eu-central-1, got ""`},
		"partition":       {"partition", "amazon", `leasehold-account:partition: want aws, aws-us-gov or aws-cn, got "amazon"`},
		"repository":      {"repository", "acme/*", `leasehold-account:repository: want OWNER/REPO, or OWNER@ID/REPO@ID, got "acme/*"`},
		"project":         {"project", "Lease", `leasehold-account:project: want the name of the Pulumi project`},
		"provider":        {"oidcProviderArn", "arn", `leasehold-account:oidcProviderArn: want the ARN of GitHub's provider`},
		"other account":   {"oidcProviderArn", "arn:aws:iam::444455556666:oidc-provider/token.actions.githubusercontent.com", "ProviderARN must be"},
		"tags":            {"tags", `{"owner":"platform"}`, `leasehold-account:tags.costCentre: want who pays, got ""`},
		"unknown tag":     {"tags", `{"owner":"a","costCentre":"b","costCenter":"c"}`, `leasehold-account:tags: json: unknown field "costCenter"`},
		"no environment":  {"environments", "", "leasehold-account:environments: want at least one {name, stack}"},
		"misspelt member": {"environments", `[{"name":"prod","stacks":"prod"}]`, `leasehold-account:environments: json: unknown field "stacks"`},
		"environment":     {"environments", `[{"name":"prod","stack":"*"}]`, "leasehold-account:environments: GitHub"},
		"table":           {"environments", `[{"name":"prod","stack":"prod","tableArns":["*"]}]`, `Environments[0].TableARNs must be ARNs of tables, not "*"`},
		"alike":           {"environments", `[{"name":"a","stack":"prod"},{"name":"b","stack":"prod-eu"}]`, "Environments[1].Stack must not begin as that of Environments[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := good()
			settings[test.key] = test.value
			if _, err := bootstrap(settings); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

func TestAllBadSettingsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := bootstrap(nil)
	for _, key := range []string{"accountId", "region", "repository", "tags.owner", "tags.costCentre", "environments"} {
		if err == nil || !strings.Contains(err.Error(), namespace+":"+key+": want") {
			t.Errorf("error %v lacks %s", err, key)
		}
	}
}

// The examples deploy as they stand, and the project refuses default providers (rule 44).
func TestRule44Example(t *testing.T) {
	t.Parallel()
	for _, example := range []string{"Pulumi.account.yaml", "Pulumi.nonproduction.yaml"} {
		if _, err := bootstrap(readExample(t, example)); err != nil {
			t.Errorf("%s: %v", example, err)
		}
	}
	project, err := os.ReadFile("Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if text := string(project); !strings.Contains(text, "name: "+namespace+"\n") || !strings.Contains(text, "pulumi:disable-default-providers:\n    value: [\"*\"]") {
		t.Errorf("Pulumi.yaml is\n%s", text)
	}
}

// readExample returns the settings of a file as Pulumi passes them.
func readExample(t *testing.T, file string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var example struct{ Config map[string]any }
	if err := yaml.Unmarshal(raw, &example); err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for key, value := range example.Config {
		settings[strings.TrimPrefix(key, namespace+":")] = text(t, value)
	}
	return settings
}

// text is a value as Pulumi passes it: objects and lists as JSON.
func text(t *testing.T, value any) string {
	t.Helper()
	if s, ok := value.(string); ok {
		return s
	}
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
