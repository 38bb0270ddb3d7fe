package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// object is a JSON object; encoding/json writes its members in the order of their names,
// so that a definition that did not change has the same hash.
type object = map[string]any

// bearerScheme is what the definition calls the authorizer.
const bearerScheme = "bearer"

// definition is what an OpenAPI body is made of, with every output resolved.
type definition struct {
	Title, Description     string
	ClosedDefaultHost      bool
	FunctionURI            string
	Streaming              bool
	TimeoutMillis          int
	AuthorizerURI          string
	AuthorizerCacheSeconds int
	Responses              gatewayResponses
	// ServerMetadata is a JSON object; empty is not served.
	ServerMetadata string
}

// body is the definition once its outputs are known.
func (a *APIArgs) body() pulumi.StringOutput {
	uri := a.Function.InvokeARN
	if a.Streaming {
		uri = a.Function.StreamingInvokeARN
	}
	metadata := pulumi.String("").ToStringPtrOutput()
	if a.AuthorizationServerMetadata != nil {
		metadata = a.AuthorizationServerMetadata.ToStringPtrOutput()
	}
	return pulumi.All(a.Endpoint.Name, a.Endpoint.MetadataURL, uri, a.Authorizer.InvokeARN, metadata.Elem()).ApplyT(
		func(values []any) (string, error) {
			text := func(i int) string { return values[i].(string) }
			return definition{
				Title: text(0), Description: a.Endpoint.args.Description,
				ClosedDefaultHost: a.Endpoint.domain != nil,
				FunctionURI:       text(2), Streaming: a.Streaming, TimeoutMillis: a.TimeoutMillis,
				AuthorizerURI: text(3), AuthorizerCacheSeconds: a.Authorizer.cacheSeconds,
				Responses: gatewayResponses{
					MetadataURL: text(1), Scopes: a.Scopes, Origins: a.AllowedOrigins, PlainDenials: a.DenyWithoutChallenge,
				},
				ServerMetadata: text(4),
			}.encode()
		}).(pulumi.StringOutput)
}

// encode writes OpenAPI 3.0.1 with the extensions of API Gateway:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html.
//
// Binary media types and compression are left off. The function answers in UTF-8, never in
// base64, and reads JSON; a list of binary types would send each body as base64, a third
// larger towards Lambda's 6 MB, and break the mock answers. Compression would buffer streams.
func (d definition) encode() (string, error) {
	paths, err := d.paths()
	if err != nil {
		return "", err
	}
	document, err := json.Marshal(object{
		"openapi": "3.0.1",
		"info":    object{"title": d.Title, "description": d.Description, "version": "1.0"},
		"paths":   paths,
		"components": object{"securitySchemes": object{bearerScheme: object{
			"type": "apiKey", "name": "Authorization", "in": "header",
			"x-amazon-apigateway-authtype":   "custom",
			"x-amazon-apigateway-authorizer": d.authorizer(),
		}}},
		"x-amazon-apigateway-endpoint-configuration": object{"disableExecuteApiEndpoint": d.ClosedDefaultHost},
		"x-amazon-apigateway-gateway-responses":      d.Responses.all(),
	})
	if err != nil {
		return "", fmt.Errorf("definition: %w", err)
	}
	return string(document), nil
}

// authorizer is a REQUEST authorizer. A request without the header gets its 401 from the
// gateway, and the function is not called.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
func (d definition) authorizer() object {
	return object{
		"type": "request", "identitySource": "method.request.header.Authorization",
		"authorizerUri": d.AuthorizerURI, "authorizerResultTtlInSeconds": d.AuthorizerCacheSeconds,
	}
}

// paths are all that exists. On /mcp any method is authorised and reaches the function,
// whose 405 is then the answer; only OPTIONS, which browsers send without a token, is open
// (RULES 36). Elsewhere methods that are not named do not exist.
func (d definition) paths() (object, error) {
	open := d.toFunction()
	guarded := d.toFunction()
	guarded["security"] = []object{{bearerScheme: []string{}}}
	paths := object{
		mcpPath:         object{"x-amazon-apigateway-any-method": guarded, "options": open},
		metadataPath:    object{"get": open, "options": open},
		mcpMetadataPath: object{"get": open, "options": open},
		healthPath:      object{"get": open},
	}
	if d.ServerMetadata == "" {
		return paths, nil
	}
	template, err := literalTemplate(d.ServerMetadata)
	if err != nil {
		return nil, fmt.Errorf("AuthorizationServerMetadata: %w", err)
	}
	// Clients that find no path-inserted document ask for OpenID's, which behind a stage is
	// the only one that can be where they look.
	document := object{"get": published(template), "options": preflight()}
	paths[serverMetadataPath], paths[openIDPath] = document, document
	return paths, nil
}

// toFunction is a Lambda proxy integration. Its HTTP method is Lambda's, always POST.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
func (d definition) toFunction() object {
	mode := "BUFFERED"
	if d.Streaming {
		mode = "STREAM"
	}
	return object{
		"responses": object{"200": object{"description": "the answer of the function, whatever its status"}},
		"x-amazon-apigateway-integration": object{
			"type": "aws_proxy", "httpMethod": "POST", "uri": d.FunctionURI,
			"responseTransferMode": mode, "timeoutInMillis": d.TimeoutMillis,
		},
	}
}

// published answers GET with a document that anybody may read, from any page.
func published(template string) object {
	return mock(200, "application/json", template, map[string]string{
		"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300",
	})
}

// preflight lets pages send the header that MCP clients add to discovery, as the function
// does for the metadata of the resource.
func preflight() object {
	return mock(204, "application/json", "", map[string]string{
		"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, OPTIONS",
		"Access-Control-Allow-Headers": "MCP-Protocol-Version", "Access-Control-Max-Age": "600",
	})
}

// mock is an answer of the gateway's own: no function runs for it.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
func mock(status int, contentType, template string, header map[string]string) object {
	declared, values := object{}, object{}
	for name, value := range header {
		declared[name] = object{"schema": object{"type": "string"}}
		values["method.response.header."+name] = quoted(value)
	}
	code := strconv.Itoa(status)
	return object{
		"responses": object{code: object{"description": "published by the gateway", "headers": declared}},
		"x-amazon-apigateway-integration": object{
			"type": "mock", "passthroughBehavior": "when_no_templates",
			"requestTemplates": object{"application/json": `{"statusCode": ` + code + `}`},
			"responses": object{"default": object{
				"statusCode": code, "responseParameters": values, "responseTemplates": object{contentType: template},
			}},
		},
	}
}

// quoted is a static value of a parameter mapping. There is no way to escape a quote in
// one, so what goes in has been checked not to have any.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping-sources.html
func quoted(value string) string { return "'" + value + "'" }

// literalTemplate is the JSON object as a mapping template that yields it. A template is
// Velocity's, to which $ and # mean something; in JSON both are only ever part of a string,
// where they may be written as escapes.
func literalTemplate(document string) (string, error) {
	var whole object
	if err := json.Unmarshal([]byte(document), &whole); err != nil || whole == nil {
		return "", errors.New("not a JSON object")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(document)); err != nil {
		return "", fmt.Errorf("compact: %w", err)
	}
	return strings.NewReplacer("$", `\u0024`, "#", `\u0023`).Replace(compact.String()), nil
}
