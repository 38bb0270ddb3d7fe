package pack

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

var functionRules = []rule{
	{
		name:    "function-runtime",
		why:     "A runtime out of support gets no fixes; the program is built for one, and for one processor",
		control: "Lambda.2", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/lambda-controls.html#lambda-2",
		types: []string{lambda},
		each: every(want("runtime", `"provided.al2023"`, oneOf("provided.al2023")), want("architectures", "arm64 or x86_64, one of them", func(v property.Value) bool {
			return v.IsArray() && v.AsArray().Len() == 1 && (v.HasComputed() || oneOf("arm64", "x86_64")(v.AsArray().Get(0)))
		})),
	},
	{
		name:    "function-tracing",
		why:     "A slow or failed request is followed through gateway, function and table by its trace, or guessed at",
		control: "Lambda.7", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/lambda-controls.html#lambda-7",
		types: []string{lambda}, each: want("tracingConfig.mode", `"Active"`, oneOf("Active")),
	},
	{
		name: "function-environment-without-secrets",
		why:  "Whoever may read a function's configuration reads its environment, and so do its crash dumps; it names a secret, and the code fetches it",
		page: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-security", types: []string{lambda},
		each: noSecretsInEnvironment,
	},
	{
		name: "function-log-group",
		why:  "The log group that Lambda makes by itself keeps everything for ever, under no key of ours and with no tag",
		page: "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html", stack: ownLogGroup,
	},
	{
		name:    "function-not-public",
		why:     "A permission for everybody lets any account call the function past gateway, firewall and authorizer",
		control: "Lambda.1", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/lambda-controls.html#lambda-1",
		types: []string{permission}, each: want("principal", "a service or an account", func(v property.Value) bool { return isSet(v) && !oneOf("*")(v) }),
	},
	{
		name: "function-permission-source",
		why:  "A service acts for every account; only the ARN of the caller's own resource keeps another customer's API, pool or secret from calling the function (the confused deputy)",
		page: "https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html", types: []string{permission},
		each: func(r item, report reporter) {
			if principal, _ := r.text("principal"); strings.HasSuffix(principal, ".amazonaws.com") {
				want("sourceArn", "the ARN of what may call", func(v property.Value) bool { return isSet(v) && !oneOf("*")(v) })(r, report)
			}
		},
	},
	{
		name: "function-permission-qualifier",
		why:  "The gateway calls the alias; a permission without its name also opens every version that was ever published",
		page: "https://docs.aws.amazon.com/lambda/latest/dg/using-aliases.html", types: []string{permission},
		each: func(r item, report reporter) {
			if principal, _ := r.text("principal"); principal == "apigateway.amazonaws.com" {
				want("qualifier", "the alias that the gateway calls", isSet)(r, report)
			}
		},
	},
	{
		name:    "function-url-authorised",
		why:     "A function URL is a second door, without the firewall and the gateway's limits; if there is one, IAM guards it",
		control: "Lambda.1", page: "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
		types: []string{"aws:lambda/functionUrl:FunctionUrl"}, each: want("authorizationType", `"AWS_IAM"`, oneOf("AWS_IAM")),
	},
	{
		name: "function-timeout-within-edge",
		why:  "A function that runs longer than the gateway waits is paid for an answer that nobody gets, and its client tries again",
		page: "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html", stack: timeoutWithinEdge,
	},
	{
		name: "function-timeout-within-trigger",
		why:  "Cognito waits five seconds for a trigger and then fails the sign-in",
		page: "https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-identity-pools-working-with-aws-lambda-triggers.html", stack: timeoutWithinTrigger,
	},
}

// ownLogGroup demands a log group of the stack's for every function: the one it is told to
// write to, or the one with the name that Lambda would choose.
func ownLogGroup(s *stack, report reporter) {
	groups := s.of(logGroup)
	for _, f := range s.of(lambda) {
		found := false
		for _, group := range groups {
			found = found || f.points("loggingConfig.logGroup", group) || namedForFunction(group, f)
		}
		if !found {
			report(f, "no log group of the stack is in loggingConfig.logGroup, or has the function's name")
		}
	}
}

func namedForFunction(group, f item) bool {
	own, known := group.text("name")
	name, named := f.text("name")
	return !isSet(f.at("loggingConfig.logGroup")) && (!known || !named || own == "/aws/lambda/"+name)
}

// defaultTimeout is Lambda's, in seconds.
const defaultTimeout = 3

// seconds is a function's timeout; known is false as long as it, or the function's ARN, is not.
func seconds(f item) (n float64, known bool) {
	timeout, arn := f.at("timeout"), f.at("arn")
	if timeout.IsComputed() || !arn.IsString() {
		return 0, false
	}
	if timeout.IsNumber() {
		return timeout.AsNumber(), true
	}
	return defaultTimeout, true
}

// calls says that the URI, or ARN, is one of the function, of its versions or of its aliases.
func calls(uri string, f item) bool {
	arn, _ := f.text("arn")
	_, rest, found := strings.Cut(uri, arn)
	return arn != "" && found && (rest == "" || rest[0] == ':' || rest[0] == '/')
}

func timeoutWithinEdge(s *stack, report reporter) {
	for _, f := range s.of(lambda) {
		timeout, known := seconds(f)
		if !known {
			continue
		}
		for _, i := range integrations(s) {
			if calls(i.uri, f) && timeout*1000 > i.millis {
				report(f, "timeout is %v s; the gateway waits %v s (%s)", timeout, i.millis/1000, i.where)
			}
		}
	}
}

func timeoutWithinTrigger(s *stack, report reporter) {
	for _, pool := range s.of(userPool) {
		trigger := firstText(pool.at("lambdaConfig.preTokenGenerationConfig.lambdaArn"), pool.at("lambdaConfig.preTokenGeneration"))
		for _, f := range s.of(lambda) {
			if timeout, known := seconds(f); known && calls(trigger, f) && timeout > 5 {
				report(f, "timeout is %v s; Cognito waits 5 s for it", timeout)
			}
		}
	}
}

// firstText is the first of the values that is a text, or empty.
func firstText(values ...property.Value) string {
	for _, v := range values {
		if v.IsString() && v.AsString() != "" {
			return v.AsString()
		}
	}
	return ""
}
