package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"leasehold.example/tests/iam"
	"leasehold.example/tests/internal/repo"
)

func source(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{repo.Root(t)}, elements...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestVariables: the pages name the variables that the tools read, all of them and no others.
func TestVariables(t *testing.T) {
	t.Parallel()
	tag, name := regexp.MustCompile(`env:"([A-Z_]+)"`), regexp.MustCompile("`((?:ONBEHALF|TENANT)_[A-Z_]+)`")
	found := func(pattern *regexp.Regexp, text string) (all []string) {
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			all = append(all, m[1])
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	for page, dir := range map[string]string{"onbehalf": "onbehalf", "tenant-secret": "tenantsecret"} {
		want := found(tag, source(t, "apps", "mcp", "internal", "example", dir, "settings.go"))
		got := found(name, source(t, "docs", "examples", page, "README.md"))
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s names %q, and the tool reads %q", page, got, want)
		}
	}
}

// TestStatement: the statement of the page opens the secret of every tenant with that name, and
// nothing beside them.
func TestStatement(t *testing.T) {
	t.Parallel()
	block := regexp.MustCompile("(?s)```json\n(.*?)\n```\n").FindStringSubmatch(source(t, "docs", "examples", "tenant-secret", "README.md"))
	if block == nil {
		t.Fatal("the page has no statement")
	}
	policy, err := iam.Parse("page", []byte(`{"Version":"2012-10-17","Statement":[`+block[1]+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	for resource, want := range map[string]bool{
		"leasehold-prod/tenant/acme/webhook-AbCdEf":      true,
		"leasehold-prod/tenant/acme-eu.1/webhook-AbCdEf": true,
		"leasehold-prod/tenant/acme/webhook-2-AbCdEf":    false,
		"leasehold-prod/tenant/acme/webhook":             true, // not there: AWS is to say so
		"leasehold-prod/tenant/acme/other-AbCdEf":        false,
		"leasehold-prod/tenants/acme/webhook-AbCdEf":     false,
		"leasehold-prod2/tenant/acme/webhook-AbCdEf":     false,
		"leasehold-prod-sealing-secret-AbCdEf":           false,
	} {
		call := iam.Call{Action: "secretsmanager:GetSecretValue", Resource: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:" + resource}
		if got := iam.Evaluate([]iam.Policy{policy}, call).Allowed; got != want {
			t.Errorf("%s may be read: %v", resource, got)
		}
		call.Action = "secretsmanager:PutSecretValue"
		if iam.Evaluate([]iam.Policy{policy}, call).Allowed {
			t.Errorf("%s may be written", resource)
		}
	}
}
