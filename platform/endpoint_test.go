package platform

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform/offline"
)

func runEndpoint(t *testing.T, args EndpointArgs) *offline.Graph {
	t.Helper()
	return edgeRun(t, func(ctx *pulumi.Context) error {
		e, err := NewEndpoint(ctx, "edge", &args)
		if err != nil {
			return err
		}
		ctx.Export("url", e.URL)
		ctx.Export("mcp", e.MCPURL)
		ctx.Export("metadata", e.MetadataURL)
		return nil
	})
}

func wantOutputs(t *testing.T, g *offline.Graph, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := g.Outputs[resource.PropertyKey(name)]; !got.IsString() || got.StringValue() != value {
			t.Errorf("output %s is %v, not %s", name, got, value)
		}
	}
}

func TestRule35EndpointWithoutBody(t *testing.T) {
	t.Parallel()
	g := runEndpoint(t, EndpointArgs{StageName: "v1", Description: "tools"})
	wantTree(t, g, map[string]string{
		"edge":     "leasehold:platform:Endpoint < ",
		"edge-api": "aws:apigateway/restApi:RestApi < edge",
	})
	wantInputs(t, g, "edge-api", object{
		"description": "tools", "disableExecuteApiEndpoint": false, "endpointConfiguration": object{"types": "REGIONAL"},
	})
	base := "https://edge-api.execute-api.eu-central-1.amazonaws.com/v1"
	wantOutputs(t, g, map[string]string{
		"url": base, "mcp": base + "/mcp", "metadata": base + "/.well-known/oauth-protected-resource/mcp",
	})
}

func TestRule40EndpointWithDomain(t *testing.T) {
	t.Parallel()
	g := runEndpoint(t, EndpointArgs{StageName: "v1", DomainName: "tools.example.com", HostedZoneID: "Z1"})
	wantTree(t, g, map[string]string{
		"edge":                        "leasehold:platform:Endpoint < ",
		"edge-api":                    "aws:apigateway/restApi:RestApi < edge",
		"edge-certificate":            "aws:acm/certificate:Certificate < edge",
		"edge-certificate-record":     "aws:route53/record:Record < edge",
		"edge-certificate-validation": "aws:acm/certificateValidation:CertificateValidation < edge",
		"edge-domain":                 "aws:apigateway/domainName:DomainName < edge",
		"edge-a":                      "aws:route53/record:Record < edge",
		"edge-aaaa":                   "aws:route53/record:Record < edge",
	})
	wantInputs(t, g, "edge-api", object{
		"description": "", "disableExecuteApiEndpoint": true, "endpointConfiguration": object{"types": "REGIONAL"},
	})
	wantInputs(t, g, "edge-certificate", object{"domainName": "tools.example.com", "validationMethod": "DNS"})
	wantInputs(t, g, "edge-certificate-record", object{
		"zoneId": "Z1", "name": "_proof.tools.example.com.", "type": "CNAME", "ttl": 300,
		"records": []string{"_proof.acm-validations.aws."},
	})
	certificate := one(t, g, "edge-certificate").ID
	wantInputs(t, g, "edge-certificate-validation", object{
		"certificateArn": certificate, "validationRecordFqdns": []string{"_proof.tools.example.com."},
	})
	wantInputs(t, g, "edge-domain", object{
		"domainName": "tools.example.com", "regionalCertificateArn": certificate, "securityPolicy": "TLS_1_2",
		"endpointConfiguration": object{"types": "REGIONAL", "ipAddressType": "dualstack"},
	})
	for name, kind := range map[string]string{"edge-a": "A", "edge-aaaa": "AAAA"} {
		wantInputs(t, g, name, object{"zoneId": "Z1", "name": "tools.example.com", "type": kind, "aliases": []object{{
			"name": "d-edge-domain.execute-api.eu-central-1.amazonaws.com", "zoneId": "Z0000000000000000000", "evaluateTargetHealth": false,
		}}})
	}
	wantOutputs(t, g, map[string]string{
		"url": "https://tools.example.com", "mcp": "https://tools.example.com/mcp",
		"metadata": "https://tools.example.com/.well-known/oauth-protected-resource/mcp",
	})
}

func TestEndpointWithCertificateOfOthers(t *testing.T) {
	t.Parallel()
	g := runEndpoint(t, EndpointArgs{StageName: "v1", DomainName: "tools.example.com", CertificateARN: testCertificate})
	wantTree(t, g, map[string]string{
		"edge":        "leasehold:platform:Endpoint < ",
		"edge-api":    "aws:apigateway/restApi:RestApi < edge",
		"edge-domain": "aws:apigateway/domainName:DomainName < edge",
	})
	if got := input(t, g, "edge-domain", "regionalCertificateArn"); got != testCertificate {
		t.Errorf("certificate %s", got)
	}
}

func TestEndpointArgs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args *EndpointArgs
		want []string
	}{
		"nil":            {nil, []string{"args: required"}},
		"no stage":       {&EndpointArgs{}, []string{`StageName: ""`}},
		"stage":          {&EndpointArgs{StageName: "$default"}, []string{`StageName: "$default"`}},
		"zone alone":     {&EndpointArgs{StageName: "v1", HostedZoneID: "Z1"}, []string{"DomainName: required"}},
		"no proof":       {&EndpointArgs{StageName: "v1", DomainName: "a.example.com"}, []string{"CertificateARN: required"}},
		"both at once":   {&EndpointArgs{DomainName: "https://a.example.com", HostedZoneID: "Z1"}, []string{"StageName", "DomainName", "https"}},
		"upper case":     {&EndpointArgs{StageName: "v1", DomainName: "A.example.com", HostedZoneID: "Z1"}, []string{"DomainName"}},
		"one label":      {&EndpointArgs{StageName: "v1", DomainName: "localhost", HostedZoneID: "Z1"}, []string{"DomainName"}},
		"dot at the end": {&EndpointArgs{StageName: "v1", DomainName: "a.example.com.", HostedZoneID: "Z1"}, []string{"DomainName"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := NewEndpoint(nil, "edge", c.args)
			wantError(t, err, append(c.want, "endpoint edge")...)
		})
	}
}

func TestExecuteAPIHost(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{
		"arn:aws:execute-api:eu-central-1:111122223333:abc":          "abc.execute-api.eu-central-1.amazonaws.com",
		"arn:aws-cn:execute-api:cn-north-1:111122223333:abc":         "abc.execute-api.cn-north-1.amazonaws.com.cn",
		"arn:aws-us-gov:execute-api:us-gov-west-1:111122223333:abc":  "abc.execute-api.us-gov-west-1.amazonaws.com",
		"arn:aws-iso:execute-api:us-iso-east-1:111122223333:abc":     "",
		"arn:aws:lambda:eu-central-1:111122223333:function:abc":      "",
		"arn:aws:execute-api:eu-central-1:111122223333:abc:too:many": "",
	} {
		if got, err := executeAPIHost(arn); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", arn, got, err)
		}
	}
}
