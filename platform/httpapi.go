package platform

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ChallengeHeader is where the function puts its WWW-Authenticate behind an HTTP API, which
// puts it back in place: the header itself would be renamed on the way (RULES 46). It is
// the value of LEASEHOLD_CHALLENGE_HEADER at that edge.
const ChallengeHeader = "x-leasehold-challenge"

// HTTPAPIArgs configure an HTTPAPI.
type HTTPAPIArgs struct {
	// Endpoint and Function are required. The function runs cmd/server behind the Lambda Web
	// Adapter (see WebAdapter) and checks every token by itself: there is no authorizer.
	Endpoint *HTTPEndpoint
	Function *Function
	// TimeoutMillis is when the gateway gives up: 50 to 30,000.
	TimeoutMillis int

	StageLimits
}

// HTTPAPI is what an HTTPEndpoint serves: routes to the function, on one stage that deploys
// itself.
type HTTPAPI struct {
	pulumi.ResourceState

	StageName pulumi.StringOutput `pulumi:"stageName"`
}

// httpRoutes are the routes by what their child is called. ANY includes OPTIONS; a path or
// method that is not here is the gateway's 404.
var httpRoutes = map[string]string{
	"mcp-route":                    "ANY " + mcpPath,
	"metadata-route":               "GET " + metadataPath,
	"metadata-preflight-route":     "OPTIONS " + metadataPath,
	"mcp-metadata-route":           "GET " + mcpMetadataPath,
	"mcp-metadata-preflight-route": "OPTIONS " + mcpMetadataPath,
	"health-route":                 "GET " + healthPath,
}

// NewHTTPAPI gives the endpoint its routes and its stage.
func NewHTTPAPI(ctx *pulumi.Context, name string, args *HTTPAPIArgs, opts ...pulumi.ResourceOption) (*HTTPAPI, error) {
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("http api %s: %w", name, err)
	}
	a := new(HTTPAPI)
	if err := ctx.RegisterComponentResource("leasehold:platform:HTTPAPI", name, a, opts...); err != nil {
		return nil, fmt.Errorf("http api %s: %w", name, err)
	}
	if err := a.build(ctx, name, args); err != nil {
		return nil, fmt.Errorf("http api %s: %w", name, err)
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"stageName": a.StageName})
}

func (a *HTTPAPI) build(ctx *pulumi.Context, name string, args *HTTPAPIArgs) error {
	// Any stage and route of this API, which has one stage and the routes below.
	if err := permitGateway(ctx, name+"-permission", a, args.Function, pulumi.Sprintf("%s/*/*", args.Endpoint.ExecutionARN)); err != nil {
		return err
	}
	if err := a.routes(ctx, name, args); err != nil {
		return err
	}
	stage, err := a.stage(ctx, name, args)
	if err != nil || args.Endpoint.domain == nil {
		return err
	}
	_, err = apigatewayv2.NewApiMapping(ctx, name+"-mapping", &apigatewayv2.ApiMappingArgs{
		ApiId: args.Endpoint.APIID, DomainName: args.Endpoint.domain.DomainName, Stage: stage.Name,
	}, pulumi.Parent(a))
	if err != nil {
		return fmt.Errorf("mapping: %w", err)
	}
	return nil
}

func (a *HTTPAPI) routes(ctx *pulumi.Context, name string, args *HTTPAPIArgs) error {
	integration, err := apigatewayv2.NewIntegration(ctx, name+"-integration", &apigatewayv2.IntegrationArgs{
		ApiId: args.Endpoint.APIID, IntegrationType: pulumi.String("AWS_PROXY"), IntegrationUri: args.Function.InvokeARN,
		PayloadFormatVersion: pulumi.String("2.0"), TimeoutMilliseconds: pulumi.Int(args.TimeoutMillis),
		ResponseParameters: apigatewayv2.IntegrationResponseParameterArray{restoreChallenge("401"), restoreChallenge("403")},
	}, pulumi.Parent(a))
	if err != nil {
		return fmt.Errorf("integration: %w", err)
	}
	for child, key := range httpRoutes {
		_, err := apigatewayv2.NewRoute(ctx, name+"-"+child, &apigatewayv2.RouteArgs{
			ApiId: args.Endpoint.APIID, RouteKey: pulumi.String(key), Target: pulumi.Sprintf("integrations/%s", integration.ID()),
		}, pulumi.Parent(a))
		if err != nil {
			return fmt.Errorf("route %s: %w", key, err)
		}
	}
	return nil
}

// restoreChallenge moves the challenge to its own name. WWW-Authenticate is not among the
// headers that may not be mapped:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
func restoreChallenge(status string) apigatewayv2.IntegrationResponseParameterArgs {
	return apigatewayv2.IntegrationResponseParameterArgs{
		StatusCode: pulumi.String(status),
		Mappings: pulumi.StringMap{
			"overwrite:header.WWW-Authenticate": pulumi.String("$response.header." + ChallengeHeader),
			"remove:header." + ChallengeHeader:  pulumi.String("''"),
		},
	}
}

func (a *HTTPAPI) stage(ctx *pulumi.Context, name string, args *HTTPAPIArgs) (*apigatewayv2.Stage, error) {
	access, err := args.logGroup(ctx, name+"-access-log", a, nil)
	if err != nil {
		return nil, err
	}
	stage, err := apigatewayv2.NewStage(ctx, name+"-stage", &apigatewayv2.StageArgs{
		ApiId: args.Endpoint.APIID, Name: pulumi.String("$default"), AutoDeploy: pulumi.Bool(true),
		AccessLogSettings: apigatewayv2.StageAccessLogSettingsArgs{
			DestinationArn: access.Arn, Format: accessLogFormat(httpAccessLog),
		},
		DefaultRouteSettings: apigatewayv2.StageDefaultRouteSettingsArgs{
			ThrottlingRateLimit: pulumi.Float64(args.ThrottleRate), ThrottlingBurstLimit: pulumi.Int(args.ThrottleBurst),
			DetailedMetricsEnabled: pulumi.Bool(true),
		},
	}, pulumi.Parent(a))
	if err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	a.StageName = stage.Name
	return stage, nil
}

func (a *HTTPAPIArgs) validate() error {
	if a == nil {
		return errors.New("args: required")
	}
	var problems []error
	if a.Endpoint == nil {
		problems = append(problems, errors.New("Endpoint: required"))
	}
	if a.Function == nil {
		problems = append(problems, errors.New("Function: required"))
	}
	if a.TimeoutMillis < minTimeoutMillis || a.TimeoutMillis > maxHTTPAPIMillis {
		problems = append(problems, fmt.Errorf("TimeoutMillis: %d is not %d to %d", a.TimeoutMillis, minTimeoutMillis, maxHTTPAPIMillis))
	}
	return errors.Join(append(problems, a.StageLimits.validate())...)
}
