package platform

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform/offline"
)

// runAPI makes an API behind an endpoint; change adapts what is sound.
func runAPI(t *testing.T, endpoint EndpointArgs, change func(*APIArgs)) *offline.Graph {
	t.Helper()
	return edgeRun(t, func(ctx *pulumi.Context) error {
		e, err := NewEndpoint(ctx, "edge", &endpoint)
		if err != nil {
			return err
		}
		authorizer, err := NewAuthorizer(ctx, "gate", &AuthorizerArgs{Endpoint: e, Function: standIn("authorizer"), CacheSeconds: 0})
		if err != nil {
			return err
		}
		args := APIArgs{
			Endpoint: e, Function: standIn("mcp"), Authorizer: authorizer, TimeoutMillis: 29_000,
			Scopes: []string{"math:use", "notes:write"}, StageLimits: testLimits(), Tracing: true,
		}
		if change != nil {
			change(&args)
		}
		a, err := NewAPI(ctx, "api", &args)
		if err != nil {
			return err
		}
		ctx.Export("stage", a.StageARN)
		return nil
	})
}

var (
	plain = EndpointArgs{StageName: "v1", Description: "tools"}
	named = EndpointArgs{StageName: "v1", Description: "tools", DomainName: "tools.example.com", CertificateARN: testCertificate}
)

func TestAPITree(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"edge":              "leasehold:platform:Endpoint < ",
		"edge-api":          "aws:apigateway/restApi:RestApi < edge",
		"gate":              "leasehold:platform:Authorizer < ",
		"gate-permission":   "aws:lambda/permission:Permission < gate",
		"api":               "leasehold:platform:API < ",
		"api-permission":    "aws:lambda/permission:Permission < api",
		"api-definition":    "aws:apigateway/restApiPut:RestApiPut < api",
		"api-deployment":    "aws:apigateway/deployment:Deployment < api",
		"api-access-log":    "aws:cloudwatch/logGroup:LogGroup < api",
		"api-execution-log": "aws:cloudwatch/logGroup:LogGroup < api",
		"api-stage":         "aws:apigateway/stage:Stage < api",
		"api-settings":      "aws:apigateway/methodSettings:MethodSettings < api",
	}
	wantTree(t, runAPI(t, plain, nil), want)
	want["edge-domain"] = "aws:apigateway/domainName:DomainName < edge"
	want["api-mapping"] = "aws:apigateway/basePathMapping:BasePathMapping < api"
	g := runAPI(t, named, nil)
	wantTree(t, g, want)
	wantInputs(t, g, "api-mapping", object{"domainName": "tools.example.com", "restApi": "edge-api", "stageName": "v1"})
}

func TestAPIStage(t *testing.T) {
	t.Parallel()
	g := runAPI(t, plain, nil)
	stage := one(t, g, "api-stage")
	format := input(t, g, "api-stage", "stageName")
	if format != "v1" || input(t, g, "api-stage", "deployment") != one(t, g, "api-deployment").ID || !stage.Inputs["xrayTracingEnabled"].BoolValue() {
		t.Errorf("stage %v", stage.Inputs)
	}
	settings := stage.Inputs["accessLogSettings"].ObjectValue()
	if got := settings["destinationArn"].StringValue(); got != "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/apigateway/api-access-log-api-access-log" {
		t.Errorf("log to %s", got)
	}
	if !slices.Contains(stage.Dependencies, one(t, g, "api-execution-log").URN) {
		t.Error("the gateway may make its log group before we do")
	}
	wantInputs(t, g, "api-access-log", object{"namePrefix": "/aws/apigateway/api-access-log-", "retentionInDays": 30, "kmsKeyId": testKey})
	wantInputs(t, g, "api-execution-log", object{"name": "API-Gateway-Execution-Logs_edge-api/v1", "retentionInDays": 30, "kmsKeyId": testKey})
	wantInputs(t, g, "api-settings", object{
		"restApi": "edge-api", "stageName": "v1", "methodPath": "*/*",
		"settings": object{
			"throttlingRateLimit": 50, "throttlingBurstLimit": 100, "metricsEnabled": true, "loggingLevel": "ERROR", "dataTraceEnabled": false,
		},
	})
	wantOutputs(t, g, map[string]string{"stage": "arn:aws:apigateway:eu-central-1::/restapis/edge-api/stages/v1"})
}

// The access log names what is asked for and never a header, since those hold the token
// and the session's id (rule 25).
func TestAccessLog(t *testing.T) {
	t.Parallel()
	g := runAPI(t, plain, nil)
	format := one(t, g, "api-stage").Inputs["accessLogSettings"].ObjectValue()["format"].StringValue()
	line := decoded(t, format)
	for key, want := range map[string]string{
		"requestId": "$context.requestId", "time": "$context.requestTime", "status": "$context.status", "path": "$context.resourcePath",
		"tenant": "$context.authorizer.tenant", "latency": "$context.responseLatency", "integrationLatency": "$context.integration.latency",
		"wafStatus": "$context.waf.status", "error": "$context.error.message",
	} {
		if line[key] != want {
			t.Errorf("%s is %v", key, line[key])
		}
	}
	for _, fields := range []map[string]string{restAccessLog, httpAccessLog} {
		for key, value := range fields {
			for _, secret := range []string{"header", "principal", "path\"", "querystring", "identity", "challenge"} {
				if strings.Contains(strings.ToLower(value), secret) {
					t.Errorf("%s logs %s", key, value)
				}
			}
		}
	}
}

func TestRule37PermissionOnTheAlias(t *testing.T) {
	t.Parallel()
	for _, streaming := range []bool{false, true} {
		g := runAPI(t, plain, func(a *APIArgs) { a.Streaming = streaming })
		wantInputs(t, g, "api-permission", object{
			"action": "lambda:InvokeFunction", "function": "mcp", "qualifier": "live", "principal": "apigateway.amazonaws.com",
			"sourceArn": "arn:aws:execute-api:eu-central-1:111122223333:edge-api/v1/*",
		})
	}
}

func TestRule37StreamingURI(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]struct {
		streaming bool
		uri       string
		timeout   float64
	}{
		"BUFFERED": {false, testGatewayLambda + "2015-03-31/functions/" + testLambda + "mcp:live/invocations", 29_000},
		"STREAM":   {true, testGatewayLambda + "2021-11-15/functions/" + testLambda + "mcp:live/response-streaming-invocations", 900_000},
	} {
		g := runAPI(t, plain, func(a *APIArgs) { a.Streaming, a.TimeoutMillis = want.streaming, int(want.timeout) })
		paths := in(t, decoded(t, input(t, g, "api-definition", "body")), "paths")
		for path, methods := range paths {
			for method := range methods.(object) {
				got := in(t, paths, path, method, "x-amazon-apigateway-integration")
				if got["uri"] != want.uri || got["responseTransferMode"] != mode || got["timeoutInMillis"] != want.timeout ||
					got["type"] != "aws_proxy" || got["httpMethod"] != "POST" {
					t.Errorf("%s %s: %v", method, path, got)
				}
			}
		}
	}
}

// Each of these has to reach the stage, and only a new deployment does that.
func TestRule35Redeployment(t *testing.T) {
	t.Parallel()
	type trigger struct{ definition, endpoint string }
	triggers := func(e EndpointArgs, change func(*APIArgs)) trigger {
		g := runAPI(t, e, change)
		got := one(t, g, "api-deployment").Inputs["triggers"].ObjectValue()
		if !slices.Contains(one(t, g, "api-deployment").Dependencies, one(t, g, "api-definition").URN) {
			t.Fatal("the deployment does not wait for the definition")
		}
		return trigger{got["definition"].StringValue(), got["endpoint"].StringValue()}
	}
	first := triggers(plain, nil)
	if again := triggers(plain, nil); again != first {
		t.Errorf("the same program: %v and %v", first, again)
	}
	other := plain
	other.Description = "others"
	for name, got := range map[string]trigger{"description of the RestApi": triggers(other, nil), "domain": triggers(named, nil)} {
		if got.definition == first.definition || got.endpoint == first.endpoint {
			t.Errorf("%s: %v", name, got)
		}
	}
	for name, got := range map[string]trigger{
		"scopes":    triggers(plain, func(a *APIArgs) { a.Scopes = nil }),
		"streaming": triggers(plain, func(a *APIArgs) { a.Streaming = true }),
		"timeout":   triggers(plain, func(a *APIArgs) { a.TimeoutMillis = 28_000 }),
		"origins":   triggers(plain, func(a *APIArgs) { a.AllowedOrigins = []string{"https://a.example"} }),
	} {
		if got.definition == first.definition || got.endpoint != first.endpoint {
			t.Errorf("%s: %v", name, got)
		}
	}
	if limits := triggers(plain, func(a *APIArgs) { a.ThrottleRate = 1 }); limits != first {
		t.Error("a deployment for what only the stage knows")
	}
}

// A put overwrites: what RestApi was given and the body lacks would be lost, the closed
// default host first of all.
func TestRule35BodyRepeatsTheRestAPI(t *testing.T) {
	t.Parallel()
	for _, e := range []EndpointArgs{plain, named} {
		g := runAPI(t, e, nil)
		body := decoded(t, input(t, g, "api-definition", "body"))
		if info := in(t, body, "info"); info["title"] != "edge-api" || info["description"] != "tools" {
			t.Errorf("info %v", info)
		}
		closed := in(t, body, "x-amazon-apigateway-endpoint-configuration")["disableExecuteApiEndpoint"]
		if closed != one(t, g, "edge-api").Inputs["disableExecuteApiEndpoint"].BoolValue() {
			t.Errorf("default host closed: %v", closed)
		}
		if one(t, g, "edge-api").Inputs.HasValue("body") {
			t.Error("the RestApi has a body of its own")
		}
		wantInputs(t, g, "api-definition", object{
			"restApiId": "edge-api", "failOnWarnings": true, "body": input(t, g, "api-definition", "body"),
		})
	}
}

func TestAPIArgs(t *testing.T) {
	t.Parallel()
	_, err := NewAPI(nil, "api", nil)
	wantError(t, err, "api api", "args: required")
	_, err = NewAPI(nil, "api", &APIArgs{
		Scopes: []string{"fine", "it's", "two words", ""}, AllowedOrigins: []string{"https://a.example", "*", "https://a.example/", "null", "https://'a"},
	})
	wantError(t, err, "Endpoint: required", "Function: required", "Authorizer: required", "TimeoutMillis: 0 is not 50 to 29000",
		"Scopes[1]", "Scopes[2]", "Scopes[3]", "AllowedOrigins[1]", "AllowedOrigins[2]", "AllowedOrigins[3]", "AllowedOrigins[4]",
		"ThrottleRate: 0", "ThrottleBurst: 0", "AccessLogRetentionDays: 0")
	if strings.Contains(err.Error(), "Scopes[0]") || strings.Contains(err.Error(), "AllowedOrigins[0]") {
		t.Errorf("%v", err)
	}
	sound := APIArgs{Endpoint: new(Endpoint), Function: new(Function), Authorizer: new(Authorizer), StageLimits: testLimits()}
	for millis, want := range map[int][2]bool{49: {}, 50: {true, true}, 29_000: {true, true}, 29_001: {false, true}, 900_000: {false, true}, 900_001: {}} {
		for i, streaming := range []bool{false, true} {
			a := sound
			a.TimeoutMillis, a.Streaming = millis, streaming
			if err := a.validate(); (err == nil) != want[i] {
				t.Errorf("%d ms, streaming %v: %v", millis, streaming, err)
			}
		}
	}
}
