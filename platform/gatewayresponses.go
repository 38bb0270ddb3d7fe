package platform

import (
	"encoding/json"
	"strconv"
	"strings"
)

// retrySeconds is when to come back after the gateway could not answer: what the function
// itself says when it has no keys to check a token with (RULES 16).
const retrySeconds = 30

// gatewayResponses are the answers that API Gateway gives without the function. Their
// bodies are shaped like the function's, with the request's id to ask about.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
type gatewayResponses struct {
	MetadataURL  string
	Scopes       []string
	Origins      []string
	PlainDenials bool
}

// gatewayResponse is one of them. Status 0 is the one that the gateway would give.
type gatewayResponse struct {
	status      int
	code, text  string
	extra       map[string]string // members of the body
	header      map[string]string // static values
	fromContext map[string]string // mapping expressions
}

func (g gatewayResponses) all() object {
	retry := map[string]string{"Retry-After": strconv.Itoa(retrySeconds)}
	missing := gatewayResponse{status: 404, code: "not_found", text: "nothing is served here"}
	unavailable := gatewayResponse{
		status: 503, code: "temporarily_unavailable", text: "the token cannot be checked at the moment; try again later", header: retry,
	}
	all := object{}
	for kind, r := range map[string]gatewayResponse{
		// A request without a token, and the function's "Unauthorized". It cannot be told
		// which, so no error is named (RULES 33).
		"UNAUTHORIZED": {
			status: 401, code: "unauthenticated", text: "a valid bearer token is required",
			header: map[string]string{"WWW-Authenticate": g.challenge()},
		},
		"ACCESS_DENIED": g.denied(),
		// What the gateway calls a missing token is a path or method that does not exist; the
		// 404 is AWS's own example. On /mcp every method exists (RULES 36).
		// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-gateway-response-using-the-console.html
		"MISSING_AUTHENTICATION_TOKEN": missing,
		"RESOURCE_NOT_FOUND":           missing,
		// The authorizer failed, or could not be had: 503 and not 401, as the function does
		// without keys (RULES 16). Both are 500 by default.
		"AUTHORIZER_FAILURE":             unavailable,
		"AUTHORIZER_CONFIGURATION_ERROR": unavailable,
		"INTEGRATION_TIMEOUT":            {status: 504, code: "timeout", text: "the answer took too long"},
		"INTEGRATION_FAILURE":            {status: 502, code: "bad_gateway", text: "the server could not answer"},
		"THROTTLED":                      {status: 429, code: "too_many_requests", text: "too many requests; try again later", header: map[string]string{"Retry-After": "1"}},
		"REQUEST_TOO_LARGE":              {status: 413, code: "request_too_large", text: "the request is too large"},
		"UNSUPPORTED_MEDIA_TYPE":         {status: 415, code: "unsupported_media_type", text: "this content type is not accepted"},
		"WAF_FILTERED":                   {status: 403, code: "request_blocked", text: "the request was blocked"},
		// No status: one here would become that of every response without an entry.
		"DEFAULT_4XX": {code: "request_refused", text: "the request cannot be served"},
		"DEFAULT_5XX": {code: "internal_error", text: "the server failed"},
	} {
		all[kind] = r.encode(g.cors())
	}
	return all
}

// denied is the authorizer's 403. What to say is in its context, since a missing scope and
// a token without a tenant differ (RULES 18, 33); the keys are those of apps/authorizer.
func (g gatewayResponses) denied() gatewayResponse {
	r := gatewayResponse{
		status: 403, code: "$context.authorizer.code", text: "$context.authorizer.description",
		extra: map[string]string{"scope": "$context.authorizer.scope"},
	}
	if !g.PlainDenials {
		r.fromContext = map[string]string{"WWW-Authenticate": "context.authorizer.challenge"}
	}
	return r
}

// challenge is RFC 9728's, section 5.1, with every scope that an operation may need.
func (g gatewayResponses) challenge() string {
	challenge := `Bearer resource_metadata="` + g.MetadataURL + `"`
	if len(g.Scopes) > 0 {
		challenge += `, scope="` + strings.Join(g.Scopes, " ") + `"`
	}
	return challenge
}

// cors are the headers by which a page of an allowed origin may read the answer; without
// them a browser shows it no status at all (RULES 36).
func (g gatewayResponses) cors() map[string]string {
	origin := "*"
	switch len(g.Origins) {
	case 0:
		return nil
	case 1:
		origin = g.Origins[0]
	}
	return map[string]string{
		"Access-Control-Allow-Origin":   origin,
		"Access-Control-Expose-Headers": "WWW-Authenticate, Retry-After",
	}
}

// encode writes the response. Templates of gateway responses are not Velocity's: $context
// variables are replaced and nothing else is.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
func (r gatewayResponse) encode(cors map[string]string) object {
	parameters := object{"gatewayresponse.header.Cache-Control": quoted("no-store")}
	for _, static := range []map[string]string{cors, r.header} {
		for name, value := range static {
			parameters["gatewayresponse.header."+name] = quoted(value)
		}
	}
	for name, source := range r.fromContext {
		parameters["gatewayresponse.header."+name] = source
	}
	members := map[string]string{"error": r.code, "error_description": r.text, "request_id": "$context.requestId"}
	for name, value := range r.extra {
		members[name] = value
	}
	body, err := json.Marshal(members)
	if err != nil {
		panic(err) // text always encodes
	}
	response := object{"responseParameters": parameters, "responseTemplates": object{"application/json": string(body)}}
	if r.status != 0 {
		response["statusCode"] = strconv.Itoa(r.status)
	}
	return response
}
