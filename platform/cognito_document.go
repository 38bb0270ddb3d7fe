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

// MetadataDocument returns the authorization server metadata (RFC 8414) to serve under
// endpointURL, as JSON. Cognito's own lacks code_challenge_methods_supported, and clients
// that follow the MCP specification refuse a server without it (RULES 41). `issuer` is
// endpointURL, as section 3.3 wants. The last two members are there for clients that read
// the document as OpenID Connect Discovery.
func (c *Cognito) MetadataDocument(endpointURL pulumi.StringInput) pulumi.StringOutput {
	none := pulumi.ToStringArray([]string{"none"}) // a public client has nothing to authenticate with
	return pulumi.JSONMarshal(pulumi.Map{
		"issuer":                                     endpointURL,
		"authorization_endpoint":                     c.AuthorizeURL,
		"token_endpoint":                             c.TokenURL,
		"revocation_endpoint":                        pulumi.Sprintf("%s/oauth2/revoke", c.domain),
		"jwks_uri":                                   c.JWKSURL,
		"scopes_supported":                           pulumi.ToStringArray(c.args.scopes()),
		"response_types_supported":                   pulumi.ToStringArray([]string{"code"}),
		"grant_types_supported":                      pulumi.ToStringArray([]string{"authorization_code", "refresh_token"}),
		"code_challenge_methods_supported":           pulumi.ToStringArray([]string{"S256"}),
		"token_endpoint_auth_methods_supported":      none,
		"revocation_endpoint_auth_methods_supported": none,
		"subject_types_supported":                    pulumi.ToStringArray([]string{"public"}),
		"id_token_signing_alg_values_supported":      pulumi.ToStringArray([]string{"RS256"}),
	}.ToMapOutput())
}
