package platform

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// securityPolicy is the least that a custom domain accepts.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-custom-domain-tls-version.html
const securityPolicy = "TLS_1_2"

// The paths that both edges serve. They are those of apps/mcp, which this module cannot
// import; a test of the stack asks the server for them.
const (
	mcpPath            = "/mcp"
	metadataPath       = "/.well-known/oauth-protected-resource"
	mcpMetadataPath    = metadataPath + mcpPath
	healthPath         = "/healthz"
	serverMetadataPath = "/.well-known/oauth-authorization-server"
	openIDPath         = "/.well-known/openid-configuration"
)

// publicName is the custom domain of an edge; its zero value is none.
type publicName struct{ domain, zone, certificate string }

var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)

func (p publicName) validate() error {
	switch {
	case p.domain == "" && (p.zone != "" || p.certificate != ""):
		return errors.New("DomainName: required when HostedZoneID or CertificateARN is set")
	case p.domain == "":
		return nil
	case !domainName.MatchString(p.domain):
		return fmt.Errorf("DomainName: %q is no full domain name in lower case, without a dot at its end", p.domain)
	case p.zone == "" && p.certificate == "":
		return errors.New("CertificateARN: required when there is no HostedZoneID to validate a new certificate in")
	}
	return nil
}

// certificateARN is the certificate named, or a new one once its DNS validation is through:
// a domain cannot be made with a certificate that is pending.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
func (p publicName) certificateARN(ctx *pulumi.Context, name string, parent pulumi.Resource) (pulumi.StringInput, error) {
	if p.certificate != "" {
		return pulumi.String(p.certificate), nil
	}
	child := pulumi.Parent(parent)
	certificate, err := acm.NewCertificate(ctx, name+"-certificate", &acm.CertificateArgs{
		DomainName:       pulumi.String(p.domain),
		ValidationMethod: pulumi.String("DNS"),
	}, child)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	proof := certificate.DomainValidationOptions.Index(pulumi.Int(0))
	record, err := route53.NewRecord(ctx, name+"-certificate-record", &route53.RecordArgs{
		ZoneId:  pulumi.String(p.zone),
		Name:    proof.ResourceRecordName().Elem(),
		Type:    proof.ResourceRecordType().Elem(),
		Records: pulumi.StringArray{proof.ResourceRecordValue().Elem()},
		Ttl:     pulumi.Int(300),
	}, child)
	if err != nil {
		return nil, fmt.Errorf("record of the certificate: %w", err)
	}
	validation, err := acm.NewCertificateValidation(ctx, name+"-certificate-validation", &acm.CertificateValidationArgs{
		CertificateArn:        certificate.Arn,
		ValidationRecordFqdns: pulumi.StringArray{record.Fqdn},
	}, child)
	if err != nil {
		return nil, fmt.Errorf("validation of the certificate: %w", err)
	}
	return validation.CertificateArn, nil
}

// aliases point the name at the regional domain of API Gateway, by IPv4 and IPv6. Without
// a hosted zone that is left to who owns the name's DNS.
func (p publicName) aliases(ctx *pulumi.Context, name string, parent pulumi.Resource, target, targetZone pulumi.StringInput) error {
	if p.zone == "" {
		return nil
	}
	for suffix, kind := range map[string]string{"-a": "A", "-aaaa": "AAAA"} {
		_, err := route53.NewRecord(ctx, name+suffix, &route53.RecordArgs{
			ZoneId: pulumi.String(p.zone),
			Name:   pulumi.String(p.domain),
			Type:   pulumi.String(kind),
			Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
				Name: target, ZoneId: targetZone, EvaluateTargetHealth: pulumi.Bool(false),
			}},
		}, pulumi.Parent(parent))
		if err != nil {
			return fmt.Errorf("%s record: %w", kind, err)
		}
	}
	return nil
}
