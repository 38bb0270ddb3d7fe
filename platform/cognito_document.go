package platform

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// IssuerJSON returns the pool as one element of LEASEHOLD_ISSUERS (docs/configuration.md).
// advertisedAs is the URL of the authorization server to name to clients, under which
// MetadataDocument is served; the pool's own discovery would not do (RULES 41).
func (c *Cognito) IssuerJSON(advertisedAs pulumi.StringInput) pulumi.StringOutput {
	var scopes []string
	for _, scope := range c.args.Scopes {
		scopes = append(scopes, scope.Name)
	}
	return pulumi.JSONMarshal(pulumi.Map{
		"issuer": c.Issuer, "jwks_url": c.JWKSURL,
		// Its access tokens have no `aud`, unless a client asks with a resource indicator.
		"mode": pulumi.String("client_id"), "client_ids": pulumi.StringArray{c.ClientID},
		"algorithms":   pulumi.ToStringArray([]string{"RS256"}),
		"tenant_claim": pulumi.String(tenantClaim),
		"scope_prefix": pulumi.String(c.args.scopePrefix()), "scopes": pulumi.ToStringArray(scopes),
		"advertised": pulumi.Bool(true), "advertised_as": advertisedAs,
	}.ToMapOutput())
}

// MetadataDocument returns the authorization server metadata to serve under endpointURL, as
// JSON, in the place of Cognito's own.
func (c *Cognito) MetadataDocument(endpointURL pulumi.StringInput) pulumi.StringOutput {
	return ServerMetadata{
		AuthorizationEndpoint: c.AuthorizeURL, TokenEndpoint: c.TokenURL, JWKSURI: c.JWKSURL,
		RevocationEndpoint: pulumi.Sprintf("%s/oauth2/revoke", c.domain), Scopes: c.args.scopes(),
	}.Document(endpointURL)
}
