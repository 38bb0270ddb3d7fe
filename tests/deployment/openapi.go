package deployment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// definition is an OpenAPI document with API Gateway's extensions. Members that are not
// here are errors: AWS would heed them, and this test bed would not.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
type definition struct {
	OpenAPI    string                                `json:"openapi"`
	Info       json.RawMessage                       `json:"info"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		SecuritySchemes map[string]securityScheme `json:"securitySchemes"`
	} `json:"components"`
	Endpoint struct {
		DisableExecuteAPI bool `json:"disableExecuteApiEndpoint"`
	} `json:"x-amazon-apigateway-endpoint-configuration"`
	Responses map[string]struct {
		Status     string            `json:"statusCode"`
		Parameters map[string]string `json:"responseParameters"`
		Templates  map[string]string `json:"responseTemplates"`
	} `json:"x-amazon-apigateway-gateway-responses"`
}

type securityScheme struct {
	Type       string `json:"type"`
	Name       string `json:"name"`
	In         string `json:"in"`
	AuthType   string `json:"x-amazon-apigateway-authtype"`
	Authorizer struct {
		Type   string `json:"type"`
		Source string `json:"identitySource"`
		URI    string `json:"authorizerUri"`
		TTL    *int   `json:"authorizerResultTtlInSeconds"`
	} `json:"x-amazon-apigateway-authorizer"`
}

type operation struct {
	Responses map[string]struct {
		Description string                     `json:"description"`
		Headers     map[string]json.RawMessage `json:"headers"`
	} `json:"responses"`
	Security    []map[string][]string `json:"security"`
	Integration integration           `json:"x-amazon-apigateway-integration"`
}

type integration struct {
	Type         string            `json:"type"`
	Method       string            `json:"httpMethod"`
	URI          string            `json:"uri"`
	TransferMode string            `json:"responseTransferMode"`
	Millis       int               `json:"timeoutInMillis"`
	Passthrough  string            `json:"passthroughBehavior"`
	Templates    map[string]string `json:"requestTemplates"`
	Responses    map[string]struct {
		Status     string            `json:"statusCode"`
		Parameters map[string]string `json:"responseParameters"`
		Templates  map[string]string `json:"responseTemplates"`
	} `json:"responses"`
}

func strict(document []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// readDefinition reads what was put into the API. closed says that the execute-api host is
// switched off; the definition decides that, and not the API's own argument, because a put
// overwrites (RULES 35).
func (d *Deployment) readDefinition(s state, rest *REST, api *resource) (closed bool, err error) {
	put, err := s.must("apigateway/restApiPut:RestApiPut", api.URN)
	if err != nil {
		return false, err
	}
	var o struct {
		API  string `json:"restApiId"`
		Body string `json:"body"`
	}
	if err := put.decode(&o); err != nil {
		return false, err
	}
	if o.API != rest.ID {
		return false, put.errorf("defines the API %s, not %s", o.API, rest.ID)
	}
	var def definition
	if err := strict([]byte(o.Body), &def); err != nil {
		return false, put.errorf("definition: %w", err)
	}
	authorizers, err := d.authorizers(def)
	if err != nil {
		return false, put.errorf("definition: %w", err)
	}
	rest.Methods = map[string]map[string]*Method{}
	var errs []error
	for path, operations := range def.Paths {
		if strings.Contains(path, "{") {
			errs = append(errs, put.errorf("definition: %s: paths with parameters are not run here", path))
		}
		rest.Methods[path] = map[string]*Method{}
		for name, document := range operations {
			method, err := d.method(document, authorizers)
			if err != nil {
				errs = append(errs, put.errorf("definition: %s %s: %w", name, path, err))
			}
			if name = strings.ToUpper(name); name == "X-AMAZON-APIGATEWAY-ANY-METHOD" {
				name = AnyMethod
			}
			rest.Methods[path][name] = method
		}
	}
	if rest.Responses, err = def.gatewayResponses(); err != nil {
		errs = append(errs, put.errorf("definition: %w", err))
	}
	return def.Endpoint.DisableExecuteAPI, errors.Join(errs...)
}

// authorizers reads those of the security schemes. The result of one that says nothing else
// is cached for 300 seconds.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
func (d *Deployment) authorizers(def definition) (map[string]*Authorizer, error) {
	all := map[string]*Authorizer{}
	var errs []error
	for name, scheme := range def.Components.SecuritySchemes {
		a, err := d.authorizer(name, scheme)
		if err != nil {
			errs = append(errs, fmt.Errorf("security scheme %s: %w", name, err))
		}
		all[name] = a
	}
	return all, errors.Join(errs...)
}

func (d *Deployment) authorizer(name string, scheme securityScheme) (*Authorizer, error) {
	a := scheme.Authorizer
	if scheme.Type != "apiKey" || scheme.AuthType != "custom" || a.Type != "request" {
		return nil, errors.New("only Lambda authorizers of type request are run here")
	}
	arn, streaming, err := functionOf(a.URI)
	if err == nil && streaming {
		err = errors.New("an authorizer does not stream")
	}
	var alias *Alias
	if err == nil {
		alias, err = d.Alias(arn)
	}
	if err != nil {
		return nil, fmt.Errorf("authorizerUri: %w", err)
	}
	ttl := 300
	if a.TTL != nil {
		ttl = *a.TTL
	}
	out := &Authorizer{Name: name, Function: alias, TTL: time.Duration(ttl) * time.Second}
	for _, source := range strings.FieldsFunc(a.Source, func(r rune) bool { return r == ',' || r == ' ' }) {
		if !slices.ContainsFunc(identitySources, func(prefix string) bool { return strings.HasPrefix(source, prefix) }) {
			return nil, fmt.Errorf("identity source %s is not run here", source)
		}
		out.Sources = append(out.Sources, source)
	}
	if ttl > 0 && out.Sources == nil {
		return nil, errors.New("a cache needs an identity source")
	}
	return out, nil
}

// identitySources are the beginnings of those that are run.
var identitySources = []string{"method.request.header.", "method.request.querystring.", "context."}

func (d *Deployment) method(document []byte, authorizers map[string]*Authorizer) (*Method, error) {
	var op operation
	if err := strict(document, &op); err != nil {
		return nil, err
	}
	m := &Method{}
	for _, alternative := range op.Security {
		for name := range alternative {
			if m.Authorizer = authorizers[name]; m.Authorizer == nil || len(op.Security) > 1 {
				return nil, fmt.Errorf("security %s: one authorizer of the definition is expected", name)
			}
		}
	}
	switch op.Integration.Type {
	case "mock":
		var err error
		m.Mock, err = op.mock()
		return m, err
	case "aws_proxy":
		return m, d.proxy(m, op.Integration)
	default:
		return nil, fmt.Errorf("integration type %q is not run here", op.Integration.Type)
	}
}

// proxy reads a Lambda integration. Its method is Lambda's, POST, and its mode and URI have
// to fit: API Gateway calls another operation of Lambda to stream.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
func (d *Deployment) proxy(m *Method, i integration) error {
	arn, streaming, err := functionOf(i.URI)
	if err != nil {
		return err
	}
	if m.Function, err = d.Alias(arn); err != nil {
		return fmt.Errorf("uri: %w", err)
	}
	m.Streaming = i.TransferMode == "STREAM"
	if m.Streaming != streaming {
		return fmt.Errorf("responseTransferMode %q does not fit the uri %s", i.TransferMode, i.URI)
	}
	if i.Method != http.MethodPost {
		return fmt.Errorf("httpMethod %q: Lambda is called with POST", i.Method)
	}
	most := 29_000
	if streaming {
		most = 900_000
	}
	if i.Millis == 0 {
		i.Millis = 29_000
	}
	if i.Millis < 50 || i.Millis > most {
		return fmt.Errorf("timeoutInMillis: %d is not 50 to %d", i.Millis, most)
	}
	m.Timeout = time.Duration(i.Millis) * time.Millisecond
	return nil
}

// functionOf is the function of an invocation URI.
func functionOf(uri string) (arn string, streaming bool, err error) {
	_, path, ok := strings.Cut(uri, ":lambda:path/")
	for version, operation := range map[string]string{"2015-03-31": "/invocations", "2021-11-15": "/response-streaming-invocations"} {
		rest, isVersion := strings.CutPrefix(path, version+"/functions/")
		arn, isOperation := strings.CutSuffix(rest, operation)
		if ok && strings.HasPrefix(uri, "arn:") && isVersion && isOperation {
			return arn, version == "2021-11-15", nil
		}
	}
	return "", false, fmt.Errorf("%s is no URI of an invocation", uri)
}

// mock reads the answer of a mock integration: one status for every request, a literal body,
// static headers that the method declares.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
func (op *operation) mock() (*Mock, error) {
	answer, ok := op.Integration.Responses["default"]
	if !ok || len(op.Integration.Responses) != 1 || len(answer.Templates) != 1 {
		return nil, errors.New("a mock is expected to have the response default alone, with one template")
	}
	status, err := strconv.Atoi(answer.Status)
	if err != nil {
		return nil, fmt.Errorf("statusCode: %w", err)
	}
	if want := `{"statusCode": ` + answer.Status + `}`; len(op.Integration.Templates) != 1 || op.Integration.Templates["application/json"] != want ||
		op.Integration.Passthrough != "when_no_templates" {
		return nil, fmt.Errorf("requestTemplates of a mock are expected to be %s for application/json, and passthroughBehavior when_no_templates", want)
	}
	m := &Mock{Status: status, Header: map[string]string{}}
	for m.ContentType, m.Body = range answer.Templates {
	}
	if strings.ContainsAny(m.Body, "$#") {
		return nil, errors.New("responseTemplates: Velocity is not run here")
	}
	for parameter, value := range answer.Parameters {
		name, ok := strings.CutPrefix(parameter, "method.response.header.")
		if _, declared := op.Responses[answer.Status].Headers[name]; !ok || !declared {
			return nil, fmt.Errorf("responseParameters: %s is no header that the method declares for %s", parameter, answer.Status)
		}
		static, ok := Static(value)
		if !ok {
			return nil, fmt.Errorf("responseParameters: %s: %s is no static value", parameter, value)
		}
		m.Header[name] = static
	}
	return m, nil
}

// Static is the value of a mapping expression between single quotes.
func Static(expression string) (value string, ok bool) {
	if len(expression) < 2 || expression[0] != '\'' || expression[len(expression)-1] != '\'' {
		return "", false
	}
	return expression[1 : len(expression)-1], true
}

// responseTypes are those that a definition may name.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
var responseTypes = []string{
	"ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE", "BAD_REQUEST_BODY",
	"BAD_REQUEST_PARAMETERS", "DEFAULT_4XX", "DEFAULT_5XX", "EXPIRED_TOKEN", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT",
	"INVALID_API_KEY", "INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "REQUEST_TOO_LARGE",
	"RESOURCE_NOT_FOUND", "THROTTLED", "UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "WAF_FILTERED",
}

// gatewayResponses reads headers that are static or of the context, and JSON templates.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-gateway-responses.html
func (def definition) gatewayResponses() (map[string]GatewayResponse, error) {
	all := map[string]GatewayResponse{}
	var errs []error
	fail := func(kind, format string, args ...any) {
		errs = append(errs, fmt.Errorf("gateway response %s: "+format, append([]any{kind}, args...)...))
	}
	for kind, r := range def.Responses {
		if !slices.Contains(responseTypes, kind) {
			fail(kind, "there is no such type")
		}
		out := GatewayResponse{Header: map[string]string{}, Template: r.Templates["application/json"]}
		if len(r.Templates) > 1 || len(r.Templates) == 1 && out.Template == "" {
			fail(kind, "only templates for application/json are run here")
		}
		if r.Status != "" {
			status, err := strconv.Atoi(r.Status)
			if err != nil {
				fail(kind, "statusCode: %w", err)
			}
			out.Status = status
		}
		for parameter, expression := range r.Parameters {
			name, ok := strings.CutPrefix(parameter, "gatewayresponse.header.")
			_, static := Static(expression)
			if !ok || !static && !strings.HasPrefix(expression, "context.") {
				fail(kind, "%s: %s is not run here", parameter, expression)
			}
			out.Header[name] = expression
		}
		all[kind] = out
	}
	return all, errors.Join(errs...)
}
