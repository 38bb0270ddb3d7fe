package platform_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

func stateBackend(args *platform.StateBackendArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		c, err := platform.NewStateBackend(ctx, "state", args)
		if err != nil {
			return err
		}
		ctx.Export("url", c.URL)
		ctx.Export("secretsProvider", c.SecretsProvider)
		return nil
	}
}

func TestStateBackend(t *testing.T) {
	t.Parallel()
	g := run(t, stateBackend(&platform.StateBackendArgs{AccountID: "111122223333", Region: "eu-central-1", Partition: "aws", Alias: "leasehold-state-prod"}))
	wantTree(t, g, `
		StateBackend state
		  Alias state-alias
		  Key state-key
		  BucketOwnershipControls state-ownership
		  BucketPolicy state-policy
		  BucketPublicAccessBlock state-private
		  BucketServerSideEncryptionConfigurationV2 state-encryption
		  BucketV2 state-bucket
		  BucketVersioningV2 state-versions`)
	for _, name := range []string{"state-key", "state-bucket"} {
		if r := find(t, g, name); !r.Protect || !r.RetainOnDelete {
			t.Errorf("%s is not protected", name)
		}
	}
	key := encode(t, plain(find(t, g, "state-key").State["arn"]))
	wantInputs(t, find(t, g, "state-key"), `{"enableKeyRotation": true, "deletionWindowInDays": 30}`)
	wantDocument(t, find(t, g, "state-key"), "policy", `{"Version": "2012-10-17", "Statement": [{"Sid": "AccountDecidesByIAM", "Effect": "Allow",
		"Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}, "Action": ["kms:*"], "Resource": ["*"]}]}`)
	wantInputs(t, find(t, g, "state-alias"), `{"name": "alias/leasehold-state-prod"}`)
	wantInputs(t, find(t, g, "state-versions"), `{"versioningConfiguration": {"status": "Enabled"}}`)
	wantInputs(t, find(t, g, "state-encryption"), `{"rules": [{"bucketKeyEnabled": true,
		"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": `+key+`}}]}`)
	wantInputs(t, find(t, g, "state-ownership"), `{"rule": {"objectOwnership": "BucketOwnerEnforced"}}`)
	wantInputs(t, find(t, g, "state-private"), `{"blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true}`)
	wantDocument(t, find(t, g, "state-policy"), "policy", `{"Version": "2012-10-17", "Statement": [{"Sid": "TLSOnly", "Effect": "Deny",
		"Principal": {"AWS": ["*"]}, "Action": ["s3:*"], "Resource": ["arn:aws:s3:::state-bucket", "arn:aws:s3:::state-bucket/*"],
		"Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}`)
	if got := g.Outputs["url"].StringValue(); got != "s3://state-bucket?region=eu-central-1&awssdk=v2" {
		t.Errorf("url %s", got)
	}
	if got := g.Outputs["secretsProvider"].StringValue(); got != "awskms://alias/leasehold-state-prod?region=eu-central-1" {
		t.Errorf("secrets provider %s", got)
	}
}

func TestStateBackendArgs(t *testing.T) {
	t.Parallel()
	wantLines(t, refused(t, stateBackend(&platform.StateBackendArgs{AccountID: "111122223333", Region: "eu-central-1", Partition: "aws"})),
		`StateBackend "state": Alias must not be empty`)
}
