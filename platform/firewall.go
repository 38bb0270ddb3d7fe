package platform

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FirewallArgs configure a Firewall.
type FirewallArgs struct {
	// Name is the web ACL's physical name: letters, digits, `-` and `_`. Required unless
	// WebACLARN is set, and fixed, so that the ACL is updated and never replaced (RULES 38).
	Name string
	// StageARN is the stage of the REST API to protect. Required.
	StageARN pulumi.StringInput
	// WebACLARN is a regional web ACL that exists. Set, it is associated and nothing else is
	// made here: its rules and logging are its owner's.
	WebACLARN string
	// RatePerIP and RatePerToken are how many requests in five minutes one address and one
	// Authorization header may make, 10 to 2,000,000,000.
	RatePerIP, RatePerToken int
	// LogRetentionDays is how long the log is kept; one of the values CloudWatch Logs knows.
	LogRetentionDays int
	// LogKMSKeyARN encrypts the log; nil is CloudWatch's own key.
	LogKMSKeyARN pulumi.StringPtrInput
}

// Firewall is a regional web ACL in front of a REST API's stage.
type Firewall struct {
	pulumi.ResourceState

	WebACLARN pulumi.StringOutput
}

// NewFirewall makes the web ACL, or takes the one named, and associates it with the stage.
func NewFirewall(ctx *pulumi.Context, name string, args *FirewallArgs, opts ...pulumi.ResourceOption) (*Firewall, error) {
	if err := args.validate(name); err != nil {
		return nil, err
	}
	c := &Firewall{}
	if err := ctx.RegisterComponentResource("leasehold:platform:Firewall", name, c, opts...); err != nil {
		return nil, err
	}
	// After the registration, which gives the field an output of its own.
	c.WebACLARN = pulumi.String(args.WebACLARN).ToStringOutput()
	if args.WebACLARN == "" {
		acl, err := args.webACL(ctx, name, pulumi.Parent(c))
		if err != nil {
			return nil, fmt.Errorf("firewall %q: %w", name, err)
		}
		c.WebACLARN = acl.Arn
	}
	// A stage has one web ACL. Were the new association made before the old one is deleted,
	// deleting it would take the new one away without a word (pulumi-aws#4782, RULES 38).
	_, err := wafv2.NewWebAclAssociation(ctx, name+"-association", &wafv2.WebAclAssociationArgs{
		ResourceArn: args.StageARN, WebAclArn: c.WebACLARN,
	}, pulumi.Parent(c), pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return nil, fmt.Errorf("firewall %q: %w", name, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"webAclArn": c.WebACLARN})
}

var (
	webACLName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)
	webACLARN  = regexp.MustCompile(`^arn:[^:]+:wafv2:[^:]+:[0-9]{12}:regional/webacl/[^/]+/[^/]+$`)
)

func (a *FirewallArgs) validate(name string) error {
	c := newChecks("Firewall", name)
	c.want(a.StageARN != nil, "StageARN", "must be set")
	if a.WebACLARN != "" {
		c.want(webACLARN.MatchString(a.WebACLARN), "WebACLARN", "must be the ARN of a regional web ACL, not %q", a.WebACLARN)
		return c.err()
	}
	c.want(webACLName.MatchString(a.Name), "Name", "must be 1 to 100 letters, digits, - and _, not %q", a.Name)
	c.between("RatePerIP", a.RatePerIP, leastRate, mostRate)
	c.between("RatePerToken", a.RatePerToken, leastRate, mostRate)
	c.retention("LogRetentionDays", a.LogRetentionDays)
	return c.err()
}

// webACL makes the web ACL and its log.
func (a *FirewallArgs) webACL(ctx *pulumi.Context, name string, parent pulumi.ResourceOption) (*wafv2.WebAcl, error) {
	acl, err := wafv2.NewWebAcl(ctx, name+"-acl", &wafv2.WebAclArgs{
		Name:             pulumi.String(a.Name),
		Description:      pulumi.String("Leasehold: AWS managed groups and rate limits in front of the MCP endpoint"),
		Scope:            pulumi.String("REGIONAL"),
		DefaultAction:    &wafv2.WebAclDefaultActionArgs{Allow: &wafv2.WebAclDefaultActionAllowArgs{}},
		Rules:            a.rules(),
		VisibilityConfig: visibility(a.Name),
		// As much of a body as WAF can look at. It still cannot hold the 4 MiB limit, which is
		// the function's, and padding evades its body rules (RULES 38).
		AssociationConfig: &wafv2.WebAclAssociationConfigArgs{RequestBodies: wafv2.WebAclAssociationConfigRequestBodyArray{
			&wafv2.WebAclAssociationConfigRequestBodyArgs{ApiGateways: wafv2.WebAclAssociationConfigRequestBodyApiGatewayArray{
				&wafv2.WebAclAssociationConfigRequestBodyApiGatewayArgs{DefaultSizeInspectionLimit: pulumi.String("KB_64")},
			}},
		}},
		DataProtectionConfig: dataProtection(),
	}, parent)
	if err != nil {
		return nil, err
	}
	return acl, a.logging(ctx, name, acl, parent)
}

// secretHeaders are never written down. WAF knows them in lower case only (RULES 38).
var secretHeaders = []string{"authorization", "mcp-session-id"}

// dataProtection keeps secretHeaders from what the log's redaction leaves: the details of
// rate rules, which have the first 32 characters of a key, and of matches.
// https://docs.aws.amazon.com/waf/latest/developerguide/data-protection-exceptions.html
func dataProtection() *wafv2.WebAclDataProtectionConfigArgs {
	return &wafv2.WebAclDataProtectionConfigArgs{DataProtections: wafv2.WebAclDataProtectionConfigDataProtectionArray{
		&wafv2.WebAclDataProtectionConfigDataProtectionArgs{
			Action: pulumi.String("SUBSTITUTION"),
			Field: &wafv2.WebAclDataProtectionConfigDataProtectionFieldArgs{
				FieldType: pulumi.String("SINGLE_HEADER"), FieldKeys: pulumi.ToStringArray(secretHeaders),
			},
		},
	}}
}

// logging writes what WAF decides to a log group whose name WAF demands. The resource
// policy that lets WAF write there is the account's, see Account (RULES 39).
// https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
func (a *FirewallArgs) logging(ctx *pulumi.Context, name string, acl *wafv2.WebAcl, parent pulumi.ResourceOption) error {
	group, err := cloudwatch.NewLogGroup(ctx, name+"-log", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(wafLogPrefix + a.Name),
		RetentionInDays: pulumi.Int(a.LogRetentionDays),
		KmsKeyId:        a.LogKMSKeyARN,
	}, parent)
	if err != nil {
		return err
	}
	var redacted wafv2.WebAclLoggingConfigurationRedactedFieldArray
	for _, header := range secretHeaders {
		redacted = append(redacted, &wafv2.WebAclLoggingConfigurationRedactedFieldArgs{
			SingleHeader: &wafv2.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs{Name: pulumi.String(header)},
		})
	}
	_, err = wafv2.NewWebAclLoggingConfiguration(ctx, name+"-logging", &wafv2.WebAclLoggingConfigurationArgs{
		ResourceArn: acl.Arn, LogDestinationConfigs: pulumi.StringArray{group.Arn}, RedactedFields: redacted,
	}, parent)
	return err
}
