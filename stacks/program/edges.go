package program

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	server "leasehold.example/apps/mcp/config"
	"leasehold.example/libs/scopes"
	"leasehold.example/platform"
	"leasehold.example/stacks/archives"
)

// rest makes a REST API with an authorizer, and WAF before it.
func (b *builder) rest(outputs pulumi.Map) error {
	endpoint, err := platform.NewEndpoint(b.ctx, "endpoint", &platform.EndpointArgs{
		Description: "MCP server of " + b.c.Stack, StageName: stageName,
		DomainName: b.c.Domain.Name, HostedZoneID: b.c.Domain.HostedZoneID, CertificateARN: b.c.Domain.CertificateARN,
	}, b.opts...)
	if err != nil {
		return err
	}
	who, err := b.identity(endpoint.URL, outputs)
	if err != nil {
		return err
	}
	place := pulumi.StringMap{server.EnvPublicURL: endpoint.MCPURL, server.EnvMetadataURL: endpoint.MetadataURL}
	function, err := b.server(b.archive(archives.Server), nil, b.serverEnvironment(who, place))
	if err != nil {
		return err
	}
	authorizer, err := b.authorizer(endpoint, who, place)
	if err != nil {
		return err
	}
	api, err := platform.NewAPI(b.ctx, "api", &platform.APIArgs{
		Endpoint: endpoint, Function: function, Authorizer: authorizer,
		Streaming: b.c.Streaming, TimeoutMillis: b.c.Function.Timeout * 1000,
		Scopes: prefixed(who.prefix, scopes.Names()), AllowedOrigins: b.c.Origins,
		AuthorizationServerMetadata: who.metadata, Tracing: b.c.Tracing, StageLimits: b.limits(),
	}, b.opts...)
	if err != nil {
		return err
	}
	b.export(outputs, function, endpoint.URL, endpoint.MCPURL, endpoint.MetadataURL)
	if err := b.firewall(api, outputs); err != nil {
		return err
	}
	return b.watch(edge{api: endpoint.Name, stage: api.StageName, server: function, authorizer: b.authorizing}, outputs)
}

// http makes an HTTP API before the server behind the Lambda Web Adapter.
func (b *builder) http(outputs pulumi.Map) error {
	endpoint, err := platform.NewHTTPEndpoint(b.ctx, "endpoint", &platform.HTTPEndpointArgs{
		Description: "MCP server of " + b.c.Stack,
		DomainName:  b.c.Domain.Name, HostedZoneID: b.c.Domain.HostedZoneID, CertificateARN: b.c.Domain.CertificateARN,
	}, b.opts...)
	if err != nil {
		return err
	}
	who, err := b.identity(endpoint.URL, outputs)
	if err != nil {
		return err
	}
	layers, adapter, err := platform.WebAdapter(b.c.Region, b.c.Function.Architecture)
	if err != nil {
		return fmt.Errorf("%s: %w", fullKey("edge"), err)
	}
	environment := b.serverEnvironment(who, pulumi.StringMap{
		server.EnvPublicURL: endpoint.MCPURL, server.EnvMetadataURL: endpoint.MetadataURL,
		server.EnvChallengeHeader: pulumi.String(platform.ChallengeHeader),
	})
	maps.Copy(environment, pulumi.ToStringMap(adapter))
	function, err := b.server(b.archive(archives.Container), layers, environment)
	if err != nil {
		return err
	}
	b.export(outputs, function, endpoint.URL, endpoint.MCPURL, endpoint.MetadataURL)
	api, err := platform.NewHTTPAPI(b.ctx, "api", &platform.HTTPAPIArgs{
		Endpoint: endpoint, Function: function, TimeoutMillis: b.c.Function.Timeout * 1000, StageLimits: b.limits(),
	}, b.opts...)
	if err != nil {
		return err
	}
	return b.watch(edge{api: endpoint.APIID, stage: api.StageName, server: function}, outputs)
}

func (b *builder) limits() platform.StageLimits {
	return platform.StageLimits{
		ThrottleRate: b.c.Throttle.Rate, ThrottleBurst: b.c.Throttle.Burst,
		AccessLogRetentionDays: b.c.Logs.RetentionDays, LogKMSKeyARN: b.key,
	}
}

// serverEnvironment is all that the server reads.
func (b *builder) serverEnvironment(who identity, place pulumi.StringMap) pulumi.StringMap {
	environment := pulumi.ToStringMap(b.c.environment())
	maps.Copy(environment, place)
	environment[server.EnvIssuers] = who.issuers
	environment[server.EnvTable] = b.tableName
	environment[server.EnvSealSecretARN] = b.sealing.SecretARN
	if who.prefix != "" {
		environment[server.EnvBaseScopes] = b.baseScopes(who)
	}
	return environment
}

// baseScopes are those that a client asks the issuer for, so they are written as the issuer does.
func (b *builder) baseScopes(who identity) pulumi.String {
	base := b.c.BaseScopes
	if len(base) == 0 {
		v, _ := serverVariable(server.EnvBaseScopes) // a constant of that package
		base = strings.Fields(v.Tag.Get("envDefault"))
	}
	return pulumi.String(strings.Join(prefixed(who.prefix, base), " "))
}

func prefixed(prefix string, names []string) []string {
	all := slices.Clone(names)
	for i := range all {
		all[i] = prefix + all[i]
	}
	return all
}

// authorizer makes the function that answers first. It calls nothing but the issuers.
func (b *builder) authorizer(endpoint *platform.Endpoint, who identity, place pulumi.StringMap) (*platform.Authorizer, error) {
	environment := pulumi.StringMap{
		server.EnvIssuers:         who.issuers,
		server.EnvAuthorizerCache: pulumi.Sprintf("%ds", b.c.Authorizer.CacheSeconds),
	}
	maps.Copy(environment, place)
	own := b.c.environment()
	for _, name := range []string{server.EnvBaseScopes, server.EnvLogLevel, server.EnvLogSample, server.EnvStage} {
		if value := own[name]; value != "" {
			environment[name] = pulumi.String(value)
		}
	}
	if who.prefix != "" {
		environment[server.EnvBaseScopes] = b.baseScopes(who)
	}
	a := b.c.Authorizer
	function, err := platform.NewFunction(b.ctx, "authorizer", &platform.FunctionArgs{
		Description: "Lambda authorizer of " + b.c.Stack, Archive: b.archive(archives.Authorizer), Architecture: b.c.Function.Architecture,
		MemoryMB: a.Memory, TimeoutSeconds: a.Timeout,
		Environment: environment, KMSKeyARN: b.key, LogKMSKeyARN: b.key,
		LogRetentionDays: b.c.Logs.RetentionDays, Tracing: b.c.Tracing,
	}, b.opts...)
	if err != nil {
		return nil, err
	}
	b.authorizing = function
	return platform.NewAuthorizer(b.ctx, "authorization", &platform.AuthorizerArgs{
		Endpoint: endpoint, Function: function, CacheSeconds: a.CacheSeconds,
	}, b.opts...)
}

// firewallName is the web ACL's, and its metrics'. RULES 38: it stays.
func (b *builder) firewallName() string { return b.ctx.Project() + "-" + b.c.Stack }

func (b *builder) firewall(api *platform.API, outputs pulumi.Map) error {
	f := b.c.Firewall
	if !f.Enabled {
		return nil
	}
	firewall, err := platform.NewFirewall(b.ctx, "firewall", &platform.FirewallArgs{
		Name:     b.firewallName(),
		StageARN: api.StageARN, WebACLARN: f.WebACLARN, RatePerIP: f.RatePerIP, RatePerToken: f.RatePerToken,
		LogRetentionDays: b.c.Logs.RetentionDays, LogKMSKeyARN: b.key,
	}, b.opts...)
	if err != nil {
		return err
	}
	outputs["webAclArn"] = firewall.WebACLARN
	return nil
}

func (b *builder) export(outputs pulumi.Map, function *platform.Function, url, mcpURL, metadataURL pulumi.StringOutput) {
	outputs["url"], outputs["mcpUrl"], outputs["metadataUrl"] = url, mcpURL, metadataURL
	outputs["functionName"], outputs["functionVersion"] = function.Name, function.Version
	outputs["aliasName"], outputs["logGroupName"] = function.AliasName, function.LogGroupName
	if b.c.Canary.Enabled {
		outputs["deploymentApplication"], outputs["deploymentGroup"] = function.DeploymentApplication, function.DeploymentGroup
	}
}
