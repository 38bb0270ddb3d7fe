package pack

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// publicMethods are the methods of a REST API that anybody may call, each for its reason.
// OPTIONS, which browsers send without a token before they ask, is public on every path.
var publicMethods = []string{
	"GET /.well-known/oauth-protected-resource",       // RFC 9728: read before there is a token
	"GET /.well-known/oauth-protected-resource/mcp",   // the same, where RFC 9728 puts it for /mcp
	"GET /.well-known/oauth-authorization-server",     // RFC 8414, where we serve it for the issuer
	"GET /.well-known/oauth-authorization-server/mcp", //
	"GET /.well-known/openid-configuration",           // the same document, for clients that ask so
	"GET /healthz",                                    // says that the function answers, and nothing else
}

// publicRoutes are those of an HTTP API. It has no gateway responses, so that an authorizer's
// 401 would lack the challenge that clients sign in by; the function checks every token itself.
var publicRoutes = append([]string{"ANY /mcp"}, publicMethods...)

var apiRules = []rule{
	{
		name:    "api-methods-authorised",
		why:     "A method that somebody adds is refused at the edge until somebody decides that it is public; those that are, are listed by name",
		control: "APIGateway.8", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/apigateway-controls.html#apigateway-8",
		types: append([]string{httpRoute}, definitions...), each: methodsAuthorised,
	},
	{
		name: "api-authorizer-uncached",
		why:  "An answer that is remembered outlives the token it was for; without the Authorization header as identity source, requests without a token reach the function",
		page: "https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html", types: definitions,
		each: eachDefinition(authorizerUncached),
	},
	{
		name: "api-challenge",
		why:  "A client learns where to sign in from the WWW-Authenticate header of a 401 (RFC 9728, section 5.1); the gateway's own 401 has none",
		page: "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html", types: definitions,
		each: eachDefinition(challenges),
	},
	{
		name: "api-definition-not-public",
		why:  "A resource policy for everybody, imported with the definition, overrides the one that was reviewed",
		page: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies.html", types: definitions,
		each: eachDefinition(definitionNotPublic),
	},
	{
		name:    "api-access-log",
		why:     "Who called what, when and with what result is told by the access log, which must not tell the token with it",
		control: "APIGateway.9", page: "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html",
		types: []string{restStage, httpStage}, each: every(want("accessLogSettings.destinationArn", "the ARN of a log group", isSet), logFormat),
	},
	{
		name:    "api-execution-log",
		why:     "Why the gateway itself refused or failed is in no other place than its execution log",
		control: "APIGateway.1", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/apigateway-controls.html#apigateway-1",
		stack: settingsOfStage("loggingLevel ERROR or INFO", func(v property.Value) bool { return known(within(v, "loggingLevel"), oneOf("ERROR", "INFO")) }),
	},
	{
		name: "api-no-data-trace",
		why:  "Data traces write whole requests to the log, the Authorization header and everything that a tenant sends with them",
		page: "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html", types: []string{restSettings, httpStage},
		each: every(want("settings.dataTraceEnabled", "false", isOff), want("defaultRouteSettings.dataTraceEnabled", "false", isOff)),
	},
	{
		name: "api-throttled",
		why:  "Without a rate of its own, one API may use up the account's, and every other API of the account is throttled",
		page: "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html", stack: throttled,
	},
	{
		name:    "api-tracing",
		why:     "A trace that begins at the gateway shows what the authorizer and the gateway took; one that begins in the function cannot",
		control: "APIGateway.3", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/apigateway-controls.html#apigateway-3",
		types: []string{restStage}, each: want("xrayTracingEnabled", "true", isTrue),
	},
	{
		name:    "api-no-cache",
		why:     "A gateway's cache knows no principal: one tenant's answer would be another's, and be stored unencrypted by default",
		control: "APIGateway.5", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/apigateway-controls.html#apigateway-5",
		types: []string{restStage, restSettings}, each: every(want("cacheClusterEnabled", "false", isOff), want("settings.cachingEnabled", "false", isOff)),
	},
	{
		name: "api-redeployed",
		why:  "A definition that is put is not served before a deployment, and nothing deploys a changed one by itself; a hash in the triggers does",
		page: "https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html", types: []string{"aws:apigateway/deployment:Deployment"},
		each: want("triggers", "a hash of the definition", isSet),
	},
}

// known is ok for what is not known yet.
func known(v property.Value, ok func(property.Value) bool) bool { return v.IsComputed() || ok(v) }

func methodsAuthorised(r item, report reporter) {
	if r.Type == httpRoute {
		route, sure := r.text("routeKey")
		authorised := known(r.at("authorizationType"), oneOf("AWS_IAM", "CUSTOM", "JWT"))
		if sure && !authorised && !strings.HasPrefix(route, "OPTIONS ") && !slices.Contains(publicRoutes, route) {
			report(r, "%s has no authorization, and is not among the public routes", route)
		}
		return
	}
	if d, err := definitionOf(r); err != nil {
		report(r, "%v", err)
	} else if d != nil {
		operationsAuthorised(r, d, report)
	}
}

func operationsAuthorised(r item, d *definition, report reporter) {
	operations, err := d.operations()
	if err != nil {
		report(r, "body: %v", err)
	}
	for _, o := range operations {
		if o.method != "OPTIONS" && !slices.Contains(publicMethods, o.method+" "+o.path) && !d.authorised(o) {
			report(r, "%s %s has no authorizer, and is not among the public methods", o.method, o.path)
		}
	}
}

func authorizerUncached(r item, d *definition, report reporter) {
	for name, s := range d.Components.SecuritySchemes {
		a := s.Authorizer
		if a == nil {
			continue
		}
		if !slices.Contains(strings.FieldsFunc(a.IdentitySource, func(c rune) bool { return c == ',' || c == ' ' }), "method.request.header.Authorization") {
			report(r, "authorizer %s: identitySource is %q; expected method.request.header.Authorization", name, a.IdentitySource)
		}
		if a.TTL == nil || *a.TTL != 0 {
			report(r, "authorizer %s: authorizerResultTtlInSeconds is not 0; absent, it is 300", name)
		}
	}
}

// challenges demands the header where the gateway may answer 401 by itself: wherever there
// is an authorizer.
func challenges(r item, d *definition, report reporter) {
	guarded := false
	for _, s := range d.Components.SecuritySchemes {
		guarded = guarded || s.Authorizer != nil
	}
	if !guarded {
		return
	}
	challenge := d.GatewayResponses["UNAUTHORIZED"].ResponseParameters["gatewayresponse.header.WWW-Authenticate"]
	if !strings.HasPrefix(challenge, "'Bearer ") || !strings.Contains(challenge, "resource_metadata=") {
		report(r, "the gateway response UNAUTHORIZED has no WWW-Authenticate header of Bearer with resource_metadata")
	}
}

func definitionNotPublic(r item, d *definition, report reporter) {
	if len(d.Policy) == 0 {
		return
	}
	all, err := statements(property.New(string(d.Policy)))
	if err != nil {
		report(r, "x-amazon-apigateway-policy: %v", err)
	}
	for _, s := range all {
		if s.allows() && everybody(s.Principal) && len(s.Condition) == 0 {
			report(r, "x-amazon-apigateway-policy allows everybody")
		}
	}
}

// tellsTooMuch finds what of a request may hold a token, in an access log's format.
var tellsTooMuch = regexp.MustCompile(`(?i)authorization|\$input|\bheaders?\b|cookie|apikey|token`)

func logFormat(r item, report reporter) {
	format, sure := r.text("accessLogSettings.format")
	switch {
	case !sure || !isSet(r.at("accessLogSettings")):
	case !strings.Contains(format, "$context.requestId"):
		report(r, "accessLogSettings.format has no $context.requestId")
	case tellsTooMuch.MatchString(format):
		report(r, "accessLogSettings.format names %q; no header and no token is logged", tellsTooMuch.FindString(format))
	}
}

// settingsOfStage demands method settings for everything on the stage of a REST API.
func settingsOfStage(what string, ok func(settings property.Value) bool) func(*stack, reporter) {
	return func(s *stack, report reporter) {
		for _, stage := range s.of(restStage) {
			found := slices.ContainsFunc(s.of(restSettings), func(r item) bool {
				return same(r.at("restApi"), stage.at("restApi")) && same(r.at("stageName"), stage.at("stageName")) &&
					known(r.at("methodPath"), oneOf("*/*")) && known(r.at("settings"), ok)
			})
			if !found {
				report(stage, "there are no MethodSettings of */* for the stage with %s", what)
			}
		}
	}
}

// same says that two values are equal, or may be.
func same(a, b property.Value) bool { return a.IsComputed() || b.IsComputed() || a.Equals(b) }

func throttled(s *stack, report reporter) {
	ok := func(v property.Value) bool {
		return known(within(v, "throttlingRateLimit"), atLeast(0.001)) && known(within(v, "throttlingBurstLimit"), atLeast(1))
	}
	settingsOfStage("throttlingRateLimit and throttlingBurstLimit", ok)(s, report)
	for _, stage := range s.of(httpStage) {
		if !known(stage.at("defaultRouteSettings"), ok) {
			report(stage, "defaultRouteSettings has no throttlingRateLimit and throttlingBurstLimit")
		}
	}
}
