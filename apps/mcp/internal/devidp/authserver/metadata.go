package authserver

import "leasehold.example/apps/mcp/internal/devidp"

// metadata describes the server (RFC 8414 section 2, and what RFC 9207, RFC 8707 and the
// draft of client-id metadata documents add). Its last two members are what OpenID Connect
// Discovery requires of the same document; no ID token is ever issued.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	RegistrationEndpoint  string   `json:"registration_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuthMethods []string `json:"revocation_endpoint_auth_methods_supported"`
	CodeChallengeMethods  []string `json:"code_challenge_methods_supported"`
	IssuerInResponse      bool     `json:"authorization_response_iss_parameter_supported"`
	ClientIDMetadata      bool     `json:"client_id_metadata_document_supported"`
	ProtectedResources    []string `json:"protected_resources"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
}

func (s *Server) metadata() metadata {
	base := s.Issuer.URL()
	return metadata{
		Issuer:                base,
		AuthorizationEndpoint: base + authorizePath,
		TokenEndpoint:         base + tokenPath,
		RevocationEndpoint:    base + revokePath,
		RegistrationEndpoint:  base + registerPath,
		JWKSURI:               base + devidp.JWKSPath,
		Scopes:                s.Issuer.Scopes(),
		ResponseTypes:         []string{"code"},
		ResponseModes:         []string{"query"},
		GrantTypes:            []string{grantCode, grantRefresh, grantMachine},
		TokenAuthMethods:      authMethods,
		RevocationAuthMethods: authMethods,
		CodeChallengeMethods:  []string{"S256"},
		IssuerInResponse:      true,
		ClientIDMetadata:      true,
		ProtectedResources:    []string{s.Issuer.Audience()},
		SubjectTypes:          []string{"public"},
		IDTokenAlgorithms:     []string{"ES256"},
	}
}
