package offline_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"leasehold.example/platform/offline"
)

func run(t *testing.T, o offline.Options, program pulumi.RunFunc) *offline.Graph {
	t.Helper()
	o.Project, o.Stack = "leasehold", "dev"
	g, err := offline.Run(o, program)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func find(t *testing.T, g *offline.Graph, name string) *offline.Resource {
	t.Helper()
	i := slices.IndexFunc(g.Resources, func(r *offline.Resource) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("no resource %q", name)
	}
	return g.Resources[i]
}

func text(t *testing.T, m resource.PropertyMap, key string) string {
	t.Helper()
	v, ok := m[resource.PropertyKey(key)]
	if !ok || !v.IsString() {
		t.Fatalf("%s is %v, want text", key, v)
	}
	return v.StringValue()
}

func keyed(hash string) *dynamodb.TableArgs {
	return &dynamodb.TableArgs{
		HashKey:    pulumi.String(hash),
		Attributes: dynamodb.TableAttributeArray{&dynamodb.TableAttributeArgs{Name: pulumi.String(hash), Type: pulumi.String("S")}},
	}
}

func TestRunInventsWhatAWSWouldAdd(t *testing.T) {
	t.Parallel()
	g := run(t, offline.Options{}, func(ctx *pulumi.Context) error {
		table, err := dynamodb.NewTable(ctx, "sessions", keyed("pk"))
		if err != nil {
			return err
		}
		alias, err := lambda.NewAlias(ctx, "live", &lambda.AliasArgs{
			Name: pulumi.String("live"), FunctionVersion: pulumi.String("1"),
			FunctionName: pulumi.String("arn:aws:lambda:eu-central-1:111122223333:function:mcp"),
		})
		if err != nil {
			return err
		}
		ips, err := wafv2.NewIpSet(ctx, "ips", &wafv2.IpSetArgs{IpAddressVersion: pulumi.String("IPV4"), Scope: pulumi.String("REGIONAL")})
		if err != nil {
			return err
		}
		ctx.Export("table", table.Arn)
		ctx.Export("index", pulumi.Sprintf("%s/index/*", table.Arn))
		ctx.Export("alias", alias.Arn)
		ctx.Export("aliasId", alias.ID())
		ctx.Export("invoke", alias.InvokeArn)
		ctx.Export("stream", table.StreamArn) // in no table of invent.go
		ctx.Export("ips", ips.Arn)            // nor is this type
		return nil
	})
	const region = "eu-central-1:111122223333:"
	for key, want := range map[string]string{
		"table":   "arn:aws:dynamodb:" + region + "table/sessions",
		"index":   "arn:aws:dynamodb:" + region + "table/sessions/index/*",
		"alias":   "arn:aws:lambda:" + region + "function:mcp:live",
		"aliasId": "arn:aws:lambda:" + region + "function:mcp:live",
		"invoke":  "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:" + region + "function:mcp:live/invocations",
		"stream":  "sessions.streamArn",
		"ips":     "arn:aws:wafv2:" + region + "ips",
	} {
		if got := text(t, g.Outputs, key); got != want {
			t.Errorf("%s = %s, want %s", key, got, want)
		}
	}
}

func TestRunTakesThePlaceFromTheProvider(t *testing.T) {
	t.Parallel()
	g := run(t, offline.Options{}, func(ctx *pulumi.Context) error {
		provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
			Region: pulumi.String("cn-north-1"), AllowedAccountIds: pulumi.ToStringArray([]string{"444455556666"}),
		})
		if err != nil {
			return err
		}
		role, err := iam.NewRole(ctx, "role", &iam.RoleArgs{AssumeRolePolicy: pulumi.String("{}")}, pulumi.Provider(provider))
		if err != nil {
			return err
		}
		caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Provider(provider))
		if err != nil {
			return err
		}
		ctx.Export("role", role.Arn)
		ctx.Export("account", pulumi.String(caller.AccountId))
		return nil
	})
	if got, want := text(t, g.Outputs, "role"), "arn:aws-cn:iam::444455556666:role/role"; got != want {
		t.Errorf("role = %s, want %s", got, want)
	}
	if got, want := text(t, g.Outputs, "account"), "444455556666"; got != want {
		t.Errorf("account = %s, want %s", got, want)
	}
}

func TestRunRecordsOptions(t *testing.T) {
	t.Parallel()
	g := run(t, offline.Options{}, func(ctx *pulumi.Context) error {
		_, err := dynamodb.NewTable(ctx, "sessions", keyed("pk"), pulumi.Protect(true), pulumi.RetainOnDelete(true),
			pulumi.DeleteBeforeReplace(true), pulumi.IgnoreChanges([]string{"readCapacity"}), pulumi.Import(pulumi.ID("imported")))
		if err != nil {
			return err
		}
		_, err = dynamodb.GetTable(ctx, "theirs", pulumi.ID("theirs-1"), nil)
		return err
	})
	ours, theirs := find(t, g, "sessions"), find(t, g, "theirs")
	if !ours.Protect || !ours.RetainOnDelete || !ours.DeleteBeforeReplace || !slices.Equal(ours.IgnoreChanges, []string{"readCapacity"}) {
		t.Errorf("options lost: %+v", ours)
	}
	if ours.Read || ours.ID != "imported" {
		t.Errorf("an import is managed here: Read=%v ID=%q", ours.Read, ours.ID)
	}
	if !theirs.Read || !theirs.Custom || theirs.ID != "theirs-1" {
		t.Errorf("a read is not managed here: %+v", theirs)
	}
}

func TestRunKeepsSecretsSecret(t *testing.T) {
	t.Parallel()
	o := offline.Options{Config: map[string]string{"leasehold:token": "hunter2"}, Secrets: []string{"leasehold:token"}}
	g := run(t, o, func(ctx *pulumi.Context) error {
		secret := config.New(ctx, "").RequireSecret("token")
		args := keyed("pk")
		args.Name = secret
		table, err := dynamodb.NewTable(ctx, "sessions", args, pulumi.AdditionalSecretOutputs([]string{"streamArn"}))
		if err != nil {
			return err
		}
		ctx.Export("name", table.Name)
		ctx.Export("stream", table.StreamArn)
		return nil
	})
	for _, v := range []resource.PropertyValue{find(t, g, "sessions").Inputs["name"], g.Outputs["name"], g.Outputs["stream"]} {
		if !v.IsSecret() {
			t.Errorf("%v is not a secret", v)
		}
	}
}

func TestRunSeesTransformations(t *testing.T) {
	t.Parallel()
	g := run(t, offline.Options{}, func(ctx *pulumi.Context) error {
		err := ctx.RegisterStackTransformation(func(a *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
			if args, ok := a.Props.(*dynamodb.TableArgs); ok {
				args.Tags = pulumi.StringMap{"owner": pulumi.String("platform")}
			}
			return &pulumi.ResourceTransformationResult{Props: a.Props, Opts: a.Opts}
		})
		if err != nil {
			return err
		}
		_, err = dynamodb.NewTable(ctx, "sessions", keyed("pk"))
		return err
	})
	if tags := find(t, g, "sessions").Inputs["tags"]; !tags.IsObject() || text(t, tags.ObjectValue(), "owner") != "platform" {
		t.Errorf("tags = %v", tags)
	}
}

type component struct{ pulumi.ResourceState }

func TestRunResolvesAliases(t *testing.T) {
	t.Parallel()
	g := run(t, offline.Options{}, func(ctx *pulumi.Context) error {
		c := &component{}
		former := []pulumi.Alias{{Name: pulumi.String("store"), Type: pulumi.String("old:Store")}}
		if err := ctx.RegisterComponentResource("new:Table", "sessions", c, pulumi.Aliases(former)); err != nil {
			return err
		}
		_, err := dynamodb.NewTable(ctx, "sessions-table", keyed("pk"), pulumi.Parent(c),
			pulumi.Aliases([]pulumi.Alias{{NoParent: pulumi.Bool(true), Name: pulumi.String("table")}}))
		return err
	})
	const urn = "urn:pulumi:dev::leasehold::"
	if got, want := find(t, g, "sessions").Aliases, []string{urn + "old:Store::store"}; !slices.Equal(got, want) {
		t.Errorf("component: %q, want %q", got, want)
	}
	want := []string{
		urn + "aws:dynamodb/table:Table::table",                 // declared
		urn + "old:Store$aws:dynamodb/table:Table::store-table", // the parent's, whose name it follows
		urn + "old:Store$aws:dynamodb/table:Table::table",       // both
	}
	if got := find(t, g, "sessions-table").Aliases; !slices.Equal(got, want) {
		t.Errorf("child:\n%q\nwant\n%q", got, want)
	}
}

func TestRunFails(t *testing.T) {
	t.Parallel()
	own := errors.New("the program's own")
	for name, tt := range map[string]struct {
		program pulumi.RunFunc
		want    string
	}{
		"own error": {func(*pulumi.Context) error { return own }, "the program's own"},
		"one URN twice": {func(ctx *pulumi.Context) error {
			_, first := dynamodb.NewTable(ctx, "sessions", keyed("pk"))
			_, second := dynamodb.NewTable(ctx, "sessions", keyed("pk"))
			return errors.Join(first, second)
		}, "offline: two resources are urn:pulumi:dev::leasehold::aws:dynamodb/table:Table::sessions"},
		"rule 47: an invoke that asks AWS": {func(ctx *pulumi.Context) error {
			_, err := kms.LookupKey(ctx, &kms.LookupKeyArgs{KeyId: "alias/mine"})
			return err
		}, "offline: aws:kms/getKey:getKey asks AWS; take the value from the configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := offline.Run(offline.Options{Project: "leasehold", Stack: "dev"}, tt.program)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestRunNamesWhatWaitsForever(t *testing.T) {
	t.Parallel()
	_, err := offline.Run(offline.Options{Project: "leasehold", Stack: "dev", Patience: 200 * time.Millisecond}, func(ctx *pulumi.Context) error {
		never, _, _ := ctx.NewOutput()
		args := keyed("pk")
		args.Name = never.ApplyT(func(any) string { return "" }).(pulumi.StringOutput)
		_, first := dynamodb.NewTable(ctx, "sessions", args)
		_, second := dynamodb.NewTable(ctx, "fine", keyed("pk"))
		return errors.Join(first, second)
	})
	want := "offline: the program does not end; these wait for an output that nothing resolves: aws:dynamodb/table:Table sessions"
	if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "fine") {
		t.Errorf("error %v, want %s", err, want)
	}
}
