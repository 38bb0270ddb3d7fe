package platform_test

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

const auditPattern = `{ $.principal = "*" }`

// auditLog makes the log of a function "mcp"; without a source when args says so.
func auditLog(args *platform.AuditLogArgs, sourced bool) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		if sourced {
			source, err := platform.NewFunction(ctx, "mcp", &platform.FunctionArgs{
				Archive: "mcp.zip", MemoryMB: 512, TimeoutSeconds: 29, LogRetentionDays: 14,
			})
			if err != nil {
				return err
			}
			args.Source = source
		}
		log, err := platform.NewAuditLog(ctx, "audit", args)
		if err == nil {
			ctx.Export("group", log.LogGroupName)
		}
		return err
	}
}

// The auditor may write to its stream and to nothing else, is called for the lines of the
// audit of one group, and stays out of what it writes.
func TestAuditLog(t *testing.T) {
	t.Parallel()
	g := run(t, auditLog(&platform.AuditLogArgs{Archive: "auditor.zip", RetentionDays: 400, LogRetentionDays: 14, Pattern: auditPattern}, true))
	wantInputs(t, find(t, g, "audit-lines"), `{"retentionInDays": 400, "kmsKeyId": null, "name": null, "namePrefix": null}`)
	wantInputs(t, find(t, g, "audit-stream"), `{"logGroupName": "audit-lines", "name": null}`)
	wantInputs(t, find(t, g, "audit-auditor-function"), `{
		"code": "auditor.zip", "loggingConfig": {"logFormat": "Text", "logGroup": "/aws/lambda/leasehold-test-audit-auditor"},
		"environment": {"variables": {"LEASEHOLD_AUDIT_GROUP": "audit-lines", "LEASEHOLD_AUDIT_STREAM": "audit-stream"}}}`)
	wantDocument(t, find(t, g, "audit-auditor-policy"), "policy", `{"Version": "2012-10-17", "Statement": [
		{"Sid": "Logs", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
		 "Resource": ["arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/leasehold-test-audit-auditor:*"]},
		{"Sid": "Audit", "Effect": "Allow", "Action": ["logs:PutLogEvents"],
		 "Resource": ["arn:aws:logs:eu-central-1:111122223333:log-group:audit-lines:log-stream:audit-stream"]}
	]}`)
	wantInputs(t, find(t, g, "audit-permission"), `{
		"action": "lambda:InvokeFunction", "function": "audit-auditor-function", "principal": "logs.eu-central-1.amazonaws.com",
		"sourceAccount": "111122223333", "sourceArn": "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/leasehold-test-mcp:*"}`)
	filter := find(t, g, "audit-filter")
	wantInputs(t, filter, `{"name": "audit", "logGroup": "/aws/lambda/leasehold-test-mcp", "filterPattern": "{ $.principal = \"*\" }",
		"destinationArn": "arn:aws:lambda:eu-central-1:111122223333:function:audit-auditor-function", "roleArn": null}`)
	if !slices.Contains(filter.Dependencies, find(t, g, "audit-permission").URN) {
		t.Error("the filter does not wait for the permission")
	}
}

// TestAuditLogProtected has a key, and a group and a stream that stay.
func TestAuditLogProtected(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-central-1:111122223333:key/one"
	g := run(t, auditLog(&platform.AuditLogArgs{
		Archive: "auditor.zip", Architecture: "x86_64", RetentionDays: 365, LogRetentionDays: 14, Pattern: auditPattern,
		KMSKeyARN: pulumi.String(key), Tracing: true, Retain: true, PermissionsBoundary: pulumi.String("arn:boundary"),
	}, true))
	for _, name := range []string{"audit-lines", "audit-stream"} {
		if r := find(t, g, name); !r.Protect || !r.RetainOnDelete {
			t.Errorf("%s is not protected", name)
		}
	}
	wantInputs(t, find(t, g, "audit-lines"), `{"kmsKeyId": "`+key+`"}`)
	wantInputs(t, find(t, g, "audit-auditor-logs"), `{"kmsKeyId": "`+key+`", "retentionInDays": 14}`)
	wantInputs(t, find(t, g, "audit-auditor-role"), `{"permissionsBoundary": "arn:boundary"}`)
	wantInputs(t, find(t, g, "audit-auditor-function"), `{"kmsKeyArn": "`+key+`", "architectures": ["x86_64"], "tracingConfig": {"mode": "Active"}}`)
}

func TestAuditLogArgs(t *testing.T) {
	t.Parallel()
	wantLines(t, refused(t, auditLog(&platform.AuditLogArgs{RetentionDays: 8}, false)),
		`AuditLog "audit": Source must be set`, "Pattern must be set", "Archive must be the path", "RetentionDays must be one of")
}
