package program

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/libs/scopes"
	"leasehold.example/libs/session/dynamostore/schema"
	"leasehold.example/platform"
	"leasehold.example/stacks/archives"
)

const (
	// deletedDays is how long a deleted key or secret can be brought back: AWS's longest.
	deletedDays = 30
	// stageName is in the URL of an API without a domain.
	stageName = "live"
)

// builder makes the components of one stack.
type builder struct {
	ctx  *pulumi.Context
	c    Config
	root string
	opts []pulumi.ResourceOption // the provider

	key                  pulumi.StringPtrInput // nil without a customer key
	tableName, tableARN  pulumi.StringInput
	sealing              *platform.SealingKeys
	authorizing          *platform.Function      // nil at the edge http
	pretoken             *platform.Function      // nil without a user pool
	subnets, securityIDs pulumi.StringArrayInput // nil without a VPC
}

// archive is the path of the zip that `make lambda` builds for an app.
func (b *builder) archive(name string) string { return filepath.Join(b.root, archives.Path(name)) }

// build makes everything, in the order in which one needs the other, and returns the outputs.
func (b *builder) build() (pulumi.Map, error) {
	for _, step := range []func() error{b.makeKey, b.makeTable, b.makeSealing, b.makeNetwork} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	outputs := pulumi.Map{"tableName": b.tableName, "sealSecretArn": b.sealing.SecretARN, "region": pulumi.String(b.c.Region)}
	edge := b.rest
	if b.c.Edge == EdgeHTTP {
		edge = b.http
	}
	return outputs, edge(outputs)
}

func (b *builder) makeKey() error {
	if arn := b.c.Encryption.KeyARN; arn != "" {
		b.key = pulumi.StringPtr(arn)
		return nil
	}
	if !b.c.Encryption.CustomerKey {
		return nil
	}
	key, err := platform.NewKey(b.ctx, "data", &platform.KeyArgs{
		Description: "Sessions, logs and secrets of " + b.c.Stack,
		AccountID:   b.c.AccountID, Region: b.c.Region, Partition: b.c.Partition,
		DeletionWindowDays: deletedDays,
		Retain:             b.c.Table.Retain, // what it encrypted is lost with it
	}, b.opts...)
	if err != nil {
		return err
	}
	b.key = key.ARN
	return nil
}

func (b *builder) makeTable() error {
	if arn := b.c.Table.ARN; arn != "" {
		_, name, _ := strings.Cut(arn, ":table/") // its pattern has it
		b.tableARN, b.tableName = pulumi.String(arn), pulumi.String(name)
		return nil
	}
	table, err := platform.NewTable(b.ctx, "sessions", &platform.TableArgs{
		PartitionKey: schema.PartitionKey, SortKey: schema.SortKey, TTLAttribute: schema.TTL,
		Indexes: []platform.TableIndex{
			{Name: schema.IndexByHandle, PartitionKey: schema.SortKey, SortKey: schema.PartitionKey},
			{
				Name: schema.IndexByTenant, PartitionKey: schema.Tenant, SortKey: schema.Created, SortKeyNumber: true,
				Include: schema.TenantProjection(),
			},
		},
		KMSKeyARN: b.key, PointInTimeRecovery: b.c.Table.PointInTimeRecovery,
		DeletionProtection: b.c.Table.DeletionProtection, Retain: b.c.Table.Retain,
	}, b.opts...)
	if err != nil {
		return err
	}
	b.tableARN, b.tableName = table.ARN, table.Name
	return nil
}

func (b *builder) makeSealing() (err error) {
	b.sealing, err = platform.NewSealingKeys(b.ctx, "sealing", &platform.SealingKeysArgs{
		RotatorArchive: b.archive(archives.Rotator), RotatorArchitecture: b.c.Function.Architecture,
		RotationDays: b.c.Sealing.RotationDays, RecoveryDays: deletedDays, Retain: b.c.Table.Retain,
		KMSKeyARN: b.key, LogKMSKeyARN: b.key, LogRetentionDays: b.c.Logs.RetentionDays, Tracing: b.c.Tracing,
	}, b.opts...)
	return err
}

// makeNetwork is for the MCP server only: the other functions need nothing inside a VPC.
func (b *builder) makeNetwork() error {
	if b.c.VPC.ID == "" {
		return nil
	}
	network, err := platform.NewNetwork(b.ctx, "network", &platform.NetworkArgs{
		Region: b.c.Region, VPCID: b.c.VPC.ID, SubnetIDs: b.c.VPC.SubnetIDs, RouteTableIDs: b.c.VPC.RouteTableIDs,
		Endpoints: b.c.VPC.Endpoints, Tracing: b.c.Tracing, TableARN: b.tableARN, SecretARN: b.sealing.SecretARN,
	}, b.opts...)
	if err != nil {
		return err
	}
	b.subnets, b.securityIDs = network.SubnetIDs, network.SecurityGroupIDs
	return nil
}

// server makes the MCP server from an archive, with an environment for its edge.
func (b *builder) server(archive string, layers []string, environment pulumi.StringMap) (*platform.Function, error) {
	f := b.c.Function
	if layer := b.c.OTLP.LayerARN; layer != "" {
		layers = append(layers, layer)
	}
	args := &platform.FunctionArgs{
		Description: "MCP server of " + b.c.Stack, Archive: archive, Architecture: f.Architecture, Layers: layers,
		MemoryMB: f.Memory, TimeoutSeconds: f.Timeout, EdgeTimeoutSeconds: b.c.edgeLimit(),
		Environment: environment, Statements: b.serverStatements(), KMSKeyARN: b.key, LogKMSKeyARN: b.key,
		LogRetentionDays: b.c.Logs.RetentionDays, Tracing: b.c.Tracing,
		ReservedConcurrency: f.ReservedConcurrency, ProvisionedConcurrency: f.ProvisionedConcurrency,
		SubnetIDs: b.subnets, SecurityGroupIDs: b.securityIDs, Canary: b.canary(),
	}
	server, err := platform.NewFunction(b.ctx, "mcp", args, b.opts...)
	if err != nil || args.Canary == nil {
		return server, err
	}
	return server, b.canaryAlarm(server)
}

// serverStatements are all that the server does in AWS.
func (b *builder) serverStatements() []platform.Statement {
	var access []platform.TableAccess
	for _, grant := range schema.Access() {
		if grant.Index == schema.IndexByTenant {
			continue // operators list a tenant's sessions; the server never does
		}
		access = append(access, platform.TableAccess{Index: grant.Index, Actions: grant.Actions})
	}
	statements := append(platform.TableStatements(b.tableARN, access), b.sealing.ReadStatements...)
	if b.key != nil {
		statements = append(statements, platform.TableKeyStatement(b.key.ToStringPtrOutput().Elem()))
	}
	return statements
}

// identity is the issuers' JSON for both functions, and the metadata document to serve under url.
type identity struct {
	issuers  pulumi.StringInput
	metadata pulumi.StringPtrInput // nil where the issuer's own will do
	prefix   string                // what the issuer puts before scopes; clients have to ask for them with it
}

// identity takes the issuers from the configuration, or makes a user pool.
func (b *builder) identity(url pulumi.StringOutput, outputs pulumi.Map) (identity, error) {
	if b.c.AuthorizationServer.AuthorizationEndpoint != "" {
		return b.foreign(url), nil
	}
	if b.c.Identity == IdentityIssuers {
		issuers := pulumi.String(b.c.Issuers).ToStringOutput()
		if b.c.secret {
			issuers = pulumi.ToSecret(issuers).(pulumi.StringOutput) //nolint:errcheck,forcetypeassert // the same type
		}
		return identity{issuers: issuers}, nil
	}
	pool, server, err := b.pool()
	if err != nil {
		return identity{}, err
	}
	outputs["cognitoUserPoolId"], outputs["cognitoClientId"] = pool.UserPoolID, pool.ClientID
	outputs["cognitoIssuer"], outputs["cognitoTokenUrl"] = pool.Issuer, pool.TokenURL
	outputs["cognitoAuthorizeUrl"] = pool.AuthorizeURL
	b.pretoken = pool.PreToken
	return identity{
		issuers:  pulumi.Sprintf("[%s]", pool.IssuerJSON(url)),
		metadata: pool.MetadataDocument(url).ToStringPtrOutput(),
		prefix:   server + "/",
	}, nil
}

// pool makes the user pool, and returns it with the identifier of its resource server.
func (b *builder) pool() (*platform.Cognito, string, error) {
	var all []platform.CognitoScope
	for _, s := range scopes.All() {
		all = append(all, platform.CognitoScope{Name: s.Name, Description: s.Description})
	}
	g, server := b.c.Cognito, b.ctx.Project()
	pool, err := platform.NewCognito(b.ctx, "identity", &platform.CognitoArgs{
		Region:         b.c.Region,
		DomainPrefix:   cmp.Or(g.DomainPrefix, fmt.Sprintf("%s-%s-%s", b.ctx.Project(), b.c.Stack, b.c.AccountID)),
		ResourceServer: server, Scopes: all, CallbackURLs: g.CallbackURLs, TenantAttribute: g.TenantAttribute,
		PreTokenArchive: b.archive(archives.PreToken), Architecture: b.c.Function.Architecture, MFA: g.MFA, Tier: g.Tier,
		DeletionProtection: g.DeletionProtection, Retain: g.Retain,
		LogRetentionDays: b.c.Logs.RetentionDays, LogKMSKeyARN: b.key, Tracing: b.c.Tracing,
	}, b.opts...)
	return pool, server, err
}
