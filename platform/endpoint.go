package platform

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EndpointArgs configure an Endpoint.
type EndpointArgs struct {
	// Description is shown in the console; empty says nothing.
	Description string
	// StageName is part of the URL unless there is a domain: letters, digits, `-` and `_`.
	// Required.
	StageName string
	// DomainName is the custom domain, served at its root. Empty is the execute-api host,
	// which is switched off when there is one.
	DomainName string
	// HostedZoneID is the Route 53 zone that gets the domain's records. Empty leaves them to
	// the zone's owner; then CertificateARN is required.
	HostedZoneID string
	// CertificateARN is a certificate of the same region. Empty makes one, validated in the
	// hosted zone.
	CertificateARN string
}

// Endpoint is where a REST API answers: the API without its definition, and its domain.
// API puts the definition (RULES 35), which could not name the URL otherwise.
type Endpoint struct {
	pulumi.ResourceState

	RestAPIID pulumi.StringOutput `pulumi:"restApiId"`
	// Name is the API's, under which CloudWatch has its metrics.
	Name         pulumi.StringOutput `pulumi:"name"`
	ExecutionARN pulumi.StringOutput `pulumi:"executionArn"`
	// URL has no slash at its end: https://DOMAIN, or https://ID.execute-api.REGION.SUFFIX/STAGE.
	URL pulumi.StringOutput `pulumi:"url"`
	// MCPURL is the resource that tokens are for; MetadataURL is its metadata (RFC 9728),
	// which on an execute-api host cannot stand where the RFC puts it and is advertised.
	MCPURL      pulumi.StringOutput `pulumi:"mcpUrl"`
	MetadataURL pulumi.StringOutput `pulumi:"metadataUrl"`

	args   EndpointArgs
	domain *apigateway.DomainName // nil without a custom domain
}

// NewEndpoint makes the REST API and, when a domain is named, its domain, certificate and
// DNS records.
func NewEndpoint(ctx *pulumi.Context, name string, args *EndpointArgs, opts ...pulumi.ResourceOption) (*Endpoint, error) {
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("endpoint %s: %w", name, err)
	}
	e := &Endpoint{args: *args}
	if err := ctx.RegisterComponentResource("leasehold:platform:Endpoint", name, e, opts...); err != nil {
		return nil, fmt.Errorf("endpoint %s: %w", name, err)
	}
	api, err := apigateway.NewRestApi(ctx, name+"-api", &apigateway.RestApiArgs{
		Description:               pulumi.String(args.Description),
		DisableExecuteApiEndpoint: pulumi.Bool(args.DomainName != ""),
		// Regional: no CloudFront of AWS's own in front, whose idle limit is 30 s.
		EndpointConfiguration: apigateway.RestApiEndpointConfigurationArgs{Types: pulumi.String("REGIONAL")},
	}, pulumi.Parent(e))
	if err != nil {
		return nil, fmt.Errorf("endpoint %s: %w", name, err)
	}
	e.RestAPIID, e.ExecutionARN, e.Name = api.ID().ToStringOutput(), api.ExecutionArn, api.Name
	if e.URL, err = e.address(ctx, name); err != nil {
		return nil, fmt.Errorf("endpoint %s: %w", name, err)
	}
	e.MCPURL = pulumi.Sprintf("%s%s", e.URL, mcpPath)
	e.MetadataURL = pulumi.Sprintf("%s%s", e.URL, mcpMetadataPath)
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{
		"restApiId": e.RestAPIID, "executionArn": e.ExecutionARN,
		"url": e.URL, "mcpUrl": e.MCPURL, "metadataUrl": e.MetadataURL,
	})
}

var stageName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

func (a *EndpointArgs) validate() error {
	if a == nil {
		return errors.New("args: required")
	}
	var stage error
	if !stageName.MatchString(a.StageName) {
		stage = fmt.Errorf("StageName: %q is not 1 to 128 letters, digits, - or _", a.StageName)
	}
	return errors.Join(stage, a.public().validate())
}

func (a *EndpointArgs) public() publicName {
	return publicName{domain: a.DomainName, zone: a.HostedZoneID, certificate: a.CertificateARN}
}

// address makes the custom domain, if any, and returns the endpoint's URL.
func (e *Endpoint) address(ctx *pulumi.Context, name string) (pulumi.StringOutput, error) {
	if e.args.DomainName == "" {
		return e.ExecutionARN.ApplyT(func(arn string) (string, error) {
			host, err := executeAPIHost(arn)
			return "https://" + host + "/" + e.args.StageName, err
		}).(pulumi.StringOutput), nil
	}
	none := pulumi.StringOutput{}
	public := e.args.public()
	certificate, err := public.certificateARN(ctx, name, e)
	if err != nil {
		return none, err
	}
	e.domain, err = apigateway.NewDomainName(ctx, name+"-domain", &apigateway.DomainNameArgs{
		DomainName:             pulumi.String(public.domain),
		RegionalCertificateArn: certificate.ToStringOutput(),
		SecurityPolicy:         pulumi.String(securityPolicy),
		EndpointConfiguration: apigateway.DomainNameEndpointConfigurationArgs{
			Types: pulumi.String("REGIONAL"), IpAddressType: pulumi.String("dualstack"),
		},
	}, pulumi.Parent(e))
	if err != nil {
		return none, fmt.Errorf("domain: %w", err)
	}
	err = public.aliases(ctx, name, e, e.domain.RegionalDomainName, e.domain.RegionalZoneId)
	return pulumi.Sprintf("https://%s", e.domain.DomainName), err
}

// executeAPIHost is the host that AWS gives to the API of an execution ARN,
// arn:PARTITION:execute-api:REGION:ACCOUNT:ID, so that no program asks AWS where it runs.
// https://docs.aws.amazon.com/general/latest/gr/apigateway.html
func executeAPIHost(arn string) (string, error) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[2] != "execute-api" {
		return "", fmt.Errorf("%q is no execution ARN of an API", arn)
	}
	suffix, ok := map[string]string{
		"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn",
	}[parts[1]]
	if !ok {
		return "", fmt.Errorf("the host names of partition %q are not known here; set DomainName", parts[1])
	}
	return fmt.Sprintf("%s.execute-api.%s.%s", parts[5], parts[3], suffix), nil
}
