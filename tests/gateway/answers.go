package gateway

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"leasehold.example/tests/deployment"
)

// failure is a request that the gateway answers by itself.
type failure struct {
	// kind is the gateway response's type, such as "UNAUTHORIZED"; empty is one without a type
	// of its own, which the defaults answer.
	kind string
	// status is what AWS answers unless the definition says otherwise.
	status int
	// message is AWS's own.
	message string
	// errorType is for the header x-amzn-ErrorType.
	errorType string
	// why is for the execution log: what is wrong.
	why string
}

// The failures, with AWS's statuses and messages.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
var (
	blocked          = failure{"WAF_FILTERED", 403, "Forbidden", "ForbiddenException", "the web ACL blocked the request"}
	undeclared       = failure{"MISSING_AUTHENTICATION_TOKEN", 403, "Missing Authentication Token", "MissingAuthenticationTokenException", "the definition has no such path or method"}
	throttled        = failure{"THROTTLED", 429, "Too Many Requests", "TooManyRequestsException", "more than the stage's rate and burst"}
	requestTooLarge  = failure{"REQUEST_TOO_LARGE", 413, "Request Too Long", "RequestTooLargeException", "the payload is larger than the 10 MB of API Gateway or the 6 MB of Lambda"}
	unauthorized     = failure{"UNAUTHORIZED", 401, "Unauthorized", "UnauthorizedException", "an identity source is missing, or the authorizer said Unauthorized"}
	accessDenied     = failure{"ACCESS_DENIED", 403, "User is not authorized to access this resource", "AccessDeniedException", "the authorizer's policy does not allow the method"}
	authorizerFailed = failure{"AUTHORIZER_FAILURE", 500, "Internal server error", "AuthorizerFailureException", "the authorizer failed"}
	authorizerConfig = failure{"AUTHORIZER_CONFIGURATION_ERROR", 500, "Internal server error", "AuthorizerConfigurationException", ""}
	unsupportedType  = failure{"UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported Media Type", "BadRequestException", "the mock has no request template for the content type"}
	timedOut         = failure{"INTEGRATION_TIMEOUT", 504, "Endpoint request timed out", "InternalServerErrorException", "the function took longer than the integration's timeoutInMillis"}
	integration      = failure{"INTEGRATION_FAILURE", 500, "Internal server error", "InternalServerErrorException", ""}
	malformed        = failure{"", 502, "Internal server error", "InternalServerErrorException", ""}
)

func (f failure) because(why string) *failure {
	f.why = why
	return &f
}

// fail answers with the definition's gateway response for the type, or its default one, or
// AWS's own.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
func (c *call) fail(f *failure, responses map[string]deployment.GatewayResponse) {
	kind, fallback := f.kind, "DEFAULT_4XX"
	if f.status >= http.StatusInternalServerError {
		fallback = "DEFAULT_5XX"
	}
	response, ok := responses[kind]
	if !ok {
		response = responses[fallback]
	}
	if kind == "" {
		kind = fallback
	}
	status := f.status
	if response.Status != 0 {
		status = response.Status
	}
	c.explain("%s (%d): %s", kind, status, f.why)
	c.context["error.message"], c.context["error.messageString"] = f.message, quoted(f.message)
	c.context["error.responseType"] = kind
	h := c.Header()
	h.Set("X-Amzn-Requestid", c.context["requestId"])
	h.Set("X-Amzn-Errortype", f.errorType)
	h.Set("Content-Type", "application/json")
	for name, expression := range response.Header {
		value, static := deployment.Static(expression)
		if !static {
			variable, _ := strings.CutPrefix(expression, "context.")
			value = c.context[variable]
		}
		if value != "" { // a header that has no value is not sent; on AWS's checklist
			h.Set(name, value)
		}
	}
	template := response.Template
	if template == "" {
		template = `{"message":$context.error.messageString}`
	}
	c.WriteHeader(status)
	_, _ = c.Write([]byte(render(template, c.context, ""))) // a client that left needs none
}

// variable is $context.NAME in an access log format or a gateway response's template.
var variable = regexp.MustCompile(`\$context((?:\.[A-Za-z0-9_-]+)+)`)

// render puts variables in as they are: nothing is escaped.
func render(template string, values map[string]string, absent string) string {
	return variable.ReplaceAllStringFunc(template, func(match string) string {
		if v := values[strings.TrimPrefix(match, "$context.")]; v != "" {
			return v
		}
		return absent
	})
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // text always encodes
	}
	return string(b)
}

// What becomes of headers between API Gateway and a Lambda function: the columns for Lambda
// of the table in
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
var (
	droppedFromRequest = []string{
		"Connection", "Content-Md5", "Expect", "Max-Forwards", "Proxy-Authenticate", "Server", "Te", "Trailer", "Upgrade", "Www-Authenticate",
	}
	droppedFromResponse = []string{"Expect", "Host", "Proxy-Authenticate", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Via"}
	remapped            = []string{
		"Authorization", "Connection", "Content-Md5", "Date", "Max-Forwards", "Server", "User-Agent", "Www-Authenticate",
	}
)

// remap gives a function's header the names that the client gets (RULES 33).
func remap(h http.Header) {
	for _, name := range droppedFromResponse {
		h.Del(name)
	}
	for _, name := range remapped {
		if values, ok := h[name]; ok {
			h["X-Amzn-Remapped-"+name] = values
			h.Del(name)
		}
	}
}
