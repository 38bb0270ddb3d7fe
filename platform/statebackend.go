package platform

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// StateBackendArgs say where a StateBackend is. All are required.
type StateBackendArgs struct {
	AccountID, Region, Partition string
	// Alias names the key, without "alias/".
	Alias string
}

// StateBackend is a bucket for Pulumi's state and a key for the secrets in it. Both are
// protected, and stay when they leave the program: without them a stack is an orphan.
// https://www.pulumi.com/docs/iac/concepts/state-and-backends/
type StateBackend struct {
	pulumi.ResourceState

	BucketARN, KeyARN pulumi.StringOutput
	// URL is for `pulumi login`, SecretsProvider for `pulumi stack init --secrets-provider`.
	URL, SecretsProvider pulumi.StringOutput
}

// NewStateBackend makes the bucket and the key.
func NewStateBackend(ctx *pulumi.Context, name string, args *StateBackendArgs, opts ...pulumi.ResourceOption) (*StateBackend, error) {
	checks := newChecks("StateBackend", name)
	checkPlace(checks, args.AccountID, args.Region, args.Partition)
	checks.want(args.Alias != "", "Alias", "must not be empty")
	if err := checks.err(); err != nil {
		return nil, err
	}
	c := &StateBackend{}
	if err := ctx.RegisterComponentResource("leasehold:platform:StateBackend", name, c, opts...); err != nil {
		return nil, err
	}
	if err := c.build(ctx, name, args); err != nil {
		return nil, fmt.Errorf("state backend %q: %w", name, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"bucketArn": c.BucketARN, "keyArn": c.KeyARN, "url": c.URL, "secretsProvider": c.SecretsProvider,
	})
}

func (c *StateBackend) build(ctx *pulumi.Context, name string, args *StateBackendArgs) error {
	kept := []pulumi.ResourceOption{pulumi.Parent(c), pulumi.Protect(true), pulumi.RetainOnDelete(true)}
	key, err := kms.NewKey(ctx, name+"-key", &kms.KeyArgs{
		Description:          pulumi.String("State of Pulumi, and the secrets in it: " + args.Alias),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(30),
		// IAM decides: the deploy role's policy names this key. AWS's default, without which a
		// key can become unmanageable; "*" is this key.
		// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
		Policy: PolicyDocument(Statement{
			Sid:        "AccountDecidesByIAM",
			Principals: map[string][]string{"AWS": {fmt.Sprintf("arn:%s:iam::%s:root", args.Partition, args.AccountID)}},
			Actions:    []string{"kms:*"}, Resources: pulumi.StringArray{pulumi.String("*")},
		}),
	}, kept...)
	if err != nil {
		return err
	}
	alias, err := kms.NewAlias(ctx, name+"-alias", &kms.AliasArgs{
		Name: pulumi.String("alias/" + args.Alias), TargetKeyId: key.KeyId,
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	bucket, err := s3.NewBucketV2(ctx, name+"-bucket", &s3.BucketV2Args{}, kept...)
	if err != nil {
		return err
	}
	c.BucketARN, c.KeyARN = bucket.Arn, key.Arn
	c.URL = pulumi.Sprintf("s3://%s?region=%s&awssdk=v2", bucket.Bucket, args.Region)
	c.SecretsProvider = pulumi.Sprintf("awskms://%s?region=%s", alias.Name, args.Region)
	return c.guard(ctx, name, bucket, key)
}

// guard closes the bucket to the public, to requests without TLS and to other keys, and
// keeps what was overwritten: a broken state is repaired from the version before.
func (c *StateBackend) guard(ctx *pulumi.Context, name string, bucket *s3.BucketV2, key *kms.Key) error {
	parent := pulumi.Parent(c)
	if _, err := s3.NewBucketVersioningV2(ctx, name+"-versions", &s3.BucketVersioningV2Args{
		Bucket:                  bucket.ID(),
		VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, parent); err != nil {
		return err
	}
	if _, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, name+"-encryption", &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{&s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			BucketKeyEnabled: pulumi.Bool(true),
			ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm: pulumi.String("aws:kms"), KmsMasterKeyId: key.Arn,
			},
		}},
	}, parent); err != nil {
		return err
	}
	if _, err := s3.NewBucketOwnershipControls(ctx, name+"-ownership", &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.ID(),
		Rule:   &s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")}, // no ACLs
	}, parent); err != nil {
		return err
	}
	block, err := s3.NewBucketPublicAccessBlock(ctx, name+"-private", &s3.BucketPublicAccessBlockArgs{
		Bucket: bucket.ID(), BlockPublicAcls: pulumi.Bool(true), BlockPublicPolicy: pulumi.Bool(true),
		IgnorePublicAcls: pulumi.Bool(true), RestrictPublicBuckets: pulumi.Bool(true),
	}, parent)
	if err != nil {
		return err
	}
	// S3 takes one of these two at a time, and fails the other.
	_, err = s3.NewBucketPolicy(ctx, name+"-policy", &s3.BucketPolicyArgs{
		Bucket: bucket.ID(),
		Policy: PolicyDocument(Statement{
			Sid: "TLSOnly", Effect: "Deny", Principals: map[string][]string{"AWS": {"*"}}, Actions: []string{"s3:*"},
			Resources:  pulumi.StringArray{bucket.Arn, pulumi.Sprintf("%s/*", bucket.Arn)},
			Conditions: map[string]map[string]pulumi.StringInput{"Bool": {"aws:SecureTransport": pulumi.String("false")}},
		}),
	}, parent, pulumi.DependsOn([]pulumi.Resource{block}))
	return err
}
