package platform_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

func sealingKeysArgs() *platform.SealingKeysArgs {
	return &platform.SealingKeysArgs{RotatorArchive: "rotator.zip", RotationDays: 30, RecoveryDays: 7, LogRetentionDays: 14}
}

// sealingKeys also makes a policy named "document" of what a reader may do.
func sealingKeys(args *platform.SealingKeysArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		c, err := platform.NewSealingKeys(ctx, "seal", args)
		if err != nil {
			return err
		}
		ctx.Export("arn", c.SecretARN)
		return document(c.ReadStatements)(ctx)
	}
}

const secretARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:seal-secret-AbCdEf"

func TestSealingKeys(t *testing.T) {
	t.Parallel()
	g := run(t, sealingKeys(sealingKeysArgs()))
	wantTree(t, g, `
		Policy document
		SealingKeys seal
		  Invocation seal-first
		  Permission seal-permission
		  Secret seal-secret
		  SecretRotation seal-rotation
		  Function seal-rotator
		    LogGroup seal-rotator-logs
		    Role seal-rotator-role
		    RolePolicy seal-rotator-policy
		    Alias seal-rotator-live
		    Function seal-rotator-function`)
	wantInputs(t, find(t, g, "seal-secret"), `{"name": null, "policy": null, "kmsKeyId": null, "recoveryWindowInDays": 7}`)
	wantInputs(t, find(t, g, "seal-rotator-function"), `{"code": "rotator.zip", "environment": null, "memorySize": 128, "timeout": 120}`)
	wantInputs(t, find(t, g, "seal-permission"), `{
		"action": "lambda:InvokeFunction", "function": "seal-rotator-function", "principal": "secretsmanager.amazonaws.com",
		"sourceAccount": "111122223333", "sourceArn": "`+secretARN+`"
	}`)
	rotation := find(t, g, "seal-rotation")
	wantInputs(t, rotation, `{
		"secretId": "`+secretARN+`", "rotationLambdaArn": "arn:aws:lambda:eu-central-1:111122223333:function:seal-rotator-function",
		"rotationRules": {"automaticallyAfterDays": 30}
	}`)
	for _, earlier := range []string{"seal-first", "seal-permission"} {
		if !slices.Contains(rotation.Dependencies, find(t, g, earlier).URN) {
			t.Errorf("the rotation does not wait for %s", earlier)
		}
	}
	wantDocument(t, find(t, g, "seal-rotator-policy"), "policy", `{"Version": "2012-10-17", "Statement": [
		{"Sid": "Logs", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
		 "Resource": ["arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/leasehold-test-seal-rotator:*"]},
		{"Sid": "Keys", "Effect": "Allow", "Resource": ["`+secretARN+`"], "Action": ["secretsmanager:DescribeSecret",
			"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]}
	]}`)
	wantDocument(t, find(t, g, "document"), "policy", `{"Version": "2012-10-17", "Statement": [
		{"Sid": "Keys", "Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": ["`+secretARN+`"]}
	]}`)
}

// TestRule31 keeps keys out of Pulumi: the first one is made by the rotator, which is told
// so and answers nothing.
func TestRule31(t *testing.T) {
	t.Parallel()
	g := run(t, sealingKeys(sealingKeysArgs()))
	first := find(t, g, "seal-first")
	wantInputs(t, first, `{"functionName": "seal-rotator-function", "lifecycleScope": null}`)
	wantDocument(t, first, "input", `{"Step": "ensureSecret", "SecretId": "`+secretARN+`"}`)
	for _, r := range g.Resources {
		if r.Type == "aws:secretsmanager/secretVersion:SecretVersion" {
			t.Errorf("%s holds a value of the secret", r.Name)
		}
	}
}

// TestSealingKeysProtected has a customer key: it opens for this secret and through Secrets
// Manager only. The secret is retained, and the rotator is in the network.
func TestSealingKeysProtected(t *testing.T) {
	t.Parallel()
	const key, logs = "arn:aws:kms:eu-central-1:111122223333:key/one", "arn:aws:kms:eu-central-1:111122223333:key/logs"
	args := sealingKeysArgs()
	args.KMSKeyARN, args.LogKMSKeyARN, args.Retain, args.Tracing = pulumi.String(key), pulumi.String(logs), true, true
	args.SubnetIDs, args.SecurityGroupIDs = pulumi.ToStringArray([]string{"subnet-1"}), pulumi.ToStringArray([]string{"sg-1"})
	args.RotatorArchitecture, args.PermissionsBoundary = "x86_64", pulumi.String("arn:boundary")
	g := run(t, sealingKeys(args))
	secret := find(t, g, "seal-secret")
	wantInputs(t, secret, `{"kmsKeyId": "`+key+`"}`)
	if !secret.Protect || !secret.RetainOnDelete {
		t.Error("the secret is not protected")
	}
	wantInputs(t, find(t, g, "seal-rotator-function"), `{"architectures": ["x86_64"], "tracingConfig": {"mode": "Active"},
		"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}}`)
	wantInputs(t, find(t, g, "seal-rotator-logs"), `{"kmsKeyId": "`+logs+`", "retentionInDays": 14}`)
	wantInputs(t, find(t, g, "seal-rotator-role"), `{"permissionsBoundary": "arn:boundary"}`)
	use := func(actions string) string {
		return `{"Effect": "Allow", "Action": ` + actions + `, "Resource": ["` + key + `"], "Condition": {"StringEquals": {
			"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com", "kms:EncryptionContext:SecretARN": "` + secretARN + `"}}}`
	}
	wantDocument(t, find(t, g, "document"), "policy", `{"Version": "2012-10-17", "Statement": [
		{"Sid": "Keys", "Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": ["`+secretARN+`"]},
		`+use(`["kms:Decrypt"]`)+`]}`)
	policy, _ := plain(find(t, g, "seal-rotator-policy").Inputs["policy"]).(string)
	statements, _ := decode(t, policy).(map[string]any)["Statement"].([]any)
	want := decode(t, use(`["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]`))
	if !slices.ContainsFunc(statements, func(s any) bool { return encode(t, s) == encode(t, want) }) {
		t.Errorf("the rotator may not use the key: %s", policy)
	}
}

func TestSealingKeysArgs(t *testing.T) {
	t.Parallel()
	wantLines(t, refused(t, sealingKeys(&platform.SealingKeysArgs{RotationDays: 1001, RecoveryDays: 6})),
		`SealingKeys "seal": RotatorArchive must be`, "RotationDays must be 1 to 1000, not 1001", "RecoveryDays must be 7 to 30, not 6")
	args := sealingKeysArgs()
	args.LogRetentionDays = 2
	if got := refused(t, sealingKeys(args)); !strings.Contains(got, `"seal-rotator": LogRetentionDays must be one of`) {
		t.Error(got)
	}
}
