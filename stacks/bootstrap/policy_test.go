package main

import (
	"testing"

	"leasehold.example/stacks/policy/pack"
)

// The account is held to the policies of a protected stack, but for one: the role that
// deploys makes and changes what has no name before it is made (keys, certificates, user
// pools), and the boundary is a ceiling and grants nothing.
func TestPolicies(t *testing.T) {
	t.Parallel()
	g, err := bootstrap(good())
	if err != nil {
		t.Fatal(err)
	}
	findings, err := pack.Check(g, pack.Mandatory)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Policy != "iam-no-wildcard-resource" {
			t.Errorf("%s: %s: %s", f.Policy, f.URN, f.Message)
		}
	}
	if len(findings) == 0 {
		t.Error("the exception is needed no more: take it away, and from docs/policies.md")
	}
}
