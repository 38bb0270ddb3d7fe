package engine_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/stacks/engine"
	"leasehold.example/stacks/internal/need"
)

// A stack takes its network from another one. What is not there, or is a secret, stops the program
// before it does anything.
func TestReferencesToAnotherStack(t *testing.T) {
	t.Parallel()
	d := deploy(t, "dev", nil)
	shared, err := engine.Open(t.Context(), engine.Options{
		CLI: need.Pulumi(t), Dir: d.options.Dir, Project: "network", Stack: "shared", Program: func(ctx *pulumi.Context) error {
			ctx.Export("vpcId", pulumi.String("vpc-0a"))
			ctx.Export("subnetIds", pulumi.ToStringArray([]string{"subnet-0a", "subnet-0b"}))
			ctx.Export("password", pulumi.ToSecret(pulumi.String("x")))
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shared.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	vpc := func(id string) string {
		return `{"id":"stack:organization/network/` + id + `","subnetIds":"stack:organization/network/shared#subnetIds"}`
	}
	for id, reason := range map[string]string{
		"shared#nothing":  "leasehold:vpc.id: stack organization/network/shared has no output nothing",
		"shared#password": "leasehold:vpc.id: output password of stack organization/network/shared is a secret",
		"missing#vpcId":   "organization/network/missing",
	} {
		d.configure(map[string]string{"leasehold:vpc": vpc(id)})
		r, err := d.stack.Up(t.Context())
		if said := strings.Join(r.Diagnostics, "\n"); err == nil || !strings.Contains(said, reason) {
			t.Errorf("%s: %q is not in %v:\n%s", id, reason, err, said)
		}
		if len(of(r.Steps, "ec2")) > 0 {
			t.Errorf("%s: made %v", id, r.Steps)
		}
	}
	d.configure(map[string]string{"leasehold:vpc": vpc("shared#vpcId")})
	d.up()
	if got := d.only("aws:ec2/securityGroup:SecurityGroup").Outputs["vpcId"]; got != "vpc-0a" {
		t.Errorf("the security group is in %v", got)
	}
	want(t, d.up().Steps, "read pulumi:pulumi:StackReference organization/network/shared")
}
