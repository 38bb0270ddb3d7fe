package engine_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/stacks/engine"
)

// A property that the SDK's type does not have, registered past the SDK's types.
func TestMisspeltPropertyFails(t *testing.T) {
	t.Parallel()
	s := run(t, t.TempDir(), func(ctx *pulumi.Context) error {
		return ctx.RegisterResource(table, "sessions", pulumi.Map{
			"hashKy":     pulumi.String("pk"),
			"attributes": pulumi.Array{pulumi.Map{"name": pulumi.String("pk"), "typ": pulumi.String("S")}},
		}, &dynamodb.Table{})
	})
	r, err := s.Up(t.Context())
	if err == nil {
		t.Fatal("accepted")
	}
	said := strings.Join(r.Diagnostics, "\n")
	for _, reason := range []string{"hashKy: tableArgs has no such input", "attributes[0].typ: TableAttribute has no such input", "attributes[0].type: required, and missing"} {
		if !strings.Contains(said, reason) {
			t.Errorf("%q is not in:\n%s", reason, said)
		}
	}
}

// What lost finds, it finds: the same program with another key.
func TestReplacedTableIsSeen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := func(key string) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			_, err := dynamodb.NewTable(ctx, "sessions", &dynamodb.TableArgs{
				HashKey: pulumi.String(key), BillingMode: pulumi.String("PAY_PER_REQUEST"),
				Attributes: dynamodb.TableAttributeArray{dynamodb.TableAttributeArgs{Name: pulumi.String(key), Type: pulumi.String("S")}},
			})
			return err
		}
	}
	if _, err := run(t, dir, program("pk")).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := run(t, dir, program("id")).Up(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := lost(r.Steps); len(got) != 2 {
		t.Errorf("lost %q, want the two halves of a replacement", got)
	}
}

// Rule 38: an association that is made before its predecessor goes is gone with it. This
// is what a program has to avoid, and what Missing notices.
func TestRule38AssociationDetachesSilently(t *testing.T) {
	t.Parallel()
	program := func(acl string, opts ...pulumi.ResourceOption) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			_, err := wafv2.NewWebAclAssociation(ctx, "association", &wafv2.WebAclAssociationArgs{
				ResourceArn: pulumi.String("arn:aws:apigateway:eu-central-1::/restapis/abc/stages/live"), WebAclArn: pulumi.String(acl),
			}, opts...)
			return err
		}
	}
	for name, c := range map[string]struct {
		opts    []pulumi.ResourceOption
		missing int
	}{
		"made first":    {nil, 1},
		"deleted first": {[]pulumi.ResourceOption{pulumi.DeleteBeforeReplace(true)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var last *engine.Stack
			for _, acl := range []string{"one", "two"} {
				last = run(t, dir, program(acl, c.opts...))
				if _, err := last.Up(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			missing, err := last.Missing(t.Context())
			if err != nil || len(missing) != c.missing {
				t.Errorf("missing %q, %v; want %d", missing, err, c.missing)
			}
		})
	}
}
