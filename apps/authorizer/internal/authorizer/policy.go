package authorizer

import (
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// The keys of an answer's context. API Gateway has them as $context.authorizer.KEY in access
// logs and gateway responses; all values are strings, as it demands. The names that it uses
// there itself (error, latency, status, principalId, …) are avoided. The server ignores all
// of them.
const (
	keyTenant = "tenant"
	keyClient = "clientId"
	keyScopes = "scopes" // those of the token that mean something here

	// Of refusals only: what the 403 shall say. The first three are the members of the
	// server's own body: error, error_description, scope.
	keyCode        = "code"
	keyDescription = "description"
	keyScope       = "scope"
	keyChallenge   = "challenge" // for WWW-Authenticate; not there without a tenant (RULES 18)
)

// noPrincipal stands where the caller is nobody's: API Gateway demands a principalId. All
// others are the owner's hash, which is an encoding and no pseudonym (RULES 25): an access log
// should not have it.
const noPrincipal = "none"

const (
	invoke = "execute-api:Invoke"
	// version is that of the policy language.
	version = "2012-10-17"
	// endpointPath is the only resource that the authorizer is for.
	endpointPath = "mcp"
)

// endpoint is the resource of the policies: /mcp of the API and stage that methodARN is of,
// with every method, because API Gateway may reuse an answer to a POST for a DELETE with the
// same token, whose own ARN would then be missing.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
func endpoint(methodARN string) (string, error) {
	parts := strings.Split(methodARN, "/") // API, stage, method, path
	if len(parts) != 4 || parts[1] == "" || parts[3] != endpointPath || strings.ContainsAny(methodARN, "*?") {
		return "", ErrResource
	}
	api := strings.Split(parts[0], ":")
	if len(api) != 6 || api[0] != "arn" || api[2] != "execute-api" || api[5] == "" {
		return "", ErrResource
	}
	return strings.Join([]string{parts[0], parts[1], "*", endpointPath}, "/"), nil
}

// policy is the answer of effect, Allow or Deny.
func policy(effect, resource, principal string, about map[string]any) events.APIGatewayCustomAuthorizerResponse {
	return events.APIGatewayCustomAuthorizerResponse{
		PrincipalID: principal,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
			Version: version,
			Statement: []events.IAMPolicyStatement{{
				Action: []string{invoke}, Effect: effect, Resource: []string{resource},
			}},
		},
		Context: about,
	}
}
