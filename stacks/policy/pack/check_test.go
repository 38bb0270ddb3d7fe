package pack_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform/offline"
	"leasehold.example/stacks/policy/pack"
)

// sample is a table without protection, a key with it, a function with a secret, and a table that is
// somebody else's.
func sample(ctx *pulumi.Context) error {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region: pulumi.String("eu-central-1"), AllowedAccountIds: pulumi.ToStringArray([]string{offline.Account}),
	})
	if err != nil {
		return err
	}
	ours := pulumi.Provider(provider)
	if _, err := dynamodb.NewTable(ctx, "sessions", &dynamodb.TableArgs{BillingMode: pulumi.String("PAY_PER_REQUEST")}, ours); err != nil {
		return err
	}
	if _, err := kms.NewKey(ctx, "data", &kms.KeyArgs{EnableKeyRotation: pulumi.Bool(true)}, ours, pulumi.Protect(true)); err != nil {
		return err
	}
	_, err = lambda.NewFunction(ctx, "mcp", &lambda.FunctionArgs{
		Role: pulumi.String("arn:aws:iam::111122223333:role/x"), Runtime: pulumi.String("provided.al2023"),
		Environment: lambda.FunctionEnvironmentArgs{Variables: pulumi.StringMap{"SETTING": pulumi.ToSecret(pulumi.String("x")).(pulumi.StringOutput)}},
	})
	if err != nil {
		return err
	}
	_, err = dynamodb.GetTable(ctx, "theirs", pulumi.ID("theirs"), nil, ours)
	return err
}

func TestCheck(t *testing.T) {
	t.Parallel()
	g, err := offline.Run(offline.Options{Project: "leasehold", Stack: "test"}, sample)
	if err != nil {
		t.Fatal(err)
	}
	for level, want := range map[pack.Level]map[string]string{
		pack.Advisory: {
			"table-expires sessions": "true", "function-environment-without-secrets mcp": "true", "provider-explicit mcp": "true", "function-log-group mcp": "true",
			"table-deletion-protection sessions": "", "stateful-resources-protected sessions": "", "stateful-resources-protected data": "",
			"provider-explicit sessions": "", "table-expires theirs": "",
		},
		pack.Mandatory: {
			"table-expires sessions": "true", "table-deletion-protection sessions": "true",
			"stateful-resources-protected sessions": "true", "stateful-resources-protected data": "", "table-deletion-protection theirs": "",
		},
	} {
		findings, err := pack.Check(g, level)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, f := range findings {
			if f.Level != level || f.Message == "" || !strings.Contains(f.Why, "https://") {
				t.Errorf("got %+v", f)
			}
			got[f.Policy+" "+f.URN[strings.LastIndex(f.URN, ":")+1:]] = "true"
		}
		for finding, there := range want {
			if got[finding] != there {
				t.Errorf("%s: %s: there %q, want %q", level, finding, got[finding], there)
			}
		}
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]pack.Level{"": pack.Mandatory, "mandatory": pack.Mandatory, "advisory": pack.Advisory} {
		if got, err := pack.ParseLevel(text); err != nil || got != want {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	if _, err := pack.Check(&offline.Graph{}, "none"); err == nil {
		t.Error("a level that there is not is accepted")
	}
}

// What a policy reads is a property that pulumi-aws has. Were it misspelt, the policy would
// find nothing anywhere; its test, with the same mistake, would pass.
func TestPropertiesExist(t *testing.T) {
	t.Parallel()
	for name := range all() {
		f := read(t, name)
		for _, c := range append(f.Pass, f.Fail...) {
			for _, r := range c.analyzed(t) {
				source := sourceOf(t, r.Type)
				for property := range names(property.New(r.Properties)) {
					if source != "" && !strings.Contains(source, "`pulumi:\""+property+"\"`") {
						t.Errorf("%s: %s has no property %s", name, r.Type, property)
					}
				}
			}
		}
	}
}

// A policy about a type that there is not would look at nothing.
func TestTypesExist(t *testing.T) {
	t.Parallel()
	for name, types := range pack.Types() {
		if len(types) == 0 {
			t.Errorf("%s is about no type", name)
		}
		for _, typ := range types {
			if sourceOf(t, typ) == "" {
				t.Errorf("%s: %s is no type of pulumi-aws", name, typ)
			}
		}
	}
}

// names are those of all properties, but the keys that a program chooses.
func names(v property.Value) map[string]bool {
	all := map[string]bool{}
	if v.IsArray() {
		for _, below := range v.AsArray().All {
			maps.Copy(all, names(below))
		}
	}
	if v.IsMap() {
		for key, below := range v.AsMap().All {
			all[key] = true
			if !slices.Contains([]string{"tags", "variables", "triggers", "dimensions"}, key) {
				maps.Copy(all, names(below))
			}
		}
	}
	return all
}

var sdk = sync.OnceValues(func() (string, error) {
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/pulumi/pulumi-aws/sdk/v6/go/aws").Output()
	return strings.TrimSpace(string(dir)), err
})

// sourceOf is the source of a type of pulumi-aws and of the types within; empty for a component of ours.
func sourceOf(t *testing.T, typ string) string {
	t.Helper()
	dir, err := sdk()
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	switch parts := strings.Split(typ, ":"); parts[0] {
	case "aws":
		files = []string{filepath.FromSlash(parts[1]) + ".go", filepath.Join(filepath.Dir(parts[1]), "pulumiTypes*.go")}
	case "pulumi":
		files = []string{"provider.go"}
	}
	var source strings.Builder
	for _, pattern := range files {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || !strings.Contains(pattern, "*") && len(found) == 0 {
			t.Fatalf("%s: %s: %v", typ, pattern, err)
		}
		for _, file := range found {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(text)
		}
	}
	return source.String()
}
