package platform

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// HTTPEndpointArgs configure an HTTPEndpoint. The fields are those of EndpointArgs; there
// is no stage in the URL of an HTTP API.
type HTTPEndpointArgs struct {
	Description    string
	DomainName     string
	HostedZoneID   string
	CertificateARN string
}

// HTTPEndpoint is where an HTTP API answers: the API without routes, and its domain. WAF
// cannot be attached to an HTTP API, and it cannot stream.
type HTTPEndpoint struct {
	pulumi.ResourceState

	APIID        pulumi.StringOutput `pulumi:"apiId"`
	ExecutionARN pulumi.StringOutput `pulumi:"executionArn"`
	// URL, MCPURL and MetadataURL are as in Endpoint, without a stage.
	URL         pulumi.StringOutput `pulumi:"url"`
	MCPURL      pulumi.StringOutput `pulumi:"mcpUrl"`
	MetadataURL pulumi.StringOutput `pulumi:"metadataUrl"`

	domain *apigatewayv2.DomainName // nil without a custom domain
}

// NewHTTPEndpoint makes the HTTP API and, when a domain is named, its domain, certificate
// and DNS records.
func NewHTTPEndpoint(ctx *pulumi.Context, name string, args *HTTPEndpointArgs, opts ...pulumi.ResourceOption) (*HTTPEndpoint, error) {
	if args == nil {
		return nil, fmt.Errorf("http endpoint %s: %w", name, errors.New("args: required"))
	}
	public := publicName{domain: args.DomainName, zone: args.HostedZoneID, certificate: args.CertificateARN}
	if err := public.validate(); err != nil {
		return nil, fmt.Errorf("http endpoint %s: %w", name, err)
	}
	e := new(HTTPEndpoint)
	if err := ctx.RegisterComponentResource("leasehold:platform:HTTPEndpoint", name, e, opts...); err != nil {
		return nil, fmt.Errorf("http endpoint %s: %w", name, err)
	}
	// No CORS of the gateway's: it would answer OPTIONS in the function's place, and 204 to
	// any origin.
	api, err := apigatewayv2.NewApi(ctx, name+"-api", &apigatewayv2.ApiArgs{
		ProtocolType: pulumi.String("HTTP"), Description: pulumi.String(args.Description),
		DisableExecuteApiEndpoint: pulumi.Bool(public.domain != ""),
	}, pulumi.Parent(e))
	if err != nil {
		return nil, fmt.Errorf("http endpoint %s: %w", name, err)
	}
	e.APIID, e.ExecutionARN, e.URL = api.ID().ToStringOutput(), api.ExecutionArn, api.ApiEndpoint
	if public.domain != "" {
		if err := e.named(ctx, name, public); err != nil {
			return nil, fmt.Errorf("http endpoint %s: %w", name, err)
		}
	}
	e.MCPURL = pulumi.Sprintf("%s%s", e.URL, mcpPath)
	e.MetadataURL = pulumi.Sprintf("%s%s", e.URL, mcpMetadataPath)
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{
		"apiId": e.APIID, "executionArn": e.ExecutionARN, "url": e.URL, "mcpUrl": e.MCPURL, "metadataUrl": e.MetadataURL,
	})
}

// named makes the custom domain and takes its name for the URL.
func (e *HTTPEndpoint) named(ctx *pulumi.Context, name string, public publicName) error {
	certificate, err := public.certificateARN(ctx, name, e)
	if err != nil {
		return err
	}
	e.domain, err = apigatewayv2.NewDomainName(ctx, name+"-domain", &apigatewayv2.DomainNameArgs{
		DomainName: pulumi.String(public.domain),
		DomainNameConfiguration: apigatewayv2.DomainNameDomainNameConfigurationArgs{
			CertificateArn: certificate, EndpointType: pulumi.String("REGIONAL"),
			SecurityPolicy: pulumi.String(securityPolicy), IpAddressType: pulumi.String("dualstack"),
		},
	}, pulumi.Parent(e))
	if err != nil {
		return fmt.Errorf("domain: %w", err)
	}
	e.URL = pulumi.Sprintf("https://%s", e.domain.DomainName)
	target := e.domain.DomainNameConfiguration
	return public.aliases(ctx, name, e, target.TargetDomainName().Elem(), target.HostedZoneId().Elem())
}
