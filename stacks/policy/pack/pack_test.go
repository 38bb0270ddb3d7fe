package pack_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"leasehold.example/stacks/policy/pack"
)

var update = flag.Bool("update", false, "write docs/policies.md")

// all are the policies of a protected stack, by name: every policy there is.
func all() map[string]policyx.Policy {
	policies := map[string]policyx.Policy{}
	for _, p := range pack.Policies(pack.Mandatory) {
		policies[p.Name()] = p
	}
	return policies
}

// messages runs the policy and returns "resource: message" of every violation, in order.
func messages(t *testing.T, p policyx.Policy, resources []policyx.AnalyzerResource) []string {
	t.Helper()
	violations, err := pack.Run(t.Context(), p, resources)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, v := range violations {
		told = append(told, v.URN[strings.LastIndex(v.URN, ":")+1:]+": "+v.Message)
	}
	return told
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	for name, p := range all() {
		for _, c := range read(t, name).Pass {
			t.Run(name+"/passes "+c.Case, func(t *testing.T) {
				t.Parallel()
				if got := messages(t, p, c.analyzed(t)); len(got) > 0 {
					t.Errorf("got %q", got)
				}
			})
		}
		for _, c := range read(t, name).Fail {
			t.Run(name+"/fails "+c.Case, func(t *testing.T) {
				t.Parallel()
				if got := messages(t, p, c.analyzed(t)); !slices.Equal(got, c.Says) {
					t.Errorf("got  %q\nwant %q", got, c.Says)
				}
			})
		}
	}
}

// A policy without a passing and a failing case would be one that nobody saw work.
func TestEveryPolicyHasBothCases(t *testing.T) {
	t.Parallel()
	policies := all()
	if len(policies) < 30 || len(policies) != len(pack.Policies(pack.Mandatory)) {
		t.Errorf("%d policies with names of their own, of %d", len(policies), len(pack.Policies(pack.Mandatory)))
	}
	for name := range policies {
		if f := read(t, name); len(f.Pass) == 0 || len(f.Fail) == 0 {
			t.Errorf("testdata/%s.yaml: %d passing and %d failing cases", name, len(f.Pass), len(f.Fail))
		}
	}
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".yaml"); policies[name] == nil {
			t.Errorf("%s is of no policy", file)
		}
	}
}

// In a first preview nothing that AWS makes up is known. Whatever is not known yet, alone or
// with all the rest, never turns what passes into a finding.
func TestUnknownIsNoFinding(t *testing.T) {
	t.Parallel()
	for name, p := range all() {
		for _, c := range read(t, name).Pass {
			t.Run(name+"/"+c.Case, func(t *testing.T) {
				t.Parallel()
				for where, resources := range unknowns(c.analyzed(t)) {
					if got := messages(t, p, resources); len(got) > 0 {
						t.Errorf("%s not known: %q", where, got)
					}
				}
			})
		}
	}
}

// unknowns yields the resources once for every value in them, with that value not known,
// and once with no value known.
func unknowns(resources []policyx.AnalyzerResource) func(yield func(string, []policyx.AnalyzerResource) bool) {
	return func(yield func(string, []policyx.AnalyzerResource) bool) {
		nothing := slices.Clone(resources)
		for i := range resources {
			r := &resources[i]
			for where, properties := range eachUnknown(property.New(r.Properties)) {
				changed := slices.Clone(resources)
				changed[i].Properties = properties.AsMap()
				if !yield(r.Name+where, changed) {
					return
				}
			}
			for key := range r.Properties.All {
				nothing[i].Properties = nothing[i].Properties.Set(key, property.New(property.Computed))
			}
		}
		yield("anything", nothing)
	}
}

// eachUnknown yields the value once for every value below it, with that one not known.
func eachUnknown(v property.Value) map[string]property.Value {
	all := map[string]property.Value{}
	if v.IsMap() {
		for key, below := range v.AsMap().All {
			all["."+key] = property.New(v.AsMap().Set(key, property.New(property.Computed)))
			for where, changed := range eachUnknown(below) {
				all["."+key+where] = property.New(v.AsMap().Set(key, changed))
			}
		}
	}
	if v.IsArray() {
		for i, below := range v.AsArray().All {
			for where, changed := range maps.All(eachUnknown(below)) {
				elements := v.AsArray().AsSlice()
				elements[i] = changed
				all[fmt.Sprintf("[%d]%s", i, where)] = property.New(elements)
			}
			elements := v.AsArray().AsSlice()
			elements[i] = property.New(property.Computed)
			all[fmt.Sprintf("[%d]", i)] = property.New(elements)
		}
	}
	return all
}

// What the design's rules demand of a stack is also demanded by a policy, whose cases show it.
func TestRules(t *testing.T) {
	t.Parallel()
	policies := all()
	for rule, names := range map[string][]string{
		"rule 25": {"api-access-log"},
		"rule 31": {"secret-rotation", "secret-value-not-in-state", "function-environment-without-secrets"},
		"rule 33": {"api-authorizer-uncached", "api-challenge"},
		"rule 35": {"api-redeployed"},
		"rule 36": {"api-methods-authorised"},
		"rule 37": {"function-permission-qualifier"},
		"rule 38": {"firewall-attached", "firewall-stays-attached", "firewall-rate-rules", "firewall-log-redacted", "firewall-no-samples"},
		"rule 40": {"domain-only-door"},
		"rule 41": {"user-pool-admin-only", "user-pool-client-attributes"},
		"rule 43": {"topic-customer-key"},
		"rule 44": {"provider-explicit", "provider-account", "tagged", "iam-permissions-boundary"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			for _, name := range names {
				if policies[name] == nil {
					t.Errorf("no policy is called %s", name)
				}
			}
		})
	}
}

var (
	policyName = regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)*$`)
	// described is a reason and, behind it, the page that it rests on.
	described = regexp.MustCompile(`^[A-Z].{40,} \((Security Hub ([A-Z][A-Za-z0-9]+\.[0-9]+(, |; )?)+(CIS [^,]*)?, )?https://(docs\.aws\.amazon\.com|www\.pulumi\.com)/[^ ]+\)$`)
)

func TestDescriptions(t *testing.T) {
	t.Parallel()
	for name, p := range all() {
		if !policyName.MatchString(name) {
			t.Errorf("%s is no name", name)
		}
		if !described.MatchString(p.Description()) {
			t.Errorf("%s: no reason and reference: %s", name, p.Description())
		}
	}
}

// docs/policies.md is made of the descriptions: go test ./stacks/policy/pack -update.
func TestDocument(t *testing.T) {
	t.Parallel()
	const file = "../../../docs/policies.md"
	want := pack.Document()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the policies say; run this test with -update", file)
	}
}
