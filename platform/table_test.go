package platform_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

func tableArgs() *platform.TableArgs {
	return &platform.TableArgs{
		PartitionKey: "pk", SortKey: "sk", TTLAttribute: "exp",
		Indexes: []platform.TableIndex{
			{Name: "by-handle", PartitionKey: "sk", SortKey: "pk"},
			{Name: "by-tenant", PartitionKey: "tenant", SortKey: "created", SortKeyNumber: true, Include: []string{"abs", "client"}},
		},
	}
}

func table(args *platform.TableArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		c, err := platform.NewTable(ctx, "sessions", args)
		if err != nil {
			return err
		}
		ctx.Export("name", c.Name)
		ctx.Export("arn", c.ARN)
		return nil
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	g := run(t, table(tableArgs()))
	wantTree(t, g, `
		Table sessions
		  Table sessions-table`)
	r := find(t, g, "sessions-table")
	wantInputs(t, r, `{
		"billingMode": "PAY_PER_REQUEST", "hashKey": "pk", "rangeKey": "sk", "name": null,
		"attributes": [{"name": "created", "type": "N"}, {"name": "pk", "type": "S"}, {"name": "sk", "type": "S"}, {"name": "tenant", "type": "S"}],
		"globalSecondaryIndexes": [
			{"name": "by-handle", "hashKey": "sk", "rangeKey": "pk", "projectionType": "KEYS_ONLY"},
			{"name": "by-tenant", "hashKey": "tenant", "rangeKey": "created", "projectionType": "INCLUDE", "nonKeyAttributes": ["abs", "client"]}
		],
		"ttl": {"attributeName": "exp", "enabled": true},
		"serverSideEncryption": {"enabled": false},
		"pointInTimeRecovery": {"enabled": false},
		"deletionProtectionEnabled": false
	}`)
	if r.Protect || r.RetainOnDelete {
		t.Error("a table that is not to be retained is protected")
	}
	if g.Outputs["arn"].StringValue() != "arn:aws:dynamodb:eu-central-1:111122223333:table/sessions-table" || g.Outputs["name"].StringValue() != "sessions-table" {
		t.Errorf("outputs %v", g.Outputs)
	}
}

// TestRule45 turns every protection on: of AWS, of Pulumi, and against loss.
func TestRule45(t *testing.T) {
	t.Parallel()
	args := tableArgs()
	args.KMSKeyARN = pulumi.String("arn:aws:kms:eu-central-1:111122223333:key/one")
	args.PointInTimeRecovery, args.DeletionProtection, args.Retain = true, true, true
	r := find(t, run(t, table(args)), "sessions-table")
	wantInputs(t, r, `{
		"serverSideEncryption": {"enabled": true, "kmsKeyArn": "arn:aws:kms:eu-central-1:111122223333:key/one"},
		"pointInTimeRecovery": {"enabled": true},
		"deletionProtectionEnabled": true
	}`)
	if !r.Protect || !r.RetainOnDelete {
		t.Error("the table is not protected")
	}
}

func TestTableArgs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args platform.TableArgs
		want []string
	}{
		"nothing": {platform.TableArgs{}, []string{
			`Table "sessions": PartitionKey must name`, "SortKey must name", "TTLAttribute must name",
		}},
		"one attribute for both keys": {platform.TableArgs{PartitionKey: "pk", SortKey: "pk", TTLAttribute: "exp"}, []string{"SortKey must name an attribute other than"}},
		"indexes": {platform.TableArgs{PartitionKey: "pk", SortKey: "sk", TTLAttribute: "exp", Indexes: []platform.TableIndex{
			{},
			{Name: "a", PartitionKey: "x", SortKey: "n", SortKeyNumber: true},
			{Name: "a", PartitionKey: "x", SortKey: "n"},
			{Name: "b", PartitionKey: "x", SortKey: "sk", SortKeyNumber: true},
		}}, []string{
			"Indexes[0].Name must be", "Indexes[0].PartitionKey must name", "Indexes[0].SortKey must name",
			"Indexes[2].Name must be a name of its own", `Indexes[2].SortKeyNumber must be true, as elsewhere for "n"`,
			`Indexes[3].SortKeyNumber must be false, as elsewhere for "sk"`,
		}},
		"a partition key that is a number elsewhere": {platform.TableArgs{PartitionKey: "pk", SortKey: "sk", TTLAttribute: "exp", Indexes: []platform.TableIndex{
			{Name: "a", PartitionKey: "x", SortKey: "n", SortKeyNumber: true},
			{Name: "b", PartitionKey: "n", SortKey: "x"},
		}}, []string{"Indexes[1].PartitionKey must be a string"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantLines(t, refused(t, table(&test.args)), test.want...)
		})
	}
}

// TestTableStatements allows exactly what is listed, on the table and on its indexes, and
// the use of a key through DynamoDB only.
func TestTableStatements(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/brought"
	statements := platform.TableStatements(pulumi.String(arn), []platform.TableAccess{
		{Actions: []string{"dynamodb:GetItem", "dynamodb:Query"}},
		{Index: "by-handle", Actions: []string{"dynamodb:Query"}},
	})
	statements = append(statements, platform.TableKeyStatement(pulumi.String("arn:aws-cn:kms:cn-north-1:111122223333:key/one")))
	g := run(t, document(statements))
	wantDocument(t, find(t, g, "document"), "policy", `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": ["`+arn+`"]},
		{"Effect": "Allow", "Action": ["dynamodb:Query"], "Resource": ["`+arn+`/index/by-handle"]},
		{"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": ["arn:aws-cn:kms:cn-north-1:111122223333:key/one"],
		 "Condition": {"StringEquals": {"kms:ViaService": "dynamodb.cn-north-1.amazonaws.com"}}}
	]}`)
	if got := refused(t, document([]platform.Statement{platform.TableKeyStatement(pulumi.String("alias/one"))})); got == "" {
		t.Error("a key without an ARN is accepted")
	}
}
