package platform

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// maxAuthorizerCache is API Gateway's own limit, in seconds.
// https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html
const maxAuthorizerCache = 3600

// AuthorizerArgs configure an Authorizer.
type AuthorizerArgs struct {
	// Endpoint is the API that may call the function. Required.
	Endpoint *Endpoint
	// Function is apps/authorizer. Required.
	Function *Function
	// CacheSeconds is how long API Gateway remembers an answer for an Authorization header,
	// up to 3600. 0 is not at all, and right unless load says otherwise: a remembered
	// allow outlives its token (RULES 33).
	CacheSeconds int
}

// Authorizer lets an API ask a function who calls. It exists in the API's definition (see
// API), because an import drops authorizers made beside it (RULES 35).
//
// Of a denial the gateway shows what the function puts in its context: `challenge` as
// WWW-Authenticate, `code`, `description` and `scope` in the body. `tenant` is logged.
type Authorizer struct {
	pulumi.ResourceState

	// InvokeARN is the URI of the function's alias.
	InvokeARN pulumi.StringOutput `pulumi:"invokeArn"`

	cacheSeconds int
}

// NewAuthorizer permits the API to call the function's alias as an authorizer.
func NewAuthorizer(ctx *pulumi.Context, name string, args *AuthorizerArgs, opts ...pulumi.ResourceOption) (*Authorizer, error) {
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("authorizer %s: %w", name, err)
	}
	a := &Authorizer{cacheSeconds: args.CacheSeconds}
	if err := ctx.RegisterComponentResource("leasehold:platform:Authorizer", name, a, opts...); err != nil {
		return nil, fmt.Errorf("authorizer %s: %w", name, err)
	}
	a.InvokeARN = args.Function.InvokeARN
	// The import gives the authorizer an id that nothing here can know, hence the *: any
	// authorizer of this one API.
	err := permitGateway(ctx, name+"-permission", a, args.Function, pulumi.Sprintf("%s/authorizers/*", args.Endpoint.ExecutionARN))
	if err != nil {
		return nil, fmt.Errorf("authorizer %s: %w", name, err)
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"invokeArn": a.InvokeARN})
}

func (a *AuthorizerArgs) validate() error {
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
	if a.CacheSeconds < 0 || a.CacheSeconds > maxAuthorizerCache {
		problems = append(problems, fmt.Errorf("CacheSeconds: %d is not 0 to %d", a.CacheSeconds, maxAuthorizerCache))
	}
	return errors.Join(problems...)
}

// permitGateway lets API Gateway invoke the alias, and nothing but the alias, on behalf of
// source. The one action covers streaming, too (RULES 37):
// https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
func permitGateway(ctx *pulumi.Context, name string, parent pulumi.Resource, f *Function, source pulumi.StringInput) error {
	_, err := lambda.NewPermission(ctx, name, &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  f.Name,
		Qualifier: f.AliasName.ToStringPtrOutput(),
		Principal: pulumi.String("apigateway.amazonaws.com"),
		SourceArn: source.ToStringOutput().ToStringPtrOutput(),
	}, pulumi.Parent(parent))
	if err != nil {
		return fmt.Errorf("permission %s: %w", name, err)
	}
	return nil
}
