package platform

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var update = flag.Bool("update", false, "write the golden files")

const serverDocument = `{"issuer": "https://tools.example.com", "note": "costs $5, see #4"}`

// variants are the definitions that the switches of APIArgs lead to.
var variants = map[string]struct {
	endpoint EndpointArgs
	change   func(*APIArgs)
}{
	"plain":     {plain, nil},
	"streaming": {plain, func(a *APIArgs) { a.Streaming, a.TimeoutMillis = true, 900_000 }},
	"full": {named, func(a *APIArgs) {
		a.AllowedOrigins = []string{"https://console.example.com"}
		a.AuthorizationServerMetadata = pulumi.String(serverDocument)
	}},
	"bare": {plain, func(a *APIArgs) { a.Scopes, a.DenyWithoutChallenge = nil, true }},
}

func TestDefinitionIsOpenAPI(t *testing.T) {
	t.Parallel()
	for name, v := range variants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := input(t, runAPI(t, v.endpoint, v.change), "api-definition", "body")
			document, err := openapi3.NewLoader().LoadFromData([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if err := document.Validate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDefinitionGolden(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	if err := json.Indent(&got, []byte(input(t, runAPI(t, named, variants["full"].change), "api-definition", "body")), "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	file := filepath.Join("testdata", "openapi.json")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s is another definition; go test -run Golden -update, and read the difference", file)
	}
}

// Which methods exist, and which of them need a token.
func TestRule36Methods(t *testing.T) {
	t.Parallel()
	const guarded, open = true, false
	want := map[string]map[string]bool{
		"/mcp":                                  {"x-amazon-apigateway-any-method": guarded, "options": open},
		"/.well-known/oauth-protected-resource": {"get": open, "options": open},
		"/.well-known/oauth-protected-resource/mcp": {"get": open, "options": open},
		"/healthz": {"get": open},
	}
	check := func(v string) {
		body := decoded(t, input(t, runAPI(t, variants[v].endpoint, variants[v].change), "api-definition", "body"))
		paths := in(t, body, "paths")
		if len(paths) != len(want) {
			t.Errorf("%s: %d paths, not %d", v, len(paths), len(want))
		}
		for path, methods := range want {
			got := in(t, paths, path)
			if len(got) != len(methods) {
				t.Errorf("%s: %s has %d methods, not %d", v, path, len(got), len(methods))
			}
			for method, needsToken := range methods {
				security, ok := in(t, got, method)["security"].([]any)
				if ok != needsToken || ok && (len(security) != 1 || security[0].(object)["bearer"] == nil) {
					t.Errorf("%s: %s %s has security %v", v, method, path, security)
				}
			}
		}
	}
	check("plain")
	want["/.well-known/oauth-authorization-server"] = map[string]bool{"get": open, "options": open}
	want["/.well-known/openid-configuration"] = map[string]bool{"get": open, "options": open}
	check("full")
}

func TestRule33AuthorizerInTheDefinition(t *testing.T) {
	t.Parallel()
	body := decoded(t, input(t, runAPI(t, plain, nil), "api-definition", "body"))
	scheme := in(t, body, "components", "securitySchemes", "bearer")
	if scheme["x-amazon-apigateway-authtype"] != "custom" || scheme["type"] != "apiKey" || scheme["in"] != "header" || scheme["name"] != "Authorization" {
		t.Errorf("scheme %v", scheme)
	}
	got := in(t, scheme, "x-amazon-apigateway-authorizer")
	for key, want := range map[string]any{
		"type": "request", "identitySource": "method.request.header.Authorization", "authorizerResultTtlInSeconds": 0.0,
		"authorizerUri": testGatewayLambda + "2015-03-31/functions/" + testLambda + "authorizer:live/invocations",
	} {
		if got[key] != want {
			t.Errorf("%s is %v", key, got[key])
		}
	}
}

// Rule 41: the document is the gateway's own answer, readable from any page.
func TestRule41ServerMetadata(t *testing.T) {
	t.Parallel()
	body := decoded(t, input(t, runAPI(t, named, variants["full"].change), "api-definition", "body"))
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		get := in(t, body, "paths", path, "get", "x-amazon-apigateway-integration")
		answer := in(t, get, "responses", "default")
		template := in(t, answer, "responseTemplates")["application/json"].(string)
		if got := decoded(t, template); got["note"] != "costs $5, see #4" || got["issuer"] != "https://tools.example.com" {
			t.Errorf("%s: %s", path, template)
		}
		if strings.ContainsAny(template, "$#") {
			t.Errorf("Velocity would read %s", template)
		}
		if get["type"] != "mock" || in(t, answer, "responseParameters")["method.response.header.Access-Control-Allow-Origin"] != "'*'" {
			t.Errorf("%s: %v", path, get)
		}
		preflight := in(t, body, "paths", path, "options", "x-amazon-apigateway-integration", "responses", "default")
		if preflight["statusCode"] != "204" || in(t, preflight, "responseParameters")["method.response.header.Access-Control-Allow-Headers"] != "'MCP-Protocol-Version'" {
			t.Errorf("%s: %v", path, preflight)
		}
		for _, method := range []string{"get", "options"} {
			declared := in(t, body, "paths", path, method, "responses")
			integration := in(t, body, "paths", path, method, "x-amazon-apigateway-integration", "responses", "default")
			headers := in(t, declared, integration["statusCode"].(string), "headers")
			for name := range in(t, integration, "responseParameters") {
				if headers[strings.TrimPrefix(name, "method.response.header.")] == nil {
					t.Errorf("%s %s sets %s, which is not declared", method, path, name)
				}
			}
		}
	}
	for _, bad := range []string{`[]`, `null`, `{"a":`, `"text"`} {
		_, err := definition{ServerMetadata: bad}.encode()
		wantError(t, err, "AuthorizationServerMetadata: not a JSON object")
	}
}

// No binary types and no compression: the function's answers are text, and streams.
func TestDefinitionLeavesOff(t *testing.T) {
	t.Parallel()
	body := input(t, runAPI(t, plain, nil), "api-definition", "body")
	for _, extension := range []string{"binary-media-types", "minimum-compression-size", "x-amazon-apigateway-policy", "api-key-source", "credentials"} {
		if strings.Contains(body, extension) {
			t.Errorf("the definition has %s", extension)
		}
	}
	keys := []string{}
	for key := range decoded(t, body) {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	if want := "components info openapi paths x-amazon-apigateway-endpoint-configuration x-amazon-apigateway-gateway-responses"; strings.Join(keys, " ") != want {
		t.Errorf("members %v", keys)
	}
}
