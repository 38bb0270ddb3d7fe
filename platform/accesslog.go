package platform

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// StageLimits are what both edges allow and remember.
type StageLimits struct {
	// ThrottleRate is requests per second, above 0; ThrottleBurst is how many may come at
	// once, 1 or more. The account's own limits hold beside them.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
	ThrottleRate  float64
	ThrottleBurst int
	// AccessLogRetentionDays is one of the numbers that CloudWatch Logs knows; not 0, which
	// would keep the log for ever.
	AccessLogRetentionDays int
	// LogKMSKeyARN encrypts the logs; nil is CloudWatch's own key.
	LogKMSKeyARN pulumi.StringPtrInput
}

func (l StageLimits) validate() error {
	var problems []error
	if !(l.ThrottleRate > 0) {
		problems = append(problems, fmt.Errorf("ThrottleRate: %v is not above 0", l.ThrottleRate))
	}
	if l.ThrottleBurst < 1 {
		problems = append(problems, fmt.Errorf("ThrottleBurst: %d is not 1 or more", l.ThrottleBurst))
	}
	if !slices.Contains(retentionDays, l.AccessLogRetentionDays) {
		problems = append(problems, fmt.Errorf("AccessLogRetentionDays: %d is none of %v", l.AccessLogRetentionDays, retentionDays))
	}
	return errors.Join(problems...)
}

// apiLogPrefix begins the names of access logs. An HTTP API's are delivered by the account's
// policy for this prefix (see Account), a REST API's by its role for logs.
const apiLogPrefix = "/aws/apigateway/"

// logGroup makes the group of a name that API Gateway writes to by itself, or with an
// empty physical name one that begins with apiLogPrefix.
func (l StageLimits) logGroup(ctx *pulumi.Context, name string, parent pulumi.Resource, physical pulumi.StringPtrInput) (*cloudwatch.LogGroup, error) {
	args := &cloudwatch.LogGroupArgs{
		Name: physical, RetentionInDays: pulumi.Int(l.AccessLogRetentionDays), KmsKeyId: l.LogKMSKeyARN,
	}
	if physical == nil {
		args.NamePrefix = pulumi.String(apiLogPrefix + name + "-")
	}
	group, err := cloudwatch.NewLogGroup(ctx, name, args, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("log group %s: %w", name, err)
	}
	return group, nil
}

// What stands in a line of the access log. There is no header in it, hence no token and no
// session id (RULES 25), and the route instead of the path as it was sent. API Gateway
// does not escape what it fills in; everything here is its own or the verified tenant.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
var restAccessLog = map[string]string{
	"requestId":          "$context.requestId",
	"time":               "$context.requestTime",
	"method":             "$context.httpMethod",
	"path":               "$context.resourcePath",
	"status":             "$context.status",
	"tenant":             "$context.authorizer.tenant",
	"latency":            "$context.responseLatency",
	"integrationLatency": "$context.integration.latency",
	"integrationStatus":  "$context.integration.status",
	"authorizerLatency":  "$context.authorizer.latency",
	"authorizerStatus":   "$context.authorizer.status",
	"wafStatus":          "$context.waf.status",
	"error":              "$context.error.message",
	"errorType":          "$context.error.responseType",
}

// An HTTP API has neither authorizer nor WAF here, and so no tenant: the function logs it.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
var httpAccessLog = map[string]string{
	"requestId":          "$context.requestId",
	"time":               "$context.requestTime",
	"method":             "$context.httpMethod",
	"path":               "$context.routeKey",
	"status":             "$context.status",
	"latency":            "$context.responseLatency",
	"integrationLatency": "$context.integration.latency",
	"integrationStatus":  "$context.integration.status",
	"error":              "$context.error.message",
	"errorType":          "$context.error.responseType",
}

// accessLogFormat is one line of JSON, its keys in order.
func accessLogFormat(fields map[string]string) pulumi.StringInput {
	line, err := json.Marshal(fields)
	if err != nil {
		panic(err) // text always encodes
	}
	return pulumi.String(line)
}
