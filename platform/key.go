package platform

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// KeyArgs describe a customer key for the stack's data at rest.
type KeyArgs struct {
	// Description is what the console shows.
	Description string
	// AccountID, Region and Partition ("aws", "aws-cn", …) are the stack's place.
	AccountID, Region, Partition string
	// DeletionWindowDays, 7 to 30, is how long a deleted key can be brought back.
	DeletionWindowDays int
	// Retain makes Pulumi refuse to delete the key, and forget it rather than delete it
	// when that protection is off: what it encrypted is lost with it.
	Retain bool
	// Publishers are services such as "cloudwatch.amazonaws.com" that send to encrypted SNS
	// topics. The key is for those topics alone then, and no log group's. Absent means none.
	Publishers []string
}

// Key is a symmetric customer key that AWS rotates every year.
type Key struct {
	pulumi.ResourceState
	ARN pulumi.StringOutput
}

// NewKey makes the key.
func NewKey(ctx *pulumi.Context, name string, args *KeyArgs, opts ...pulumi.ResourceOption) (*Key, error) {
	if err := args.validate(name); err != nil {
		return nil, err
	}
	c := &Key{}
	if err := ctx.RegisterComponentResource("leasehold:platform:Key", name, c, opts...); err != nil {
		return nil, err
	}
	childOpts := []pulumi.ResourceOption{pulumi.Parent(c)}
	if args.Retain {
		childOpts = append(childOpts, pulumi.Protect(true), pulumi.RetainOnDelete(true))
	}
	key, err := kms.NewKey(ctx, name+"-key", &kms.KeyArgs{
		Description:          pulumi.String(args.Description),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(args.DeletionWindowDays),
		Policy:               PolicyDocument(args.policy()...),
	}, childOpts...)
	if err != nil {
		return nil, fmt.Errorf("key %q: %w", name, err)
	}
	c.ARN = key.Arn
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"arn": c.ARN})
}

func (a *KeyArgs) validate(name string) error {
	c := newChecks("Key", name)
	c.want(len(a.AccountID) == 12 && strings.Trim(a.AccountID, "0123456789") == "", "AccountID", "must be 12 digits")
	c.want(a.Region != "", "Region", "must not be empty")
	c.want(strings.HasPrefix(a.Partition, "aws"), "Partition", "must be a partition of AWS, such as aws")
	c.between("DeletionWindowDays", a.DeletionWindowDays, 7, 30)
	return c.err()
}

// policy leaves the key to IAM, so that the statements of this stack's roles decide who
// uses it, and lets in the one service here that calls KMS as itself. DynamoDB, Secrets
// Manager and Lambda act for the caller, or by a grant that the caller makes:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
//
// In a key's policy "*" is that key. The first statement is AWS's default, without which
// a key can become unmanageable:
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func (a *KeyArgs) policy() []Statement {
	this := pulumi.StringArray{pulumi.String("*")}
	account := Statement{
		Sid:        "AccountDecidesByIAM",
		Principals: map[string][]string{"AWS": {fmt.Sprintf("arn:%s:iam::%s:root", a.Partition, a.AccountID)}},
		Actions:    []string{"kms:*"},
		Resources:  this,
	}
	if len(a.Publishers) > 0 {
		return []Statement{account, a.publishing(this)}
	}
	return []Statement{account, {
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
		// writes these with wildcards; the names are those that a symmetric key has.
		Sid:        "LogGroupsOfThisAccount",
		Principals: map[string][]string{"Service": {fmt.Sprintf("logs.%s.amazonaws.com", a.Region)}},
		Actions: []string{
			"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey",
			"kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
		},
		Resources: this,
		Conditions: map[string]map[string]pulumi.StringInput{"ArnLike": {
			"kms:EncryptionContext:aws:logs:arn": pulumi.String(
				fmt.Sprintf("arn:%s:logs:%s:%s:log-group:*", a.Partition, a.Region, a.AccountID)),
		}},
	}}
}

// publishing lets services encrypt what they send to a topic. A service that may not loses its messages without a
// word (RULES 43). GenerateDataKey* of AWS's page is written out as what a symmetric key has.
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
func (a *KeyArgs) publishing(this pulumi.StringArray) Statement {
	return Statement{
		Sid:        "PublishersOfThisAccount",
		Principals: map[string][]string{"Service": a.Publishers},
		Actions:    []string{"kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"},
		Resources:  this,
		Conditions: map[string]map[string]pulumi.StringInput{"StringEquals": {"aws:SourceAccount": pulumi.String(a.AccountID)}},
	}
}

// keyUse allows actions with the key, given by its ARN, only through service ("dynamodb")
// in the key's region, and only with the encryption context, whose names are AWS's.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
func keyUse(key pulumi.StringInput, service string, context map[string]pulumi.StringInput, actions ...string) Statement {
	conditions := map[string]pulumi.StringInput{
		"kms:ViaService": beside(key, func(p place) string { return service + "." + p.region + ".amazonaws.com" }),
	}
	for name, value := range context {
		conditions["kms:EncryptionContext:"+name] = value
	}
	return Statement{
		Actions:    actions,
		Resources:  pulumi.StringArray{key},
		Conditions: map[string]map[string]pulumi.StringInput{"StringEquals": conditions},
	}
}
