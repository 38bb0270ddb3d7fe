package platform_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
	"leasehold.example/platform/offline"
)

func cognitoArgs() *platform.CognitoArgs {
	return &platform.CognitoArgs{
		Region: "eu-central-1", DomainPrefix: "leasehold-prod-111122223333", ResourceServer: "https://mcp.example.com/mcp",
		Scopes:          []platform.CognitoScope{{"mcp:basic", "Basic tools"}, {"mcp:notes", "Notebooks"}},
		CallbackURLs:    []string{"https://claude.ai/api/mcp/auth_callback", "http://localhost:3118/callback"},
		PreTokenArchive: "build/pretoken.zip", DeletionProtection: true, Retain: true, LogRetentionDays: 90,
	}
}

func cognito(args *platform.CognitoArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		c, err := platform.NewCognito(ctx, "identity", args)
		if err != nil {
			return err
		}
		ctx.Export("issuer", c.IssuerJSON(pulumi.String("https://mcp.example.com")))
		ctx.Export("metadata", c.MetadataDocument(pulumi.String("https://mcp.example.com")))
		return nil
	}
}

func TestRule41CognitoTree(t *testing.T) {
	t.Parallel()
	wantTree(t, run(t, cognito(cognitoArgs())), `
		Cognito identity
		  ResourceServer identity-resource-server
		  UserPool identity-pool
		  UserPoolClient identity-client
		  UserPoolDomain identity-domain
		  Permission identity-pretoken-permission
		  Function identity-pretoken
		    LogGroup identity-pretoken-logs
		    Role identity-pretoken-role
		    RolePolicy identity-pretoken-policy
		    Alias identity-pretoken-live
		    Function identity-pretoken-function`)
}

func TestRule41UserPool(t *testing.T) {
	t.Parallel()
	g := run(t, cognito(cognitoArgs()))
	pool := find(t, g, "identity-pool")
	wantInputs(t, pool, `{
		"userPoolTier": "ESSENTIALS", "deletionProtection": "ACTIVE", "mfaConfiguration": "ON",
		"adminCreateUserConfig": {"allowAdminCreateUserOnly": true},
		"softwareTokenMfaConfiguration": {"enabled": true}, "userPoolAddOns": null,
		"usernameAttributes": ["email"], "usernameConfiguration": {"caseSensitive": false}, "autoVerifiedAttributes": ["email"],
		"passwordPolicy": {"minimumLength": 14, "requireLowercase": true, "requireUppercase": true, "requireNumbers": true,
			"requireSymbols": true, "temporaryPasswordValidityDays": 3},
		"schemas": [{"name": "tenant", "attributeDataType": "String", "mutable": true, "required": false, "developerOnlyAttribute": false,
			"stringAttributeConstraints": {"minLength": "1", "maxLength": "64"}}],
		"lambdaConfig": {"preTokenGenerationConfig": {"lambdaVersion": "V2_0",
			"lambdaArn": `+encode(t, plain(find(t, g, "identity-pretoken-live").State["arn"]))+`}}}`)
	if !pool.Protect || !pool.RetainOnDelete {
		t.Error("the pool is not protected")
	}
	wantInputs(t, find(t, g, "identity-pretoken-permission"), `{
		"action": "lambda:InvokeFunction", "principal": "cognito-idp.amazonaws.com", "qualifier": "live",
		"sourceArn": `+encode(t, plain(pool.State["arn"]))+`}`)
}

// Rule 41: users cannot move themselves to another tenant, and only a code with PKCE signs in.
func TestRule41Client(t *testing.T) {
	t.Parallel()
	client := find(t, run(t, cognito(cognitoArgs())), "identity-client")
	wantInputs(t, client, `{
		"generateSecret": false, "allowedOauthFlowsUserPoolClient": true, "allowedOauthFlows": ["code"],
		"allowedOauthScopes": ["https://mcp.example.com/mcp/mcp:basic", "https://mcp.example.com/mcp/mcp:notes"],
		"callbackUrls": ["https://claude.ai/api/mcp/auth_callback", "http://localhost:3118/callback"],
		"supportedIdentityProviders": ["COGNITO"], "explicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
		"writeAttributes": ["email"], "readAttributes": ["email", "email_verified"],
		"refreshTokenRotation": {"feature": "ENABLED", "retryGracePeriodSeconds": 60},
		"accessTokenValidity": 60, "idTokenValidity": 60, "refreshTokenValidity": 30,
		"tokenValidityUnits": {"accessToken": "minutes", "idToken": "minutes", "refreshToken": "days"},
		"enableTokenRevocation": true, "preventUserExistenceErrors": "ENABLED"}`)
	if !slices.ContainsFunc(client.Dependencies, func(urn string) bool {
		return urn == find(t, run(t, cognito(cognitoArgs())), "identity-resource-server").URN
	}) {
		t.Error("the client names scopes that may not exist yet")
	}
}

func TestRule41ResourceServer(t *testing.T) {
	t.Parallel()
	g := run(t, cognito(cognitoArgs()))
	wantInputs(t, find(t, g, "identity-resource-server"), `{"identifier": "https://mcp.example.com/mcp", "scopes": [
		{"scopeName": "mcp:basic", "scopeDescription": "Basic tools"}, {"scopeName": "mcp:notes", "scopeDescription": "Notebooks"}]}`)
	wantInputs(t, find(t, g, "identity-domain"), `{"domain": "leasehold-prod-111122223333", "managedLoginVersion": 1, "certificateArn": null}`)
}

func TestRule41Trigger(t *testing.T) {
	t.Parallel()
	args := cognitoArgs()
	wantInputs(t, find(t, run(t, cognito(args)), "identity-pretoken-function"), `{"timeout": 5,
		"environment": {"variables": {"LEASEHOLD_TENANT_ATTRIBUTE": "custom:tenant"}}}`)
	args.TenantGroupPrefix, args.IdentityProviders = "tenant-", []string{"Okta"}
	g := run(t, cognito(args))
	wantInputs(t, find(t, g, "identity-pretoken-function"), `{"environment": {"variables": {"LEASEHOLD_TENANT_GROUP_PREFIX": "tenant-"}}}`)
	wantInputs(t, find(t, g, "identity-client"), `{"supportedIdentityProviders": ["Okta"]}`)
}

func TestCognitoChoices(t *testing.T) {
	t.Parallel()
	args := cognitoArgs()
	args.MFA, args.Tier, args.TenantAttribute, args.Retain, args.DeletionProtection = "OFF", "PLUS", "org", false, false
	g := run(t, cognito(args))
	pool := find(t, g, "identity-pool")
	wantInputs(t, pool, `{"mfaConfiguration": "OFF", "softwareTokenMfaConfiguration": null, "deletionProtection": "INACTIVE",
		"userPoolTier": "PLUS", "userPoolAddOns": {"advancedSecurityMode": "ENFORCED"}}`)
	if pool.Protect || pool.RetainOnDelete {
		t.Error("the pool is protected")
	}
	wantInputs(t, find(t, g, "identity-pretoken-function"), `{"environment": {"variables": {"LEASEHOLD_TENANT_ATTRIBUTE": "custom:org"}}}`)
}

// Rules 14 and 41: what the server is told of the pool.
func TestRule41IssuerJSON(t *testing.T) {
	t.Parallel()
	g := run(t, cognito(cognitoArgs()))
	wantExport(t, g, "issuer", `{
		"issuer": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_identity-pool",
		"jwks_url": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_identity-pool/.well-known/jwks.json",
		"mode": "client_id", "client_ids": ["identity-client"], "algorithms": ["RS256"], "tenant_claim": "tenant",
		"scope_prefix": "https://mcp.example.com/mcp/", "scopes": ["mcp:basic", "mcp:notes"],
		"advertised": true, "advertised_as": "https://mcp.example.com"}`)
}

// Rule 41: RFC 8414, with what Cognito's own document lacks.
func TestRule41MetadataDocument(t *testing.T) {
	t.Parallel()
	g := run(t, cognito(cognitoArgs()))
	wantExport(t, g, "metadata", `{
		"issuer": "https://mcp.example.com",
		"authorization_endpoint": "https://leasehold-prod-111122223333.auth.eu-central-1.amazoncognito.com/oauth2/authorize",
		"token_endpoint": "https://leasehold-prod-111122223333.auth.eu-central-1.amazoncognito.com/oauth2/token",
		"revocation_endpoint": "https://leasehold-prod-111122223333.auth.eu-central-1.amazoncognito.com/oauth2/revoke",
		"jwks_uri": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_identity-pool/.well-known/jwks.json",
		"scopes_supported": ["https://mcp.example.com/mcp/mcp:basic", "https://mcp.example.com/mcp/mcp:notes"],
		"response_types_supported": ["code"], "grant_types_supported": ["authorization_code", "refresh_token"],
		"code_challenge_methods_supported": ["S256"],
		"token_endpoint_auth_methods_supported": ["none"], "revocation_endpoint_auth_methods_supported": ["none"],
		"subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]}`)
}

// wantExport compares an export that is JSON as what it means.
func wantExport(t *testing.T, g *offline.Graph, name, want string) {
	t.Helper()
	text, ok := plain(g.Outputs[resource.PropertyKey(name)]).(string)
	if !ok || !json.Valid([]byte(text)) {
		t.Fatalf("export %s is %q", name, text)
	}
	if got, want := encode(t, decode(t, text)), encode(t, decode(t, want)); got != want {
		t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
	}
}

func TestCognitoArgs(t *testing.T) {
	t.Parallel()
	args := &platform.CognitoArgs{
		DomainPrefix: "my-aws", ResourceServer: `a"b`, Scopes: []platform.CognitoScope{{"a/b", ""}},
		CallbackURLs:    []string{"http://127.0.0.1/cb", "https://*.example.com/", "https://a.example/#x", "claude://cb"},
		TenantAttribute: "custom:tenant", MFA: "SMS", Tier: "LITE", AccessTokenMinutes: 4, RefreshTokenDays: 4000,
	}
	wantLines(t, refused(t, cognito(args)),
		`Cognito "identity": Region must be set`,
		`DomainPrefix must be 1 to 63 lower-case letters, digits and inner hyphens, without aws, amazon and cognito, not "my-aws"`,
		`ResourceServer must be`,
		`Scopes must be named without spaces, slashes, quotes and backslashes, not "a/b"`,
		`Scopes must each have a description of 1 to 256 bytes: a/b`,
		`CallbackURLs must be https, or http on localhost, without user, fragment and wildcard, not "http://127.0.0.1/cb"`,
		`not "https://*.example.com/"`, `not "https://a.example/#x"`, `not "claude://cb"`,
		`TenantAttribute must be 1 to 20 letters, digits, - and _, not "custom:tenant"`,
		`PreTokenArchive must be the path of a zip`,
		`MFA must be OFF, OPTIONAL or ON, not "SMS"`,
		`Tier must be ESSENTIALS or PLUS, which can put a tenant into access tokens, not "LITE"`,
		`AccessTokenMinutes must be 5 to 1440, not 4`,
		`RefreshTokenDays must be 1 to 3650, not 4000`,
		`LogRetentionDays must be one of`)
	wantLines(t, refused(t, cognito(&platform.CognitoArgs{
		Region: "eu-central-1", DomainPrefix: "d", ResourceServer: "mcp", PreTokenArchive: "p.zip", LogRetentionDays: 1,
	})), "Scopes must have at least one", "CallbackURLs must have at least one")
}
