package platform

import (
	"maps"
	"slices"
	"testing"
)

func TestRule46ChallengeIsPutBack(t *testing.T) {
	t.Parallel()
	g := runHTTP(t, HTTPEndpointArgs{})
	mappings := object{
		"overwrite:header.WWW-Authenticate":   "$response.header.x-leasehold-challenge",
		"remove:header.x-leasehold-challenge": "''",
	}
	wantInputs(t, g, "api-integration", object{
		"apiId": "edge-api", "integrationType": "AWS_PROXY", "payloadFormatVersion": "2.0", "timeoutMilliseconds": 30_000,
		"integrationUri": testGatewayLambda + "2015-03-31/functions/" + testLambda + "mcp:live/invocations",
		"responseParameters": []object{
			{"statusCode": "401", "mappings": mappings}, {"statusCode": "403", "mappings": mappings},
		},
	})
}

func TestHTTPAPIRoutes(t *testing.T) {
	t.Parallel()
	g := runHTTP(t, HTTPEndpointArgs{})
	want := []string{
		"ANY /mcp", "GET /.well-known/oauth-protected-resource", "GET /.well-known/oauth-protected-resource/mcp", "GET /healthz",
		"OPTIONS /.well-known/oauth-protected-resource", "OPTIONS /.well-known/oauth-protected-resource/mcp",
	}
	if got := slices.Sorted(maps.Values(httpRoutes)); !slices.Equal(got, want) {
		t.Errorf("routes %v", got)
	}
	for child, key := range httpRoutes {
		wantInputs(t, g, "api-"+child, object{"apiId": "edge-api", "routeKey": key, "target": "integrations/api-integration"})
	}
}

func TestHTTPAPIStage(t *testing.T) {
	t.Parallel()
	g := runHTTP(t, HTTPEndpointArgs{})
	format := accessLogFormat(httpAccessLog)
	wantInputs(t, g, "api-stage", object{
		"apiId": "edge-api", "name": "$default", "autoDeploy": true,
		"accessLogSettings": object{
			"destinationArn": "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/apigateway/api-access-log-api-access-log", "format": format,
		},
		"defaultRouteSettings": object{"throttlingRateLimit": 50, "throttlingBurstLimit": 100, "detailedMetricsEnabled": true},
	})
	wantInputs(t, g, "api-access-log", object{"namePrefix": "/aws/apigateway/api-access-log-", "retentionInDays": 30, "kmsKeyId": testKey})
	wantInputs(t, g, "api-permission", object{
		"action": "lambda:InvokeFunction", "function": "mcp", "qualifier": "live", "principal": "apigateway.amazonaws.com",
		"sourceArn": "arn:aws:execute-api:eu-central-1:111122223333:edge-api/*/*",
	})
}

func TestHTTPAPIArgs(t *testing.T) {
	t.Parallel()
	_, err := NewHTTPAPI(nil, "api", nil)
	wantError(t, err, "http api api", "args: required")
	_, err = NewHTTPAPI(nil, "api", &HTTPAPIArgs{TimeoutMillis: 30_001})
	wantError(t, err, "Endpoint: required", "Function: required", "TimeoutMillis: 30001 is not 50 to 30000", "ThrottleRate", "ThrottleBurst", "AccessLogRetentionDays")
	sound := HTTPAPIArgs{Endpoint: new(HTTPEndpoint), Function: new(Function), TimeoutMillis: 50, StageLimits: testLimits()}
	if err := sound.validate(); err != nil {
		t.Error(err)
	}
}
