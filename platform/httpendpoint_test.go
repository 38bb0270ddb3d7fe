package platform

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform/offline"
)

// runHTTP makes an HTTP API behind an endpoint.
func runHTTP(t *testing.T, args HTTPEndpointArgs) *offline.Graph {
	t.Helper()
	return edgeRun(t, func(ctx *pulumi.Context) error {
		e, err := NewHTTPEndpoint(ctx, "edge", &args)
		if err != nil {
			return err
		}
		a, err := NewHTTPAPI(ctx, "api", &HTTPAPIArgs{Endpoint: e, Function: standIn("mcp"), TimeoutMillis: 30_000, StageLimits: testLimits()})
		if err != nil {
			return err
		}
		ctx.Export("url", e.URL)
		ctx.Export("mcp", e.MCPURL)
		ctx.Export("metadata", e.MetadataURL)
		ctx.Export("stage", a.StageName)
		return nil
	})
}

func httpTree() map[string]string {
	return map[string]string{
		"edge":                             "leasehold:platform:HTTPEndpoint < ",
		"edge-api":                         "aws:apigatewayv2/api:Api < edge",
		"api":                              "leasehold:platform:HTTPAPI < ",
		"api-permission":                   "aws:lambda/permission:Permission < api",
		"api-integration":                  "aws:apigatewayv2/integration:Integration < api",
		"api-mcp-route":                    "aws:apigatewayv2/route:Route < api",
		"api-metadata-route":               "aws:apigatewayv2/route:Route < api",
		"api-metadata-preflight-route":     "aws:apigatewayv2/route:Route < api",
		"api-mcp-metadata-route":           "aws:apigatewayv2/route:Route < api",
		"api-mcp-metadata-preflight-route": "aws:apigatewayv2/route:Route < api",
		"api-health-route":                 "aws:apigatewayv2/route:Route < api",
		"api-access-log":                   "aws:cloudwatch/logGroup:LogGroup < api",
		"api-stage":                        "aws:apigatewayv2/stage:Stage < api",
	}
}

func TestHTTPEndpoint(t *testing.T) {
	t.Parallel()
	g := runHTTP(t, HTTPEndpointArgs{Description: "tools"})
	wantTree(t, g, httpTree())
	// Without CORS of the gateway's, the function answers OPTIONS.
	wantInputs(t, g, "edge-api", object{"protocolType": "HTTP", "description": "tools", "disableExecuteApiEndpoint": false})
	base := "https://edge-api.execute-api.eu-central-1.amazonaws.com"
	wantOutputs(t, g, map[string]string{
		"url": base, "mcp": base + "/mcp", "metadata": base + "/.well-known/oauth-protected-resource/mcp", "stage": "$default",
	})
}

func TestHTTPEndpointWithDomain(t *testing.T) {
	t.Parallel()
	g := runHTTP(t, HTTPEndpointArgs{DomainName: "tools.example.com", HostedZoneID: "Z1"})
	want := httpTree()
	want["edge-certificate"] = "aws:acm/certificate:Certificate < edge"
	want["edge-certificate-record"] = "aws:route53/record:Record < edge"
	want["edge-certificate-validation"] = "aws:acm/certificateValidation:CertificateValidation < edge"
	want["edge-domain"] = "aws:apigatewayv2/domainName:DomainName < edge"
	want["edge-a"] = "aws:route53/record:Record < edge"
	want["edge-aaaa"] = "aws:route53/record:Record < edge"
	want["api-mapping"] = "aws:apigatewayv2/apiMapping:ApiMapping < api"
	wantTree(t, g, want)
	wantInputs(t, g, "edge-api", object{"protocolType": "HTTP", "description": "", "disableExecuteApiEndpoint": true})
	wantInputs(t, g, "edge-domain", object{"domainName": "tools.example.com", "domainNameConfiguration": object{
		"certificateArn": one(t, g, "edge-certificate").ID, "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2", "ipAddressType": "dualstack",
	}})
	wantInputs(t, g, "edge-aaaa", object{"zoneId": "Z1", "name": "tools.example.com", "type": "AAAA", "aliases": []object{{
		"name": "d-tools.example.com.execute-api.eu-central-1.amazonaws.com", "zoneId": "Z0000000000000000000", "evaluateTargetHealth": false,
	}}})
	wantInputs(t, g, "api-mapping", object{"apiId": "edge-api", "domainName": "tools.example.com", "stage": "$default"})
	wantOutputs(t, g, map[string]string{"url": "https://tools.example.com"})
}

func TestHTTPEndpointArgs(t *testing.T) {
	t.Parallel()
	_, err := NewHTTPEndpoint(nil, "edge", nil)
	wantError(t, err, "http endpoint edge", "args: required")
	_, err = NewHTTPEndpoint(nil, "edge", &HTTPEndpointArgs{DomainName: "tools.example.com"})
	wantError(t, err, "CertificateARN: required")
}
