package pack

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const bucketPolicy = "aws:s3/bucketPolicy:BucketPolicy"

var bucketRules = []rule{
	{
		name:    "bucket-not-public",
		why:     "A bucket holds state and logs; no ACL and no policy may ever make it public",
		control: "S3.8", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-8",
		stack: companion("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "BucketPublicAccessBlock with all four settings true", func(r item) bool {
			return !slices.ContainsFunc([]string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"},
				func(path string) bool { v := r.at(path); return !v.IsComputed() && !isTrue(v) })
		}),
	},
	{
		name:    "bucket-versioned",
		why:     "An overwritten or deleted state file is brought back from its versions, or not at all",
		control: "S3.14", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-14",
		stack: companion("aws:s3/bucketVersioningV2:BucketVersioningV2", "BucketVersioningV2 whose status is Enabled", func(r item) bool {
			status, known := r.text("versioningConfiguration.status")
			return !known || status == "Enabled"
		}),
	},
	{
		name:    "bucket-customer-key",
		why:     "State holds what a stack knows; with a key of the account's own, reading it needs the right to use the key",
		control: "S3.17", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-17",
		stack: companion("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
			"BucketServerSideEncryptionConfigurationV2 with aws:kms", func(r item) bool {
				all, known := r.list("rules")
				return !known || slices.ContainsFunc(all, func(v property.Value) bool {
					return oneOf("aws:kms", "aws:kms:dsse")(within(v, "applyServerSideEncryptionByDefault.sseAlgorithm"))
				})
			}),
	},
	{
		name:    "bucket-tls-only",
		why:     "A request in clear shows its content and its signature on the way; the bucket refuses it",
		control: "S3.5", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-5",
		stack: companion(bucketPolicy, "BucketPolicy that denies what has aws:SecureTransport false", deniesClear),
	},
}

// companion demands, for every bucket, a resource of the type that names it and is as ok says.
func companion(kind, what string, ok func(item) bool) func(*stack, reporter) {
	return func(s *stack, report reporter) {
		for _, bucket := range s.of(buckets...) {
			found := slices.ContainsFunc(s.of(kind), func(r item) bool { return r.points("bucket", bucket) && ok(r) })
			if !found {
				report(bucket, "the bucket has no %s", what)
			}
		}
	}
}

func deniesClear(r item) bool {
	policy := r.at("policy")
	all, err := statements(policy)
	return policy.HasComputed() || err == nil && slices.ContainsFunc(all, func(s statement) bool {
		return s.Effect == "Deny" && everybody(s.Principal) && slices.Contains(s.Action, "s3:*") &&
			slices.Contains(s.Condition["Bool"]["aws:SecureTransport"], "false")
	})
}
