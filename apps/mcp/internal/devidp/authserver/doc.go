// Package authserver is the authorization server of the local server: OAuth 2.1 as the MCP
// authorization specification asks for it, for a developer's machine and nowhere else.
//
// It is built around pkg/op of github.com/zitadel/oidc: that reads the requests of the
// token and revocation endpoints, authenticates clients, checks PKCE and words the errors
// of the RFCs, through its op.Server interface. What it lacks is here (RULES 32):
// registration (RFC 7591), `resource` (RFC 8707), `iss` in responses (RFC 9207), client-id
// metadata documents, and refresh tokens that notice their reuse. Its other entrance,
// op.Storage, is not used: it signs ID tokens that nobody asks for and access tokens that
// no resource server takes for ones, and redeems a code for any client that has it.
//
// Nobody proves who they are here: whoever reaches the address signs in as whom they
// like. It is the surroundings that are guarded, as on any issuer.
package authserver
