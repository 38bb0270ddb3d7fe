package platform

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestRule33AuthorizerPermission(t *testing.T) {
	t.Parallel()
	g := edgeRun(t, func(ctx *pulumi.Context) error {
		e, err := NewEndpoint(ctx, "edge", &EndpointArgs{StageName: "v1"})
		if err != nil {
			return err
		}
		_, err = NewAuthorizer(ctx, "gate", &AuthorizerArgs{Endpoint: e, Function: standIn("authorizer")})
		return err
	})
	wantTree(t, g, map[string]string{
		"edge":            "leasehold:platform:Endpoint < ",
		"edge-api":        "aws:apigateway/restApi:RestApi < edge",
		"gate":            "leasehold:platform:Authorizer < ",
		"gate-permission": "aws:lambda/permission:Permission < gate",
	})
	wantInputs(t, g, "gate-permission", object{
		"action": "lambda:InvokeFunction", "function": "authorizer", "qualifier": "live", "principal": "apigateway.amazonaws.com",
		"sourceArn": "arn:aws:execute-api:eu-central-1:111122223333:edge-api/authorizers/*",
	})
}

func TestAuthorizerArgs(t *testing.T) {
	t.Parallel()
	_, err := NewAuthorizer(nil, "gate", nil)
	wantError(t, err, "authorizer gate", "args: required")
	_, err = NewAuthorizer(nil, "gate", &AuthorizerArgs{CacheSeconds: 3601})
	wantError(t, err, "Endpoint: required", "Function: required", "CacheSeconds: 3601")
	_, err = NewAuthorizer(nil, "gate", &AuthorizerArgs{Endpoint: new(Endpoint), Function: new(Function), CacheSeconds: -1})
	wantError(t, err, "CacheSeconds: -1")
}
