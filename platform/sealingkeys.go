package platform

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SealingKeysArgs describe the secret with the root keys of libs/seal (RULES 31).
type SealingKeysArgs struct {
	// RotatorArchive is the path of the zip of apps/rotator.
	RotatorArchive string
	// RotatorArchitecture is "arm64" when empty, or "x86_64".
	RotatorArchitecture string
	// RotationDays, 1 to 1000, is how old a key gets.
	RotationDays int
	// KMSKeyARN encrypts the secret; AWS's own key when nil.
	KMSKeyARN pulumi.StringPtrInput
	// RecoveryDays, 7 to 30, is how long a deleted secret can be brought back.
	RecoveryDays int
	// Retain makes Pulumi refuse to delete the secret, and forget it rather than delete it
	// when that protection is off.
	Retain bool
	// LogRetentionDays and LogKMSKeyARN are those of the rotator.
	LogRetentionDays int
	LogKMSKeyARN     pulumi.StringPtrInput
	// Tracing, SubnetIDs, SecurityGroupIDs and PermissionsBoundary are those of the rotator,
	// as in FunctionArgs.
	Tracing                     bool
	SubnetIDs, SecurityGroupIDs pulumi.StringArrayInput
	PermissionsBoundary         pulumi.StringPtrInput
}

// SealingKeys is a Secrets Manager secret that a function of ours fills and rotates. No
// key passes through Pulumi: its state holds the secret's ARN only.
type SealingKeys struct {
	pulumi.ResourceState
	SecretARN pulumi.StringOutput
	// ReadStatements let an application read the keys.
	ReadStatements []Statement
	// Rotator is the function that makes the keys.
	Rotator *Function
}

// NewSealingKeys makes the secret, its first key and its rotation.
func NewSealingKeys(ctx *pulumi.Context, name string, args *SealingKeysArgs, opts ...pulumi.ResourceOption) (*SealingKeys, error) {
	if err := args.validate(name); err != nil {
		return nil, err
	}
	c := &SealingKeys{}
	if err := ctx.RegisterComponentResource("leasehold:platform:SealingKeys", name, c, opts...); err != nil {
		return nil, err
	}
	if err := c.build(ctx, name, args); err != nil {
		return nil, fmt.Errorf("sealing keys %q: %w", name, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"secretArn": c.SecretARN})
}

func (a *SealingKeysArgs) validate(name string) error {
	c := newChecks("SealingKeys", name)
	c.want(a.RotatorArchive != "", "RotatorArchive", "must be the path of a zip")
	// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html
	c.between("RotationDays", a.RotationDays, 1, 1000)
	c.between("RecoveryDays", a.RecoveryDays, 7, 30)
	return c.err()
}

func (c *SealingKeys) build(ctx *pulumi.Context, name string, args *SealingKeysArgs) error {
	opts := []pulumi.ResourceOption{pulumi.Parent(c)}
	if args.Retain {
		opts = append(opts, pulumi.Protect(true), pulumi.RetainOnDelete(true))
	}
	secret, err := secretsmanager.NewSecret(ctx, name+"-secret", &secretsmanager.SecretArgs{
		Description:          pulumi.String("Root keys that seal values which leave the server and come back"),
		KmsKeyId:             args.KMSKeyARN,
		RecoveryWindowInDays: pulumi.Int(args.RecoveryDays),
	}, opts...)
	if err != nil {
		return err
	}
	c.SecretARN = secret.Arn
	c.ReadStatements = args.statements(secret.Arn, []string{"secretsmanager:GetSecretValue"}, []string{"kms:Decrypt"})
	if c.Rotator, err = args.rotator(ctx, name, secret, pulumi.Parent(c)); err != nil {
		return err
	}
	return c.rotation(ctx, name, args, secret)
}

// rotator's rights are those that
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html
// lists, without the random passwords, which it does not ask for.
func (a *SealingKeysArgs) rotator(ctx *pulumi.Context, name string, secret *secretsmanager.Secret, opts ...pulumi.ResourceOption) (*Function, error) {
	return NewFunction(ctx, name+"-rotator", &FunctionArgs{
		Description:  "Makes and rotates the keys in a secret",
		Archive:      a.RotatorArchive,
		Architecture: a.RotatorArchitecture,
		MemoryMB:     128,
		// Long enough to outlast the minute or so in which a new role is not yet known
		// everywhere: the first key is asked for right after the role is made.
		TimeoutSeconds: 120,
		Statements: a.statements(secret.Arn, []string{
			"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue",
			"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage",
		}, []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}),
		LogRetentionDays: a.LogRetentionDays, LogKMSKeyARN: a.LogKMSKeyARN, Tracing: a.Tracing,
		SubnetIDs: a.SubnetIDs, SecurityGroupIDs: a.SecurityGroupIDs, PermissionsBoundary: a.PermissionsBoundary,
	}, opts...)
}

// statements allow actions on the secret, and with a customer key what they need of it,
// for this secret only.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
func (a *SealingKeysArgs) statements(secret pulumi.StringOutput, actions, keyActions []string) []Statement {
	statements := []Statement{{Sid: "Keys", Actions: actions, Resources: pulumi.StringArray{secret}}}
	if a.KMSKeyARN != nil {
		use := keyUse(a.KMSKeyARN.ToStringPtrOutput().Elem(), "secretsmanager",
			map[string]pulumi.StringInput{"SecretARN": secret}, keyActions...)
		statements = append(statements, use)
	}
	return statements
}

// rotation has the first key made and then the schedule set. AWS documents a rotation only
// for a secret that has a value, so the rotator makes the first version by itself, when it
// is told to and there is none; state has its answer, "null".
func (c *SealingKeys) rotation(ctx *pulumi.Context, name string, args *SealingKeysArgs, secret *secretsmanager.Secret) error {
	parent := pulumi.Parent(c)
	first, err := lambda.NewInvocation(ctx, name+"-first", &lambda.InvocationArgs{
		FunctionName: c.Rotator.Name,
		Input: pulumi.JSONMarshal(pulumi.StringMap{
			"Step": pulumi.String("ensureSecret"), "SecretId": secret.Arn,
		}),
	}, parent)
	if err != nil {
		return err
	}
	// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions.html
	permission, err := lambda.NewPermission(ctx, name+"-permission", &lambda.PermissionArgs{
		Action:        pulumi.String("lambda:InvokeFunction"),
		Function:      c.Rotator.Name,
		Principal:     pulumi.String("secretsmanager.amazonaws.com"),
		SourceAccount: beside(secret.Arn, func(p place) string { return p.account }),
		SourceArn:     secret.Arn,
	}, parent)
	if err != nil {
		return err
	}
	_, err = secretsmanager.NewSecretRotation(ctx, name+"-rotation", &secretsmanager.SecretRotationArgs{
		SecretId:          secret.ID(),
		RotationLambdaArn: c.Rotator.ARN,
		RotationRules: &secretsmanager.SecretRotationRotationRulesArgs{
			AutomaticallyAfterDays: pulumi.Int(args.RotationDays),
		},
	}, parent, pulumi.DependsOn([]pulumi.Resource{first, permission}))
	return err
}
