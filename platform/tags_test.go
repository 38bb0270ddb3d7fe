package platform_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

// several makes resources of several types after the transformations.
func several(transformations ...pulumi.ResourceTransformation) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		for _, transformation := range transformations {
			if err := ctx.RegisterStackTransformation(transformation); err != nil {
				return err
			}
		}
		trust := pulumi.String("{}")
		first := func(_ any, err error) error { return err }
		for _, err := range []error{
			first(iam.NewRole(ctx, "role", &iam.RoleArgs{AssumeRolePolicy: trust})),
			first(iam.NewRole(ctx, "bounded", &iam.RoleArgs{AssumeRolePolicy: trust, PermissionsBoundary: pulumi.String("arn:own")})),
			first(dynamodb.NewTable(ctx, "table", &dynamodb.TableArgs{
				Attributes: dynamodb.TableAttributeArray{}, Tags: pulumi.StringMap{"owner": pulumi.String("other"), "more": pulumi.String("yes")},
			})),
			first(s3.NewBucketV2(ctx, "bucket", nil)),
			first(cloudwatch.NewLogGroup(ctx, "log", &cloudwatch.LogGroupArgs{})),
			first(apigateway.NewAccount(ctx, "untaggable", &apigateway.AccountArgs{})),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// Rule 44: tags are set by a transformation, which a run under mocks sees.
func TestRule44Tags(t *testing.T) {
	t.Parallel()
	tags := map[string]string{"owner": "platform", "stack": "test"}
	g := run(t, several(platform.Tags(tags)))
	for _, name := range []string{"role", "bucket", "log"} {
		wantInputs(t, find(t, g, name), `{"tags": {"owner": "platform", "stack": "test"}}`)
	}
	wantInputs(t, find(t, g, "table"), `{"tags": {"owner": "other", "stack": "test", "more": "yes"}}`)
	wantInputs(t, find(t, g, "untaggable"), `{"tags": null}`)
	if len(tags) != 2 {
		t.Errorf("the caller's tags became %v", tags)
	}
	wantInputs(t, find(t, run(t, several(platform.Tags(nil))), "role"), `{"tags": null}`)
}

// Rule 44: every role has the boundary, unless it has one of its own.
func TestRule44PermissionsBoundary(t *testing.T) {
	t.Parallel()
	g := run(t, several(platform.PermissionsBoundary("arn:boundary"), platform.Tags(map[string]string{"stack": "test"})))
	wantInputs(t, find(t, g, "role"), `{"permissionsBoundary": "arn:boundary", "tags": {"stack": "test"}}`)
	wantInputs(t, find(t, g, "bounded"), `{"permissionsBoundary": "arn:own"}`)
	wantInputs(t, find(t, run(t, several(platform.PermissionsBoundary(""))), "role"), `{"permissionsBoundary": null}`)
}
