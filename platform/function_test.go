package platform_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

func functionArgs() *platform.FunctionArgs {
	return &platform.FunctionArgs{
		Description: "MCP", Archive: "absent.zip", MemoryMB: 512, TimeoutSeconds: 29, LogRetentionDays: 30,
	}
}

func function(args *platform.FunctionArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		c, err := platform.NewFunction(ctx, "mcp", args)
		if err != nil {
			return err
		}
		for name, output := range map[string]pulumi.StringOutput{
			"name": c.Name, "arn": c.ARN, "version": c.Version, "aliasName": c.AliasName, "aliasArn": c.AliasARN, "invoke": c.InvokeARN,
			"streaming": c.StreamingInvokeARN, "roleArn": c.RoleARN, "roleName": c.RoleName, "logs": c.LogGroupName,
			"app": c.DeploymentApplication, "group": c.DeploymentGroup,
		} {
			ctx.Export(name, output)
		}
		return nil
	}
}

const logsStatement = `{"Sid": "Logs", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
	"Resource": ["arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/leasehold-test-mcp:*"]}`

func TestFunction(t *testing.T) {
	t.Parallel()
	g := run(t, function(functionArgs()))
	wantTree(t, g, `
		Function mcp
		  LogGroup mcp-logs
		  Role mcp-role
		  RolePolicy mcp-policy
		  Alias mcp-live
		  Function mcp-function`)
	f := find(t, g, "mcp-function")
	wantInputs(t, f, `{
		"runtime": "provided.al2023", "handler": "bootstrap", "architectures": ["arm64"], "code": "absent.zip", "sourceCodeHash": null,
		"memorySize": 512, "timeout": 29, "publish": true, "name": null, "environment": null, "vpcConfig": null, "kmsKeyArn": null,
		"reservedConcurrentExecutions": null, "role": "arn:aws:iam::111122223333:role/mcp-role",
		"loggingConfig": {"logFormat": "Text", "logGroup": "/aws/lambda/leasehold-test-mcp"}, "tracingConfig": {"mode": "PassThrough"}
	}`)
	if policy := find(t, g, "mcp-policy"); !slices.Contains(f.Dependencies, policy.URN) {
		t.Error("the function does not wait for its role's policy")
	}
	wantInputs(t, find(t, g, "mcp-logs"), `{"name": "/aws/lambda/leasehold-test-mcp", "retentionInDays": 30, "kmsKeyId": null}`)
	alias := find(t, g, "mcp-live")
	wantInputs(t, alias, `{"name": "live", "functionName": "mcp-function", "functionVersion": "1", "routingConfig": null}`)
	if len(alias.IgnoreChanges) > 0 {
		t.Error("the alias does not follow the newest version")
	}
	role := find(t, g, "mcp-role")
	wantInputs(t, role, `{"managedPolicyArns": null, "inlinePolicies": null, "permissionsBoundary": null}`)
	wantDocument(t, role, "assumeRolePolicy", `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"Service": ["lambda.amazonaws.com"]}}]}`)
	wantDocument(t, find(t, g, "mcp-policy"), "policy", `{"Version": "2012-10-17", "Statement": [`+logsStatement+`]}`)
}

// TestRule37 builds both integration URIs on the alias.
func TestRule37(t *testing.T) {
	t.Parallel()
	outputs := run(t, function(functionArgs())).Outputs
	for name, want := range map[string]string{
		"aliasArn":  "arn:aws:lambda:eu-central-1:111122223333:function:mcp-function:live",
		"aliasName": "live",
		"invoke":    "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111122223333:function:mcp-function:live/invocations",
		"streaming": "arn:aws:apigateway:eu-central-1:lambda:path/2021-11-15/functions/arn:aws:lambda:eu-central-1:111122223333:function:mcp-function:live/response-streaming-invocations",
		"name":      "mcp-function", "arn": "arn:aws:lambda:eu-central-1:111122223333:function:mcp-function", "version": "1",
		"roleName": "mcp-role", "roleArn": "arn:aws:iam::111122223333:role/mcp-role", "logs": "/aws/lambda/leasehold-test-mcp", "app": "", "group": "",
	} {
		if got := outputs[resource.PropertyKey(name)].StringValue(); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// TestFunctionEverything sets every field besides the canary.
func TestFunctionEverything(t *testing.T) {
	t.Parallel()
	archive := filepath.Join(t.TempDir(), "mcp.zip")
	if err := os.WriteFile(archive, []byte("zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	const logsKey, key, boundary = "arn:aws:kms:::key/logs", "arn:aws:kms:::key/env", "arn:aws:iam::111122223333:policy/boundary"
	args := functionArgs()
	reserved := 10
	args.Archive, args.Handler, args.Architecture, args.EdgeTimeoutSeconds = archive, "run.sh", "x86_64", 29
	args.Environment, args.Layers = pulumi.StringMap{"A": pulumi.String("b")}, []string{"arn:layer:1"}
	args.Statements = []platform.Statement{{Actions: []string{"sqs:SendMessage"}, Resources: pulumi.StringArray{pulumi.String("arn:queue")}}}
	args.LogKMSKeyARN, args.KMSKeyARN, args.PermissionsBoundary = pulumi.String(logsKey), pulumi.String(key), pulumi.String(boundary)
	args.Tracing, args.ReservedConcurrency, args.ProvisionedConcurrency = true, &reserved, 2
	args.SubnetIDs, args.SecurityGroupIDs = pulumi.ToStringArray([]string{"subnet-1"}), pulumi.ToStringArray([]string{"sg-1"})
	g := run(t, function(args))
	wantTree(t, g, `
		Function mcp
		  LogGroup mcp-logs
		  Role mcp-role
		  RolePolicy mcp-network-deny
		  RolePolicy mcp-policy
		  Alias mcp-live
		  Function mcp-function
		  ProvisionedConcurrencyConfig mcp-warm`)
	wantInputs(t, find(t, g, "mcp-function"), `{
		"handler": "run.sh", "architectures": ["x86_64"], "sourceCodeHash": "SnD+mqZDbgLC3qNA+9HjUuTvLYzmylKtJdS5VHH8i/I=",
		"environment": {"variables": {"A": "b"}}, "layers": ["arn:layer:1"], "kmsKeyArn": "`+key+`",
		"reservedConcurrentExecutions": 10, "tracingConfig": {"mode": "Active"},
		"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}
	}`)
	wantInputs(t, find(t, g, "mcp-warm"), `{"functionName": "mcp-function", "qualifier": "live", "provisionedConcurrentExecutions": 2}`)
	wantInputs(t, find(t, g, "mcp-logs"), `{"kmsKeyId": "`+logsKey+`"}`)
	wantInputs(t, find(t, g, "mcp-role"), `{"permissionsBoundary": "`+boundary+`"}`)
	const network = `["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
		"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"]`
	wantDocument(t, find(t, g, "mcp-policy"), "policy", `{"Version": "2012-10-17", "Statement": [`+logsStatement+`,
		{"Sid": "Traces", "Effect": "Allow", "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "Resource": ["*"]},
		{"Sid": "Network", "Effect": "Allow", "Action": `+network+`, "Resource": ["*"]},
		{"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": ["arn:queue"]}
	]}`)
	wantDocument(t, find(t, g, "mcp-network-deny"), "policy", `{"Version": "2012-10-17", "Statement": [
		{"Sid": "NotFromCode", "Effect": "Deny", "Action": `+network+`, "Resource": ["*"],
		 "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": "arn:aws:lambda:eu-central-1:111122223333:function:mcp-function"}}}
	]}`)
}

// TestRule40 leaves the alias to CodeDeploy, whose role can do nothing else.
func TestRule40(t *testing.T) {
	t.Parallel()
	const topic, boundary = "arn:aws:sns:eu-central-1:111122223333:alarms", "arn:aws:iam::111122223333:policy/boundary"
	args := functionArgs()
	args.PermissionsBoundary = pulumi.String(boundary)
	args.Canary = &platform.CanaryArgs{
		Strategy: "CodeDeployDefault.LambdaCanary10Percent5Minutes", Alarms: []string{"errors"}, TopicARN: pulumi.String(topic),
	}
	g := run(t, function(args))
	wantTree(t, g, `
		Function mcp
		  LogGroup mcp-logs
		  Application mcp-deployments
		  DeploymentGroup mcp-canary
		  Role mcp-canary-role
		  Role mcp-role
		  RolePolicy mcp-canary-policy
		  RolePolicy mcp-policy
		  Alias mcp-live
		  Function mcp-function`)
	if got := find(t, g, "mcp-live").IgnoreChanges; !slices.Equal(got, []string{"functionVersion", "routingConfig"}) {
		t.Errorf("the alias ignores changes of %v", got)
	}
	wantInputs(t, find(t, g, "mcp-deployments"), `{"computePlatform": "Lambda"}`)
	wantInputs(t, find(t, g, "mcp-canary"), `{
		"appName": "mcp-deployments", "deploymentGroupName": "live", "deploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
		"serviceRoleArn": "arn:aws:iam::111122223333:role/mcp-canary-role",
		"deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
		"alarmConfiguration": {"enabled": true, "alarms": ["errors"]},
		"autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]},
		"triggerConfigurations": [{"triggerName": "failures", "triggerTargetArn": "`+topic+`",
			"triggerEvents": ["DeploymentFailure", "DeploymentRollback", "DeploymentStop"]}]
	}`)
	role := find(t, g, "mcp-canary-role")
	wantInputs(t, role, `{"managedPolicyArns": null, "permissionsBoundary": "`+boundary+`"}`)
	wantDocument(t, role, "assumeRolePolicy", `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"Service": ["codedeploy.amazonaws.com"]},
		 "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333",
			"aws:SourceArn": "arn:aws:codedeploy:eu-central-1:111122223333:deploymentgroup:mcp-deployments/live"}}}]}`)
	const arn = "arn:aws:lambda:eu-central-1:111122223333:function:mcp-function"
	wantDocument(t, find(t, g, "mcp-canary-policy"), "policy", `{"Version": "2012-10-17", "Statement": [
		{"Sid": "Alias", "Effect": "Allow", "Resource": ["`+arn+`", "`+arn+`:live"],
		 "Action": ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]},
		{"Sid": "Alarms", "Effect": "Allow", "Action": ["cloudwatch:DescribeAlarms"],
		 "Resource": ["arn:aws:cloudwatch:eu-central-1:111122223333:alarm:*"]},
		{"Sid": "Failures", "Effect": "Allow", "Action": ["sns:Publish"], "Resource": ["`+topic+`"]}
	]}`)
	if g.Outputs["app"].StringValue() != "mcp-deployments" || g.Outputs["group"].StringValue() != "live" {
		t.Errorf("outputs %v", g.Outputs)
	}

	args.Canary.TopicARN = nil
	g = run(t, function(args))
	wantInputs(t, find(t, g, "mcp-canary"), `{"triggerConfigurations": null}`)
	if policy := find(t, g, "mcp-canary-policy").Inputs["policy"].StringValue(); strings.Contains(policy, "sns:") {
		t.Errorf("without a topic: %s", policy)
	}
}

func TestFunctionArgs(t *testing.T) {
	t.Parallel()
	minus, two := -1, 2
	for name, test := range map[string]struct {
		change func(a *platform.FunctionArgs)
		want   []string
	}{
		"nothing": {func(a *platform.FunctionArgs) { *a = platform.FunctionArgs{} }, []string{
			`Function "mcp": Archive must be`, "MemoryMB must be 128 to 10240, not 0", "TimeoutSeconds must be 1 to 900, not 0",
			"LogRetentionDays must be one of [1 3 5",
		}},
		"too much": {func(a *platform.FunctionArgs) {
			a.MemoryMB, a.TimeoutSeconds, a.LogRetentionDays = 10241, 901, 31
			a.Architecture, a.Layers = "arm", make([]string, 6)
		}, []string{"MemoryMB must be", "TimeoutSeconds must be", "LogRetentionDays must be", `Architecture must be arm64 or x86_64, not "arm"`, "Layers must be five"}},
		"longer than the edge":    {func(a *platform.FunctionArgs) { a.EdgeTimeoutSeconds = 28 }, []string{"TimeoutSeconds must not be longer than the 28"}},
		"negative":                {func(a *platform.FunctionArgs) { a.EdgeTimeoutSeconds, a.ProvisionedConcurrency = -1, -1 }, []string{"EdgeTimeoutSeconds must not", "ProvisionedConcurrency must not"}},
		"negative reservation":    {func(a *platform.FunctionArgs) { a.ReservedConcurrency = &minus }, []string{"ReservedConcurrency must not be negative", "ProvisionedConcurrency must not be more than the -1"}},
		"more warm than reserved": {func(a *platform.FunctionArgs) { a.ReservedConcurrency, a.ProvisionedConcurrency = &two, 3 }, []string{"must not be more than the 2 of ReservedConcurrency"}},
		"half a network":          {func(a *platform.FunctionArgs) { a.SubnetIDs = pulumi.StringArray{} }, []string{"SubnetIDs must be given together with SecurityGroupIDs"}},
		"rule 40: canary and warm": {func(a *platform.FunctionArgs) {
			a.ProvisionedConcurrency = 1
			a.Canary = &platform.CanaryArgs{Strategy: "CodeDeployDefault.LambdaAllAtOnce", Alarms: []string{"errors"}}
		}, []string{"ProvisionedConcurrency must be absent with Canary"}},
		"canary": {func(a *platform.FunctionArgs) { a.Canary = &platform.CanaryArgs{Strategy: "Canary10Percent5Minutes"} }, []string{
			`Canary.Strategy must be one of ["CodeDeployDefault.LambdaAllAtOnce"`, "Canary.Alarms must name 1 to 10",
		}},
		"alarm without a name": {func(a *platform.FunctionArgs) {
			a.Canary = &platform.CanaryArgs{Strategy: "CodeDeployDefault.LambdaAllAtOnce", Alarms: []string{"errors", ""}}
		}, []string{"Canary.Alarms must name"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := functionArgs()
			test.change(args)
			wantLines(t, refused(t, function(args)), test.want...)
		})
	}
}

// TestArchive has an archive that is there and cannot be read: not the same as none
// (rule 47), because the function would look unchanged.
func TestArchive(t *testing.T) {
	t.Parallel()
	args := functionArgs()
	args.Archive = t.TempDir()
	if got := refused(t, function(args)); !strings.Contains(got, `function "mcp": archive: `) {
		t.Error(got)
	}
}
