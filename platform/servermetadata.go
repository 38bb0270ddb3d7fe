package platform

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// ServerMetadata is what clients are told of an authorization server whose own document lacks
// code_challenge_methods_supported, and which clients that follow the MCP specification refuse therefore
// (RULES 41). The server is one of public clients that use PKCE with S256.
type ServerMetadata struct {
	AuthorizationEndpoint, TokenEndpoint, JWKSURI pulumi.StringInput
	// RevocationEndpoint and RegistrationEndpoint may be nil: there is none.
	RevocationEndpoint, RegistrationEndpoint pulumi.StringInput
	// Scopes are written as a client asks for them.
	Scopes []string
}

// Document returns the metadata (RFC 8414) to serve under endpointURL, as JSON. `issuer` is
// endpointURL, as section 3.3 wants. The last two members are there for clients that read
// the document as OpenID Connect Discovery.
func (m ServerMetadata) Document(endpointURL pulumi.StringInput) pulumi.StringOutput {
	none := pulumi.ToStringArray([]string{"none"}) // a public client has nothing to authenticate with
	document := pulumi.Map{
		"issuer":                                endpointURL,
		"authorization_endpoint":                m.AuthorizationEndpoint,
		"token_endpoint":                        m.TokenEndpoint,
		"jwks_uri":                              m.JWKSURI,
		"scopes_supported":                      pulumi.ToStringArray(m.Scopes),
		"response_types_supported":              pulumi.ToStringArray([]string{"code"}),
		"grant_types_supported":                 pulumi.ToStringArray([]string{"authorization_code", "refresh_token"}),
		"code_challenge_methods_supported":      pulumi.ToStringArray([]string{"S256"}),
		"token_endpoint_auth_methods_supported": none,
		"subject_types_supported":               pulumi.ToStringArray([]string{"public"}),
		"id_token_signing_alg_values_supported": pulumi.ToStringArray([]string{"RS256"}),
	}
	if m.RevocationEndpoint != nil {
		document["revocation_endpoint"] = m.RevocationEndpoint
		document["revocation_endpoint_auth_methods_supported"] = none
	}
	if m.RegistrationEndpoint != nil {
		document["registration_endpoint"] = m.RegistrationEndpoint
	}
	return pulumi.JSONMarshal(document.ToMapOutput())
}
