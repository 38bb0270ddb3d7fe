package platform_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

func TestLogExport(t *testing.T) {
	t.Parallel()
	export := func(args *platform.LogExportArgs) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			_, err := platform.NewLogExport(ctx, "audit", args)
			return err
		}
	}
	const destination = "arn:aws:logs:eu-central-1:444455556666:destination:archive"
	g := run(t, export(&platform.LogExportArgs{LogGroup: pulumi.String("/aws/lambda/mcp"), DestinationARN: destination, Pattern: `{ $.a = "*" }`}))
	wantInputs(t, find(t, g, "audit-subscription"), `{"logGroup": "/aws/lambda/mcp", "filterPattern": "{ $.a = \"*\" }",
		"destinationArn": "`+destination+`", "roleArn": null}`)
	wantLines(t, refused(t, export(&platform.LogExportArgs{})), "LogGroup must be set", "DestinationARN must be set")
}
