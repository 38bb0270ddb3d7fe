package preview_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform/offline"
	"leasehold.example/stacks/preview"
)

// sample is a small program; its fields are what tests change.
type sample struct {
	region    string
	table     string // the component's name
	hashKey   string
	ttl       string
	local     bool // a local secondary index
	noTable   bool
	noLogs    bool
	archive   string
	owner     string // a tag
	codeHash  string
	memory    int
	actions   string // of the role's policy
	protect   bool
	retain    bool
	ignore    []string
	aliases   []pulumi.Alias
	extraLogs bool
}

func newSample() sample {
	return sample{
		region: "eu-central-1", table: "sessions", hashKey: "pk", ttl: "exp", archive: "build/mcp.zip", owner: "platform", codeHash: "1",
		memory: 512, actions: `["dynamodb:GetItem","dynamodb:PutItem"]`, protect: true,
	}
}

type component struct{ pulumi.ResourceState }

func (s sample) deploy(ctx *pulumi.Context) error {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region: pulumi.String(s.region), AllowedAccountIds: pulumi.ToStringArray([]string{"111122223333"}),
	})
	if err != nil {
		return err
	}
	arn := pulumi.String("arn:aws:dynamodb:eu-central-1:111122223333:table/theirs").ToStringOutput()
	if !s.noTable {
		if arn, err = s.store(ctx, provider); err != nil {
			return err
		}
	}
	return s.server(ctx, provider, arn)
}

func (s sample) store(ctx *pulumi.Context, provider *aws.Provider) (arn pulumi.StringOutput, err error) {
	c := &component{}
	if err := ctx.RegisterComponentResource("leasehold:platform:Table", s.table, c, pulumi.Provider(provider), pulumi.Aliases(s.aliases)); err != nil {
		return arn, err
	}
	args := &dynamodb.TableArgs{
		Tags:    pulumi.StringMap{"owner": pulumi.String(s.owner)},
		HashKey: pulumi.String(s.hashKey), RangeKey: pulumi.String("sk"), BillingMode: pulumi.String("PAY_PER_REQUEST"),
		DeletionProtectionEnabled: pulumi.Bool(true),
		Ttl:                       &dynamodb.TableTtlArgs{AttributeName: pulumi.String(s.ttl), Enabled: pulumi.Bool(true)},
		GlobalSecondaryIndexes: dynamodb.TableGlobalSecondaryIndexArray{
			&dynamodb.TableGlobalSecondaryIndexArgs{Name: pulumi.String("by-handle"), HashKey: pulumi.String("sk"), ProjectionType: pulumi.String("KEYS_ONLY")},
		},
	}
	if s.local {
		args.LocalSecondaryIndexes = dynamodb.TableLocalSecondaryIndexArray{
			&dynamodb.TableLocalSecondaryIndexArgs{Name: pulumi.String("by-age"), RangeKey: pulumi.String("age"), ProjectionType: pulumi.String("ALL")},
		}
	}
	table, err := dynamodb.NewTable(ctx, s.table+"-table", args, pulumi.Parent(c),
		pulumi.Protect(s.protect), pulumi.RetainOnDelete(s.retain), pulumi.IgnoreChanges(s.ignore))
	if err != nil {
		return arn, err
	}
	return table.Arn, nil
}

func (s sample) server(ctx *pulumi.Context, provider *aws.Provider, table pulumi.StringOutput) error {
	c := &component{}
	if err := ctx.RegisterComponentResource("leasehold:platform:Function", "server", c, pulumi.Provider(provider)); err != nil {
		return err
	}
	child := pulumi.Parent(c)
	for name, wanted := range map[string]bool{"server-logs": !s.noLogs, "server-more-logs": s.extraLogs} {
		if !wanted {
			continue
		}
		if _, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{RetentionInDays: pulumi.Int(30), Tags: pulumi.StringMap{"owner": pulumi.String(s.owner)}}, child); err != nil {
			return err
		}
	}
	role, err := iam.NewRole(ctx, "server-role", &iam.RoleArgs{Tags: pulumi.StringMap{"owner": pulumi.String(s.owner)}, AssumeRolePolicy: pulumi.String(`{"Statement":[{"Action":"sts:AssumeRole"}]}`)}, child)
	if err != nil {
		return err
	}
	_, err = iam.NewRolePolicy(ctx, "server-policy", &iam.RolePolicyArgs{
		Role:   role.Name,
		Policy: pulumi.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"Sessions","Effect":"Allow","Action":%s,"Resource":"%s"}]}`, s.actions, table),
	}, child)
	if err != nil {
		return err
	}
	function, err := lambda.NewFunction(ctx, "server-function", &lambda.FunctionArgs{
		Role: role.Arn, Code: pulumi.NewFileArchive(s.archive), SourceCodeHash: pulumi.String(s.codeHash),
		MemorySize: pulumi.Int(s.memory), Timeout: pulumi.Int(120), Architectures: pulumi.ToStringArray([]string{"arm64"}),
		Description: pulumi.String("MCP server of " + ctx.Stack()),
		Environment: &lambda.FunctionEnvironmentArgs{Variables: pulumi.ToSecret(pulumi.StringMap{"KEY": pulumi.String("hunter2")}).(pulumi.StringMapOutput)},
	}, child)
	if err != nil {
		return err
	}
	ctx.Export("functionArn", function.Arn)
	ctx.Export("url", pulumi.String("https://mcp."+ctx.Stack()+".example.com/mcp"))
	return nil
}

// report is the sample's in stack prod.
func (s sample) report(t *testing.T, warnings []string, findings ...preview.Finding) *preview.Report {
	t.Helper()
	return s.reportOf(t, "prod", warnings, findings...)
}

func (s sample) reportOf(t *testing.T, stack string, warnings []string, findings ...preview.Finding) *preview.Report {
	t.Helper()
	g, err := offline.Run(offline.Options{Project: "sample", Stack: stack}, s.deploy)
	if err != nil {
		t.Fatal(err)
	}
	return preview.New(g, warnings, findings)
}
