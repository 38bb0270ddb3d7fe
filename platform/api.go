package platform

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// How long an integration may take, in milliseconds. Longer buffered answers need a quota
// that AWS grants by account, at the expense of throttling.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
const (
	minTimeoutMillis   = 50
	maxBufferedMillis  = 29_000
	maxStreamingMillis = 900_000
	maxHTTPAPIMillis   = 30_000
)

// APIArgs configure an API.
type APIArgs struct {
	// Endpoint, Function and Authorizer are required. Function answers every path but the
	// authorization server's metadata; Authorizer is asked on /mcp.
	Endpoint   *Endpoint
	Function   *Function
	Authorizer *Authorizer
	// Streaming sends answers as the function writes them; the function must then stream
	// each of them. Else they are sent whole.
	Streaming bool
	// TimeoutMillis is when the gateway gives up: 50 to 29,000, streaming 50 to 900,000.
	TimeoutMillis int
	// Scopes are all that any operation may need. The challenge of a 401 names them, because
	// the gateway cannot know the operation (RULES 33). Empty names none.
	Scopes []string
	// AllowedOrigins are the web origins whose pages may read what the gateway answers by
	// itself; the function has its own list. Empty allows none. A gateway response cannot
	// choose by the request, so several become `*`: what it says is public or the holder's
	// of the token, and no credentials are allowed.
	AllowedOrigins []string
	// AuthorizationServerMetadata is a JSON object (RFC 8414) to serve beside the API; nil is
	// not served (RULES 41).
	AuthorizationServerMetadata pulumi.StringPtrInput
	// DenyWithoutChallenge leaves WWW-Authenticate off a 403 of the authorizer, whose body
	// names the missing scopes all the same. It is the way out should API Gateway refuse the
	// authorizer's context as a header, which no document promises (RULES 33).
	DenyWithoutChallenge bool
	// Tracing sends traces to X-Ray.
	Tracing bool

	StageLimits
}

// API is the definition of an Endpoint's API and the stage that serves it.
//
// It needs the account's CloudWatch role, which the bootstrap program sets once for the
// account (RULES 39).
type API struct {
	pulumi.ResourceState

	StageARN  pulumi.StringOutput `pulumi:"stageArn"`
	StageName pulumi.StringOutput `pulumi:"stageName"`
	// Body is the OpenAPI definition, JSON.
	Body pulumi.StringOutput `pulumi:"body"`
}

// NewAPI puts the definition into the endpoint's API, deploys it and makes the stage.
func NewAPI(ctx *pulumi.Context, name string, args *APIArgs, opts ...pulumi.ResourceOption) (*API, error) {
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("api %s: %w", name, err)
	}
	a := new(API)
	if err := ctx.RegisterComponentResource("leasehold:platform:API", name, a, opts...); err != nil {
		return nil, fmt.Errorf("api %s: %w", name, err)
	}
	a.Body = args.body()
	if err := a.build(ctx, name, args); err != nil {
		return nil, fmt.Errorf("api %s: %w", name, err)
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"stageArn": a.StageARN, "stageName": a.StageName, "body": a.Body})
}

func (a *API) build(ctx *pulumi.Context, name string, args *APIArgs) error {
	// Test invocations of the console come from another stage, past authorizer and WAF, and
	// are not permitted. Which paths reach the function is the definition's to say.
	source := pulumi.Sprintf("%s/%s/*", args.Endpoint.ExecutionARN, args.Endpoint.args.StageName)
	if err := permitGateway(ctx, name+"-permission", a, args.Function, source); err != nil {
		return err
	}
	deployment, err := a.deploy(ctx, name, args)
	if err != nil {
		return err
	}
	stage, err := a.stage(ctx, name, args, deployment)
	if err != nil {
		return err
	}
	a.StageARN, a.StageName = stage.Arn, stage.StageName
	if err := a.methodSettings(ctx, name, args); err != nil {
		return err
	}
	if args.Endpoint.domain == nil {
		return nil
	}
	_, err = apigateway.NewBasePathMapping(ctx, name+"-mapping", &apigateway.BasePathMappingArgs{
		DomainName: args.Endpoint.domain.DomainName, RestApi: args.Endpoint.RestAPIID, StageName: stage.StageName,
	}, pulumi.Parent(a))
	if err != nil {
		return fmt.Errorf("base path mapping: %w", err)
	}
	return nil
}

// deploy puts the definition and snapshots it. The put overwrites (there is no other mode):
// whatever RestApi set and the body does not repeat is gone, so the body repeats it. The
// provider never redeploys by itself (pulumi-aws#471), hence the triggers; some changes
// of the RestApi show only then (RULES 35, 40).
func (a *API) deploy(ctx *pulumi.Context, name string, args *APIArgs) (*apigateway.Deployment, error) {
	put, err := apigateway.NewRestApiPut(ctx, name+"-definition", &apigateway.RestApiPutArgs{
		RestApiId: args.Endpoint.RestAPIID, Body: a.Body, FailOnWarnings: pulumi.Bool(true),
	}, pulumi.Parent(a))
	if err != nil {
		return nil, fmt.Errorf("definition: %w", err)
	}
	definition := a.Body.ApplyT(digest).(pulumi.StringOutput)
	deployment, err := apigateway.NewDeployment(ctx, name+"-deployment", &apigateway.DeploymentArgs{
		RestApi: args.Endpoint.RestAPIID,
		Triggers: pulumi.StringMap{
			"definition": definition,
			"endpoint":   pulumi.String(digest(fmt.Sprintf("%q", []string{args.Endpoint.args.Description, args.Endpoint.args.DomainName}))),
		},
	}, pulumi.Parent(a), pulumi.DependsOn([]pulumi.Resource{put}))
	if err != nil {
		return nil, fmt.Errorf("deployment: %w", err)
	}
	return deployment, nil
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func (a *API) stage(ctx *pulumi.Context, name string, args *APIArgs, deployment *apigateway.Deployment) (*apigateway.Stage, error) {
	access, err := args.logGroup(ctx, name+"-access-log", a, nil)
	if err != nil {
		return nil, err
	}
	execution, err := args.executionLog(ctx, name, a)
	if err != nil {
		return nil, err
	}
	stage, err := apigateway.NewStage(ctx, name+"-stage", &apigateway.StageArgs{
		RestApi:            args.Endpoint.RestAPIID,
		Deployment:         deployment.ID(),
		StageName:          pulumi.String(args.Endpoint.args.StageName),
		XrayTracingEnabled: pulumi.Bool(args.Tracing),
		AccessLogSettings: apigateway.StageAccessLogSettingsArgs{
			DestinationArn: access.Arn, Format: accessLogFormat(restAccessLog),
		},
	}, pulumi.Parent(a), pulumi.DependsOn([]pulumi.Resource{execution}))
	if err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	return stage, nil
}

// executionLog makes the group that the gateway would make itself, to be kept for ever and
// under no key of ours.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
func (a *APIArgs) executionLog(ctx *pulumi.Context, name string, parent pulumi.Resource) (*cloudwatch.LogGroup, error) {
	group := pulumi.Sprintf("API-Gateway-Execution-Logs_%s/%s", a.Endpoint.RestAPIID, a.Endpoint.args.StageName)
	return a.logGroup(ctx, name+"-execution-log", parent, group.ToStringPtrOutput())
}

// methodSettings hold for every method. Data traces would write tokens to the log.
func (a *API) methodSettings(ctx *pulumi.Context, name string, args *APIArgs) error {
	_, err := apigateway.NewMethodSettings(ctx, name+"-settings", &apigateway.MethodSettingsArgs{
		RestApi: args.Endpoint.RestAPIID, StageName: a.StageName, MethodPath: pulumi.String("*/*"),
		Settings: apigateway.MethodSettingsSettingsArgs{
			ThrottlingRateLimit: pulumi.Float64(args.ThrottleRate), ThrottlingBurstLimit: pulumi.Int(args.ThrottleBurst),
			MetricsEnabled: pulumi.Bool(true), LoggingLevel: pulumi.String("ERROR"), DataTraceEnabled: pulumi.Bool(false),
		},
	}, pulumi.Parent(a))
	if err != nil {
		return fmt.Errorf("method settings: %w", err)
	}
	return nil
}

// Scopes as RFC 6749 (appendix A.4) has them, and origins as browsers send them. Neither
// may hold the quote that ends a static value of API Gateway.
var (
	scopeToken = regexp.MustCompile(`^[\x21\x23-\x26\x28-\x5B\x5D-\x7E]+$`)
	webOrigin  = regexp.MustCompile(`^https?://[a-z0-9.-]+(:[0-9]{1,5})?$`)
)

func (a *APIArgs) validate() error {
	if a == nil {
		return errors.New("args: required")
	}
	var problems []error
	require := func(field string, missing bool) {
		if missing {
			problems = append(problems, fmt.Errorf("%s: required", field))
		}
	}
	require("Endpoint", a.Endpoint == nil)
	require("Function", a.Function == nil)
	require("Authorizer", a.Authorizer == nil)
	limit := maxBufferedMillis
	if a.Streaming {
		limit = maxStreamingMillis
	}
	if a.TimeoutMillis < minTimeoutMillis || a.TimeoutMillis > limit {
		problems = append(problems, fmt.Errorf("TimeoutMillis: %d is not %d to %d", a.TimeoutMillis, minTimeoutMillis, limit))
	}
	problems = append(problems,
		each("Scopes", a.Scopes, scopeToken, "a scope (RFC 6749) without a single quote"),
		each("AllowedOrigins", a.AllowedOrigins, webOrigin, "an origin such as https://example.com"),
		a.StageLimits.validate())
	return errors.Join(problems...)
}

// each reports the values that are not of the form.
func each(field string, values []string, form *regexp.Regexp, want string) error {
	var problems []error
	for i, value := range values {
		if !form.MatchString(value) {
			problems = append(problems, fmt.Errorf("%s[%d]: %q is not %s", field, i, value, want))
		}
	}
	return errors.Join(problems...)
}
