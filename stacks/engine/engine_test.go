package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/stacks/engine"
	"leasehold.example/stacks/internal/need"
)

func TestMain(m *testing.M) {
	engine.Main(nil)
	m.Run()
}

func TestSmall(t *testing.T) {
	program := func(ctx *pulumi.Context) error {
		p, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("eu-central-1"), AllowedAccountIds: pulumi.StringArray{pulumi.String("111122223333")}})
		if err != nil {
			return err
		}
		tb, err := dynamodb.NewTable(ctx, "sessions", &dynamodb.TableArgs{
			HashKey: pulumi.String("pk"), BillingMode: pulumi.String("PAY_PER_REQUEST"), DeletionProtectionEnabled: pulumi.Bool(true),
			Attributes: dynamodb.TableAttributeArray{dynamodb.TableAttributeArgs{Name: pulumi.String("pk"), Type: pulumi.String("S")}},
		}, pulumi.Provider(p))
		if err != nil {
			return err
		}
		ctx.Export("arn", tb.Arn)
		return nil
	}
	start := time.Now()
	s, err := engine.Open(t.Context(), engine.Options{CLI: need.Pulumi(t), Dir: t.TempDir(), Project: "leasehold", Stack: "dev", Program: program})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("open", time.Since(start))
	for range 2 {
		start = time.Now()
		r, err := s.Up(t.Context())
		t.Log("up", time.Since(start), r.Steps, r.Diagnostics, err)
	}
	r, err := s.Destroy(t.Context())
	t.Log(r.Steps, strings.Join(r.Diagnostics, "\n"), errors.Unwrap(err))
	e, err := s.Export(t.Context())
	t.Log(string(e), err)
	t.Log(s.Missing(t.Context()))
}
