package platform_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

// document makes a policy named "document" of statements.
func document(statements []platform.Statement) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := iam.NewPolicy(ctx, "document", &iam.PolicyArgs{Policy: platform.PolicyDocument(statements...)})
		return err
	}
}

func key(args *platform.KeyArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		c, err := platform.NewKey(ctx, "data", args)
		if err != nil {
			return err
		}
		ctx.Export("arn", c.ARN)
		return nil
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	args := &platform.KeyArgs{Description: "Data", AccountID: "111122223333", Region: "eu-central-1", Partition: "aws", DeletionWindowDays: 30, Retain: true}
	g := run(t, key(args))
	wantTree(t, g, `
		Key data
		  Key data-key`)
	r := find(t, g, "data-key")
	wantInputs(t, r, `{"description": "Data", "enableKeyRotation": true, "deletionWindowInDays": 30, "multiRegion": null}`)
	wantDocument(t, r, "policy", `{"Version": "2012-10-17", "Statement": [
		{"Sid": "AccountDecidesByIAM", "Effect": "Allow", "Action": ["kms:*"], "Resource": ["*"],
		 "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}},
		{"Sid": "LogGroupsOfThisAccount", "Effect": "Allow", "Resource": ["*"],
		 "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey",
			"kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
		 "Principal": {"Service": ["logs.eu-central-1.amazonaws.com"]},
		 "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-central-1:111122223333:log-group:*"}}}
	]}`)
	if !r.Protect || !r.RetainOnDelete {
		t.Error("the key is not protected")
	}
	args.Retain = false
	if r := find(t, run(t, key(args)), "data-key"); r.Protect || r.RetainOnDelete {
		t.Error("the key is protected")
	}
}

func TestKeyArgs(t *testing.T) {
	t.Parallel()
	wantLines(t, refused(t, key(&platform.KeyArgs{AccountID: "11112222333x", DeletionWindowDays: 6})),
		`Key "data": AccountID must be 12 digits`, "Region must not be empty", "Partition must be", "DeletionWindowDays must be 7 to 30, not 6")
}
