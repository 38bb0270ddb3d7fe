package platform

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CognitoScope is a scope of the resource server.
type CognitoScope struct{ Name, Description string }

// CognitoArgs configure a Cognito.
type CognitoArgs struct {
	// Region is where the pool is: the sign-in domain has it in its name. Required.
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
	// PreTokenArchive is the path of build/pretoken.zip. Required.
	PreTokenArchive string
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
	// pre-token function, see FunctionArgs.
	LogRetentionDays    int
	LogKMSKeyARN        pulumi.StringPtrInput
	Tracing             bool
	PermissionsBoundary pulumi.StringPtrInput
}

// Cognito is a user pool whose access tokens carry a tenant.
type Cognito struct {
	pulumi.ResourceState

	Issuer       pulumi.StringOutput `pulumi:"issuer"`
	JWKSURL      pulumi.StringOutput `pulumi:"jwksUrl"`
	ClientID     pulumi.StringOutput `pulumi:"clientId"`
	AuthorizeURL pulumi.StringOutput `pulumi:"authorizeUrl"`
	TokenURL     pulumi.StringOutput `pulumi:"tokenUrl"`
}

// NewCognito makes the pool, its sign-in domain, resource server, client and trigger.
func NewCognito(ctx *pulumi.Context, name string, args *CognitoArgs, opts ...pulumi.ResourceOption) (*Cognito, error) {
	return nil, errors.ErrUnsupported
}

// IssuerJSON returns the pool as one element of LEASEHOLD_ISSUERS (docs/configuration.md).
// advertisedAs is the URL under which our own metadata document is found.
func (c *Cognito) IssuerJSON(advertisedAs pulumi.StringInput) pulumi.StringOutput {
	return pulumi.StringOutput{}
}

// MetadataDocument returns the authorization server metadata (RFC 8414) that the endpoint
// serves under endpointURL, as JSON.
func (c *Cognito) MetadataDocument(endpointURL pulumi.StringInput) pulumi.StringOutput {
	return pulumi.StringOutput{}
}
