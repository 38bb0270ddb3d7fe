package platform

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CognitoScope is a scope of the resource server.
type CognitoScope struct{ Name, Description string }

// CognitoArgs configure a Cognito.
type CognitoArgs struct {
	// Region is where the pool is: the sign-in domain has it in its name. Required. Cognito
	// serves sign-in pages under amazoncognito.com in the partition aws only.
	Region string
	// DomainPrefix is the first label of the sign-in domain, unique in the region. Required.
	DomainPrefix string
	// ResourceServer is the identifier that Cognito puts before a scope. Required.
	ResourceServer string
	// Scopes are what the resource server offers, at least one.
	Scopes []CognitoScope
	// CallbackURLs are where the client may be sent back to, compared exactly; at least one.
	CallbackURLs []string
	// TenantAttribute is the custom attribute that holds a user's tenant, without `custom:`.
	// Absent means "tenant". Only administrators write it.
	TenantAttribute string
	// TenantGroupPrefix, when set, takes the tenant from the user's one group that begins with
	// it instead of from the attribute: for pools that federate, whose identity provider could
	// otherwise choose the attribute (RULES 41).
	TenantGroupPrefix string
	// IdentityProviders are those of the pool that the client may use; absent means the pool's
	// own users only.
	IdentityProviders []string
	// PreTokenArchive is the path of build/pretoken.zip, and Architecture what it was built
	// for; an absent one is FunctionArgs'. The path is required.
	PreTokenArchive, Architecture string
	// MFA is OFF, OPTIONAL or ON; absent means ON. It is by authenticator app.
	MFA string
	// Tier is ESSENTIALS or PLUS; absent means ESSENTIALS. The lower tier cannot put claims
	// into access tokens.
	Tier string
	// AccessTokenMinutes and RefreshTokenDays are lifetimes; 0 means 60 minutes and 30 days.
	AccessTokenMinutes, RefreshTokenDays int
	// DeletionProtection makes AWS refuse to delete the pool; Retain makes Pulumi refuse, and
	// keep it when it leaves the program.
	DeletionProtection, Retain bool
	// LogRetentionDays, LogKMSKeyARN, Tracing and PermissionsBoundary are those of the
	// pre-token function, see FunctionArgs; its environment is under LogKMSKeyARN too.
	LogRetentionDays    int
	LogKMSKeyARN        pulumi.StringPtrInput
	Tracing             bool
	PermissionsBoundary pulumi.StringPtrInput
}

// Cognito is a user pool whose access tokens carry a tenant.
type Cognito struct {
	pulumi.ResourceState

	Issuer       pulumi.StringOutput
	JWKSURL      pulumi.StringOutput
	ClientID     pulumi.StringOutput
	AuthorizeURL pulumi.StringOutput
	TokenURL     pulumi.StringOutput
	// UserPoolID is for the commands that create users.
	UserPoolID pulumi.StringOutput
	// PreToken is the trigger that puts the tenant into access tokens.
	PreToken *Function

	args   *CognitoArgs
	domain pulumi.StringOutput // the sign-in pages, without a trailing slash
}

// NewCognito makes the pool, its sign-in domain, resource server, client and trigger.
func NewCognito(ctx *pulumi.Context, name string, args *CognitoArgs, opts ...pulumi.ResourceOption) (*Cognito, error) {
	if err := args.validate(name); err != nil {
		return nil, err
	}
	c := &Cognito{args: args}
	if err := ctx.RegisterComponentResource("leasehold:platform:Cognito", name, c, opts...); err != nil {
		return nil, err
	}
	if err := c.build(ctx, name); err != nil {
		return nil, fmt.Errorf("cognito %q: %w", name, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"issuer": c.Issuer, "jwksUrl": c.JWKSURL, "clientId": c.ClientID,
		"authorizeUrl": c.AuthorizeURL, "tokenUrl": c.TokenURL, "userPoolId": c.UserPoolID,
	})
}

func (c *Cognito) build(ctx *pulumi.Context, name string) error {
	parent := pulumi.Parent(c)
	trigger, err := c.args.trigger(ctx, name, parent)
	if err != nil {
		return err
	}
	pool, err := c.args.pool(ctx, name, trigger, parent)
	if err != nil {
		return err
	}
	// Of all pools, ours alone may ask for a tenant.
	if _, err := lambda.NewPermission(ctx, name+"-pretoken-permission", &lambda.PermissionArgs{
		Action: pulumi.String("lambda:InvokeFunction"), Principal: pulumi.String("cognito-idp.amazonaws.com"),
		Function: trigger.Name, Qualifier: trigger.AliasName, SourceArn: pool.Arn,
	}, parent); err != nil {
		return err
	}
	domain, err := cognito.NewUserPoolDomain(ctx, name+"-domain", &cognito.UserPoolDomainArgs{
		Domain: pulumi.String(c.args.DomainPrefix), UserPoolId: pool.ID(),
		// The classic pages need no branding of their own, which version 2 does.
		ManagedLoginVersion: pulumi.Int(1),
	}, parent)
	if err != nil {
		return err
	}
	client, err := c.args.client(ctx, name, pool, parent)
	if err != nil {
		return err
	}
	c.PreToken = trigger
	c.UserPoolID, c.ClientID = pool.ID().ToStringOutput(), client.ID().ToStringOutput()
	c.Issuer = pulumi.Sprintf("https://%s", pool.Endpoint)
	c.JWKSURL = pulumi.Sprintf("%s/.well-known/jwks.json", c.Issuer)
	c.domain = pulumi.Sprintf("https://%s.auth.%s.amazoncognito.com", domain.Domain, c.args.Region)
	c.AuthorizeURL = pulumi.Sprintf("%s/oauth2/authorize", c.domain)
	c.TokenURL = pulumi.Sprintf("%s/oauth2/token", c.domain)
	return nil
}

// cognitoTriggerSeconds is how long Cognito waits for a trigger.
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
const cognitoTriggerSeconds = 5

// trigger makes the function that puts the tenant into access tokens. It calls nothing.
func (a *CognitoArgs) trigger(ctx *pulumi.Context, name string, parent pulumi.ResourceOption) (*Function, error) {
	environment := pulumi.StringMap{"LEASEHOLD_TENANT_ATTRIBUTE": pulumi.String("custom:" + a.tenantAttribute())}
	if a.TenantGroupPrefix != "" {
		environment = pulumi.StringMap{"LEASEHOLD_TENANT_GROUP_PREFIX": pulumi.String(a.TenantGroupPrefix)}
	}
	return NewFunction(ctx, name+"-pretoken", &FunctionArgs{
		Description: "Puts the tenant into access tokens of the user pool", Archive: a.PreTokenArchive, Architecture: a.Architecture,
		MemoryMB: 128, TimeoutSeconds: cognitoTriggerSeconds, EdgeTimeoutSeconds: cognitoTriggerSeconds, Environment: environment,
		LogRetentionDays: a.LogRetentionDays, LogKMSKeyARN: a.LogKMSKeyARN, KMSKeyARN: a.LogKMSKeyARN, Tracing: a.Tracing,
		PermissionsBoundary: a.PermissionsBoundary,
	}, parent)
}

// tenantAttribute is the custom attribute's name without "custom:".
func (a *CognitoArgs) tenantAttribute() string { return cmp.Or(a.TenantAttribute, "tenant") }

// tenantClaim is what the trigger calls the claim.
const tenantClaim = "tenant"
