package identity

// Mode says how a token of an issuer names us as its audience.
type Mode string

const (
	// ModeAudience demands one of Issuer.Audiences in `aud` (RFC 8707).
	ModeAudience Mode = "audience"
	// ModeClientID is for issuers whose access tokens have no `aud` (Amazon Cognito):
	// it demands `token_use` "access" and a `client_id` of Issuer.ClientIDs. A token that
	// has an `aud` all the same must name us in it.
	ModeClientID Mode = "client_id"
)

// Issuer configures trust in one token issuer. Its JSON form is an element of the
// environment variable LEASEHOLD_ISSUERS.
type Issuer struct {
	// Issuer is the exact `iss`, an https URL; http only with InsecureLoopback.
	Issuer string `json:"issuer"`
	// JWKSURL is where the keys are. Absent means discovery: OpenID Connect
	// (`/.well-known/openid-configuration`), then RFC 8414.
	JWKSURL string `json:"jwks_url,omitempty"`
	// Mode is ModeAudience when absent.
	Mode Mode `json:"mode,omitempty"`
	// Audiences are the accepted values of `aud`. Absent means the server's public URL.
	Audiences []string `json:"audiences,omitempty"`
	// ClientIDs are the accepted `client_id`s; required in ModeClientID, and a further
	// restriction in ModeAudience when present.
	ClientIDs []string `json:"client_ids,omitempty"`
	// Algorithms are the accepted `alg`s, asymmetric only. Absent means RS256 and ES256.
	Algorithms []string `json:"algorithms,omitempty"`
	// Tenant, when set, is the tenant of every token of this issuer. Exactly one of
	// Tenant and TenantClaim is set.
	Tenant string `json:"tenant,omitempty"`
	// TenantClaim names the top-level string claim that holds the tenant.
	TenantClaim string `json:"tenant_claim,omitempty"`
	// Tenants are the tenants that this issuer may name by claim: exact ids, or
	// patterns with one trailing `*` behind at least one character ("acme-*" covers "acme-"
	// and "acme-eu"). Required with TenantClaim when there is more than one issuer; absent
	// with a single issuer means any.
	Tenants []string `json:"tenants,omitempty"`
	// ScopeClaim is "scope" (space-separated string) or "scp" (array or string).
	// Absent means whichever the token has, `scope` first.
	ScopeClaim string `json:"scope_claim,omitempty"`
	// ScopePrefix is removed from scopes ("https://api.example/" in Cognito's
	// `identifier/scope`); when set, scopes without it are dropped.
	ScopePrefix string `json:"scope_prefix,omitempty"`
	// BareScopes says that tokens have their scopes without ScopePrefix, which only requests
	// put before them: so does Microsoft Entra ID. It needs ScopePrefix.
	BareScopes bool `json:"bare_scopes,omitempty"`
	// Scopes are the scopes that tokens of this issuer can ever carry. Absent means all.
	// Others are dropped from its tokens, and a tool whose scope is not among them does not
	// exist for its principals.
	Scopes []string `json:"scopes,omitempty"`
	// DebugClaim names a top-level boolean claim: while a token has it with the value true, what
	// its requests log has the level debug, and none of their summary lines is sampled away.
	// Absent means that no token can ask for it.
	DebugClaim string `json:"debug_claim,omitempty"`
	// Advertised issuers are listed in the protected resource metadata, for all to see.
	Advertised bool `json:"advertised,omitempty"`
	// AdvertisedAs is the https URL that the metadata lists in place of Issuer, for an issuer
	// whose RFC 8414 document is served elsewhere: by us for Amazon Cognito, whose own lacks
	// what strict clients demand. The document's `issuer` is then this URL, while tokens keep
	// naming Issuer. Absent means Issuer itself; it needs Advertised.
	AdvertisedAs string `json:"advertised_as,omitempty"`
	// InsecureLoopback allows http and loopback addresses; for the local issuer only,
	// never settable from JSON.
	InsecureLoopback bool `json:"-"`
}
