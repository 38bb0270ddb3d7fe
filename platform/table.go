package platform

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TableArgs describe a DynamoDB table on demand.
type TableArgs struct {
	// PartitionKey and SortKey name the string attributes of the primary key.
	PartitionKey, SortKey string
	// TTLAttribute holds the second, since 1970, after which an item is deleted.
	TTLAttribute string
	// Indexes are global secondary ones.
	Indexes []TableIndex
	// KMSKeyARN is the customer key that encrypts the table; AWS's own when nil.
	KMSKeyARN pulumi.StringPtrInput
	// PointInTimeRecovery allows a restore to any second of the last 35 days.
	PointInTimeRecovery bool
	// DeletionProtection makes DynamoDB refuse to delete the table.
	DeletionProtection bool
	// Retain makes Pulumi refuse to delete the table, and forget it rather than delete it
	// when that protection is off. RULES 45: the next `up` then starts with an empty one.
	Retain bool
}

// TableIndex is a global secondary index.
type TableIndex struct {
	Name string
	// PartitionKey and SortKey name attributes; they are strings.
	PartitionKey, SortKey string
	// SortKeyNumber makes the sort key a number.
	SortKeyNumber bool
	// Include are attributes that the index holds besides keys; keys only when nil.
	Include []string
}

// Table is a DynamoDB table.
type Table struct {
	pulumi.ResourceState
	Name, ARN pulumi.StringOutput
}

// TableAccess is what somebody may do with a table, or with one index of it.
type TableAccess struct {
	// Index is empty for the table itself.
	Index string
	// Actions are names of IAM, such as "dynamodb:GetItem".
	Actions []string
}

// NewTable makes the table.
func NewTable(ctx *pulumi.Context, name string, args *TableArgs, opts ...pulumi.ResourceOption) (*Table, error) {
	if err := args.validate(name); err != nil {
		return nil, err
	}
	c := &Table{}
	if err := ctx.RegisterComponentResource("leasehold:platform:Table", name, c, opts...); err != nil {
		return nil, err
	}
	childOpts := []pulumi.ResourceOption{pulumi.Parent(c)}
	if args.Retain {
		childOpts = append(childOpts, pulumi.Protect(true), pulumi.RetainOnDelete(true))
	}
	table, err := dynamodb.NewTable(ctx, name+"-table", args.table(), childOpts...)
	if err != nil {
		return nil, fmt.Errorf("table %q: %w", name, err)
	}
	c.Name, c.ARN = table.Name, table.Arn
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"name": c.Name, "arn": c.ARN})
}

func (a *TableArgs) validate(name string) error {
	c := newChecks("Table", name)
	c.want(a.PartitionKey != "", "PartitionKey", "must name an attribute")
	c.want(a.SortKey != "" && a.SortKey != a.PartitionKey, "SortKey", "must name an attribute other than PartitionKey")
	c.want(a.TTLAttribute != "", "TTLAttribute", "must name an attribute")
	numbers := map[string]bool{a.PartitionKey: false, a.SortKey: false}
	names := map[string]bool{}
	for i, x := range a.Indexes {
		field := func(f string) string { return fmt.Sprintf("Indexes[%d].%s", i, f) }
		c.want(x.Name != "" && !names[x.Name], field("Name"), "must be a name of its own")
		c.want(x.PartitionKey != "", field("PartitionKey"), "must name an attribute")
		c.want(x.SortKey != "", field("SortKey"), "must name an attribute")
		number, known := numbers[x.SortKey]
		c.want(!known || number == x.SortKeyNumber, field("SortKeyNumber"), "must be %v, as elsewhere for %q", number, x.SortKey)
		c.want(!numbers[x.PartitionKey], field("PartitionKey"), "must be a string attribute")
		names[x.Name], numbers[x.PartitionKey], numbers[x.SortKey] = true, false, x.SortKeyNumber
	}
	return c.err()
}

func (a *TableArgs) table() *dynamodb.TableArgs {
	t := &dynamodb.TableArgs{
		BillingMode: pulumi.String("PAY_PER_REQUEST"),
		HashKey:     pulumi.String(a.PartitionKey),
		RangeKey:    pulumi.String(a.SortKey),
		Attributes:  a.attributes(),
		Ttl:         &dynamodb.TableTtlArgs{AttributeName: pulumi.String(a.TTLAttribute), Enabled: pulumi.Bool(true)},
		// Said even when it is AWS's own key: a block that is taken away changes nothing.
		ServerSideEncryption: &dynamodb.TableServerSideEncryptionArgs{
			Enabled: pulumi.Bool(a.KMSKeyARN != nil), KmsKeyArn: a.KMSKeyARN,
		},
		PointInTimeRecovery:       &dynamodb.TablePointInTimeRecoveryArgs{Enabled: pulumi.Bool(a.PointInTimeRecovery)},
		DeletionProtectionEnabled: pulumi.Bool(a.DeletionProtection),
	}
	indexes := dynamodb.TableGlobalSecondaryIndexArray{}
	for _, x := range a.Indexes {
		index := dynamodb.TableGlobalSecondaryIndexArgs{
			Name: pulumi.String(x.Name), HashKey: pulumi.String(x.PartitionKey), RangeKey: pulumi.String(x.SortKey),
			ProjectionType: pulumi.String("KEYS_ONLY"),
		}
		if x.Include != nil {
			index.ProjectionType, index.NonKeyAttributes = pulumi.String("INCLUDE"), pulumi.ToStringArray(x.Include)
		}
		indexes = append(indexes, index)
	}
	t.GlobalSecondaryIndexes = indexes
	return t
}

// attributes are those of keys: DynamoDB refuses a declared attribute that no key has.
func (a *TableArgs) attributes() dynamodb.TableAttributeArray {
	types := map[string]string{a.PartitionKey: "S", a.SortKey: "S"}
	for _, x := range a.Indexes {
		types[x.PartitionKey], types[x.SortKey] = "S", "S"
		if x.SortKeyNumber {
			types[x.SortKey] = "N"
		}
	}
	declared := dynamodb.TableAttributeArray{}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		declared = append(declared, dynamodb.TableAttributeArgs{Name: pulumi.String(name), Type: pulumi.String(types[name])})
	}
	return declared
}

// TableStatements allow access to the table arn, ours or one that was there before.
func TableStatements(arn pulumi.StringInput, access []TableAccess) []Statement {
	statements := make([]Statement, 0, len(access))
	for _, a := range access {
		resource := arn.ToStringOutput()
		if a.Index != "" {
			resource = pulumi.Sprintf("%s/index/%s", arn, a.Index)
		}
		statements = append(statements, Statement{Actions: a.Actions, Resources: pulumi.StringArray{resource}})
	}
	return statements
}

// TableKeyStatement lets somebody who uses a table use the customer key, given by its
// ARN, that encrypts it: DynamoDB decrypts the table's key for its caller.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html
func TableKeyStatement(key pulumi.StringInput) Statement {
	return keyUse(key, "dynamodb", nil, "kms:Decrypt")
}
